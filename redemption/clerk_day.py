"""What was redeemed by hand on one day: a person's, or, for who supervises, anybody's."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum
from django.utils.translation import gettext_lazy as _

from coupons.admin.shown import who
from coupons.caller import staff_actor
from coupons.errors import NotFound
from coupons.models import Membership, User
from coupons.pricing.money import format_amount
from coupons.sheets.columns import Column, Holds
from coupons.sheets.writing import write_workbook
from redemption.desk import Clerk, may_supervise
from redemption.models import Method, Redemption
from redemption.models.ledger import RedemptionQuerySet

#: Rows that a page shows; a workbook has all.
SHOWN = 300
_PIECE = 500
Status = Redemption.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A day in one currency, money in minor units; what was undone counts nowhere but there."""

    currency: str
    count: int = 0
    undone: int = 0
    order_value: int = 0
    discount: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of a merchant's desk; `of` is nobody where it is everybody's."""

    day: date
    of: User | None
    totals: list[Total] = field(default_factory=list)
    rows: list[Redemption] = field(default_factory=list)
    is_cut: bool = False


def day_of(*, clerk: Clerk, on: date | None, person: int | None, at: datetime) -> Day:
    """Return a day in the merchant's zone, today without a date; the newest use first.

    `person` is a user's id, 0 everybody, None oneself. Raises `NotFound` for who is not on
    the team, and for anybody else's day unless the person supervises.
    """
    of = _person(clerk=clerk, person=person)
    day = on or at.astimezone(ZoneInfo(clerk.merchant.time_zone)).date()
    rows = _rows(clerk=clerk, day=day, of=of)
    found = list(_told(rows)[: SHOWN + 1])
    return Day(day=day, of=of, totals=_totals(rows), rows=found[:SHOWN], is_cut=len(found) > SHOWN)


def team(*, clerk: Clerk) -> list[tuple[int, str]]:
    """Return whose days the person may look at beside their own: (user's id, name)."""
    if not may_supervise(clerk=clerk):
        return []
    rows = Membership.objects.of(clerk.merchant).select_related("user").order_by("user__username")
    return [(row.user_id, row.user.get_username()) for row in rows]


def _column(name: str, heading: Any, holds: Holds) -> Column:
    return Column(name=name, heading=heading, about="", holds=holds)


#: Of the workbook, which is read by people alone.
COLUMNS = (
    _column("when", _("When"), Holds.MOMENT),
    _column("clerk", _("Clerk"), Holds.TEXT),
    _column("order", _("Order"), Holds.CODE),
    _column("coupon", _("Coupon"), Holds.TEXT),
    _column("code", _("Code"), Holds.CODE),
    _column("status", _("Status"), Holds.TEXT),
    _column("currency", _("Currency"), Holds.TEXT),
    _column("order_value", _("Order value"), Holds.AMOUNT),
    _column("discount", _("Discount"), Holds.AMOUNT),
)


def write_sheet(*, clerk: Clerk, day: Day, file: BinaryIO) -> None:
    """Write a day as a workbook, the earliest first; what was undone stands in it as such."""
    rows = _told(_rows(clerk=clerk, day=day.day, of=day.of)).order_by("created_at", "id")
    zone = ZoneInfo(clerk.merchant.time_zone)
    write_workbook(
        file=file, columns=COLUMNS, rows=(cell for row in _each(rows) for cell in row), zone=zone
    )


def _each(rows: RedemptionQuerySet) -> Iterator[list[list[object]]]:
    for row in rows.iterator(chunk_size=_PIECE):
        yield [
            [
                row.created_at,
                who(row.actor),
                row.order_ref,
                use.coupon.name,
                use.code.text,
                str(Status(row.status).label),
                row.currency,
                format_amount(row.subtotal_minor, row.currency),
                format_amount(use.discount_minor + use.shipping_discount_minor, row.currency),
            ]
            for use in row.uses.all()
        ]


def _person(*, clerk: Clerk, person: int | None) -> User | None:
    if person is None or person == clerk.user.pk:
        return clerk.user
    if not may_supervise(clerk=clerk):
        raise NotFound("There is no such staff member.")
    if person == 0:
        return None
    found = Membership.objects.of(clerk.merchant).select_related("user").filter(user=person)
    row = found.first()
    if row is None:
        raise NotFound("There is no such staff member.")
    user: User = row.user
    return user


def _rows(*, clerk: Clerk, day: date, of: User | None) -> RedemptionQuerySet:
    zone = ZoneInfo(clerk.merchant.time_zone)
    begins = datetime.combine(day, time.min, zone)
    ends = datetime.combine(day + timedelta(days=1), time.min, zone)
    rows: RedemptionQuerySet = Redemption.objects.of(clerk.merchant).filter(
        method=Method.MANUAL, created_at__gte=begins, created_at__lt=ends, is_test=False
    )
    return rows.filter(actor=staff_actor(of)) if of else rows


def _told(rows: RedemptionQuerySet) -> "RedemptionQuerySet":
    return rows.order_by("-created_at", "-id").prefetch_related("uses__coupon", "uses__code")


def _totals(rows: RedemptionQuerySet) -> list[Total]:
    sums = (
        rows.order_by()
        .values("currency", "status")
        .annotate(
            count=Count("id"),
            value=Sum("subtotal_minor"),
            goods=Sum("discount_minor"),
            shipping=Sum("shipping_discount_minor"),
        )
    )
    found: dict[str, Total] = {}
    for row in sums.order_by("currency", "status"):
        name = row["currency"]
        old = found.get(name, Total(currency=name))
        if row["status"] == Status.REVERSED:
            found[name] = replace(old, undone=old.undone + row["count"])
        else:
            found[name] = replace(
                old,
                count=old.count + row["count"],
                order_value=old.order_value + row["value"],
                discount=old.discount + row["goods"] + row["shipping"],
            )
    return list(found.values())
