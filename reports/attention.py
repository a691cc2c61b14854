"""What waits for a person: a few rows of each kind, found by indexes, never counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from coupons.admin.shown import badge, when
from coupons.models import Coupon, Job, Merchant, Role, State
from coupons.staff import Area, Right, may
from coupons.states import UNPUBLISHED

#: Of each kind; whoever has more goes to the list.
LIMIT = 4
SOON = timedelta(days=7)
#: A failure older than this is nobody's news any more.
RECENT = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to look at."""

    name: str
    url: str
    badge: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Things of one kind; `more_url` leads to the rest, if there is a rest."""

    title: str
    items: tuple[Item, ...]
    more_url: str | None = None


def waiting(*, merchant: Merchant, role: Role, at: datetime) -> list[Group]:
    """Return what waits for somebody in this role, groups without anything left out."""
    groups = []
    if may(role=role, area=Area.CODES, right=Right.CHANGE):
        groups.append(_failed_jobs(merchant=merchant, at=at))
    if may(role=role, area=Area.COUPONS, right=Right.PUBLISH):
        groups.append(_unpublished(merchant=merchant, at=at))
    if may(role=role, area=Area.COUPONS, right=Right.VIEW):
        groups.append(_ending(merchant=merchant, at=at))
    return [group for group in groups if group.items]


def _failed_jobs(*, merchant: Merchant, at: datetime) -> Group:
    jobs = (
        Job.objects.of(merchant)
        .filter(status=Job.Status.FAILED, created_at__gte=at - RECENT)
        .prefetch_related("batches__coupon")
        .order_by("-created_at")[:LIMIT]
    )
    items = [
        Item(
            name=batch.coupon.name,
            url=_page(batch.coupon),
            badge=badge(job.status, job.get_status_display()),
            detail=_(job.problem) if job.problem else when(job.created_at),
        )
        for job in jobs
        for batch in job.batches.all()
    ]
    return Group(title=_("Codes that could not be made"), items=tuple(items))


def _unpublished(*, merchant: Merchant, at: datetime) -> Group:
    # Newest first along the primary key: the least that is read of many.
    coupons = Coupon.objects.of(merchant).filter(state__in=UNPUBLISHED).order_by("-pk")
    return _coupons(
        title=_("Not published yet"),
        coupons=coupons[: LIMIT + 1],
        at=at,
        detail=lambda coupon: _("changed %(when)s") % {"when": when(coupon.updated_at)},
        more=State.DRAFT,
    )


def _ending(*, merchant: Merchant, at: datetime) -> Group:
    coupons = Coupon.objects.live(at).of(merchant).filter(ends_at__lte=at + SOON)
    return _coupons(
        title=_("Ends within seven days"),
        coupons=coupons.order_by("ends_at", "pk")[: LIMIT + 1],
        at=at,
        detail=lambda coupon: _("ends %(when)s") % {"when": when(coupon.ends_at)},
        more=State.LIVE,
    )


def _coupons(
    *,
    title: str,
    coupons: Iterable[Coupon],
    at: datetime,
    detail: Callable[[Coupon], str],
    more: State,
) -> Group:
    rows = list(coupons)
    items = tuple(
        Item(
            name=coupon.name,
            url=_page(coupon),
            badge=badge(coupon.state_at(at), str(coupon.state_at(at).label)),
            detail=detail(coupon),
        )
        for coupon in rows[:LIMIT]
    )
    url = f"{reverse('admin:coupons_coupon_changelist')}?state={more.value}"
    return Group(title=title, items=items, more_url=url if len(rows) > LIMIT else None)


def _page(coupon: Coupon) -> str:
    return reverse("admin:coupons_coupon_change", args=[coupon.pk])
