"""Who may redeem a coupon by hand: allowed, disallowed, and asked for.

The rights are django-guardian's, on one coupon each. They count only for who works for the
coupon's merchant, so an ended membership ends them at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.db.models import QuerySet
from guardian.shortcuts import get_objects_for_user

from coupons import journal, staff_groups
from coupons.errors import NotFound
from coupons.models import (
    Coupon,
    CouponGroup,
    CouponPerson,
    Membership,
    Merchant,
    Role,
    StaffGroup,
    User,
)

REDEEM = "redeem_coupon"

# Only what belongs to the merchant is found, whatever was asked for.
_ALLOW_PEOPLE = """
INSERT INTO coupons_couponperson (merchant_id, content_object_id, user_id, permission_id)
SELECT k.merchant_id, k.id, m.user_id, %(permission)s
  FROM coupons_coupon k JOIN coupons_membership m ON m.merchant_id = k.merchant_id
 WHERE k.merchant_id = %(merchant)s AND k.id = ANY(%(coupons)s) AND m.user_id = ANY(%(who)s)
    ON CONFLICT DO NOTHING RETURNING content_object_id, user_id
"""
_ALLOW_GROUPS = """
INSERT INTO coupons_coupongroup (merchant_id, content_object_id, group_id, permission_id)
SELECT k.merchant_id, k.id, g.group_id, %(permission)s
  FROM coupons_coupon k JOIN coupons_staffgroup g ON g.merchant_id = k.merchant_id
 WHERE k.merchant_id = %(merchant)s AND k.id = ANY(%(coupons)s) AND g.group_id = ANY(%(who)s)
    ON CONFLICT DO NOTHING RETURNING content_object_id, group_id
"""
_DISALLOW_PEOPLE = """
DELETE FROM coupons_couponperson
 WHERE merchant_id = %(merchant)s AND content_object_id = ANY(%(coupons)s)
   AND user_id = ANY(%(who)s) RETURNING content_object_id, user_id
"""
_DISALLOW_GROUPS = """
DELETE FROM coupons_coupongroup
 WHERE merchant_id = %(merchant)s AND content_object_id = ANY(%(coupons)s)
   AND group_id = ANY(%(who)s) RETURNING content_object_id, group_id
"""


@dataclass(frozen=True, slots=True)
class Redeemers:
    """People and groups of one merchant; `all_clerks` stands for whoever is a clerk there."""

    people: Sequence[User] = ()
    groups: Sequence[StaffGroup] = ()
    all_clerks: bool = False

    def __bool__(self) -> bool:
        return bool(self.people or self.groups or self.all_clerks)


def allow(
    *, merchant: Merchant, coupons: Iterable[Coupon], who: Redeemers, by: str, at: datetime
) -> int:
    """Let them redeem these coupons by hand; returns how many coupons that changed.

    Raises `NotFound` for a coupon, person or group that is not the merchant's.
    """
    return _give(_ALLOW_PEOPLE, _ALLOW_GROUPS, "allowed", merchant, list(coupons), who, by, at)


def disallow(
    *, merchant: Merchant, coupons: Iterable[Coupon], who: Redeemers, by: str, at: datetime
) -> int:
    """Take it from them again; returns how many coupons that changed.

    Raises `NotFound` for a coupon, person or group that is not the merchant's.
    """
    taken = "disallowed"
    return _give(_DISALLOW_PEOPLE, _DISALLOW_GROUPS, taken, merchant, list(coupons), who, by, at)


def settle(*, coupon: Coupon, who: Redeemers, by: str, at: datetime) -> None:
    """Let exactly these redeem a coupon by hand; raises `NotFound` for a stranger."""
    with transaction.atomic():
        before = redeemers_of(coupon=coupon)
        gone = Redeemers(
            people=[each for each in before.people if each not in who.people],
            groups=[each for each in before.groups if each not in who.groups],
            all_clerks=before.all_clerks and not who.all_clerks,
        )
        common: dict[str, Any] = {"merchant": coupon.merchant, "coupons": [coupon]}
        disallow(**common, who=gone, by=by, at=at)
        allow(**common, who=who, by=by, at=at)


def redeemers_of(*, coupon: Coupon) -> Redeemers:
    """Return who is named for a coupon; the owners, who always may, are not among them."""
    groups = list(
        StaffGroup.objects.of(coupon.merchant_id)
        .filter(group__in=CouponGroup.objects.filter(content_object=coupon).values("group"))
        .order_by("name", "pk")
    )
    members = Membership.objects.of(coupon.merchant_id).values("user")
    named = CouponPerson.objects.filter(content_object=coupon, user__in=members).values("user")
    return Redeemers(
        people=list(User.objects.filter(pk__in=named).order_by("username")),
        groups=[group for group in groups if not group.is_all_clerks],
        all_clerks=any(group.is_all_clerks for group in groups),
    )


def redeemable_by(*, user: User, merchant: Merchant) -> QuerySet[Coupon]:
    """Return the merchant's coupons that a person may redeem by hand.

    An owner may redeem all of them, everybody else those that they or a group of theirs are
    named for. Whether a coupon is live, and may be redeemed by hand at all, the engine says.
    """
    own: QuerySet[Coupon] = Coupon.objects.of(merchant)
    if not user.is_active:
        return own.none()
    if user.is_superuser:
        return own
    membership = Membership.objects.of(merchant).filter(user=user).first()
    if membership is None:
        return own.none()
    if membership.role == Role.OWNER:
        return own
    found: QuerySet[Coupon] = get_objects_for_user(
        user, f"coupons.{REDEEM}", klass=own, accept_global_perms=False
    )
    return found


def may_redeem(*, user: User, coupon: Coupon) -> bool:
    """Say whether a person may redeem a coupon by hand."""
    return redeemable_by(user=user, merchant=coupon.merchant).filter(pk=coupon.pk).exists()


def leave(*, membership: Membership) -> None:
    """Take from somebody whatever they may redeem at a merchant, and their groups there."""
    CouponPerson.objects.of(membership.merchant_id).filter(user=membership.user_id).delete()
    staff_groups.leave(membership=membership)


def _give(
    people_sql: str,
    groups_sql: str,
    what: str,
    merchant: Merchant,
    coupons: list[Coupon],
    who: Redeemers,
    by: str,
    at: datetime,
) -> int:
    _refuse_strangers(merchant=merchant, coupons=coupons, who=who)
    if not who:
        return 0
    with transaction.atomic():
        clerks = [staff_groups.all_clerks(merchant=merchant)] if who.all_clerks else []
        groups = {group.group_id: group for group in (*who.groups, *clerks)}
        people = {person.pk: person for person in who.people}
        told: dict[int, dict[str, list[str]]] = defaultdict(lambda: {"people": [], "groups": []})
        for sql, key, rows in (
            (people_sql, "people", {pk: each.get_username() for pk, each in people.items()}),
            (groups_sql, "groups", {pk: _told(each) for pk, each in groups.items()}),
        ):
            for coupon, one in _changed(sql, merchant=merchant, coupons=coupons, who=rows):
                told[coupon][key].append(rows[one])
        journal.record_all(
            merchant=merchant,
            entries=[
                {"type": f"coupon.redeemers_{what}", "coupon": pk, "data": _sorted(data)}
                for pk, data in sorted(told.items())
            ],
            actor=by,
            at=at,
        )
    return len(told)


def _changed(
    sql: str, *, merchant: Merchant, coupons: list[Coupon], who: Iterable[int]
) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "merchant": merchant.pk,
            "coupons": [coupon.pk for coupon in coupons],
            "who": list(who),
            "permission": _permission(),
        }
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _permission() -> int:
    asked = {"content_type__app_label": "coupons", "content_type__model": "coupon"}
    return Permission.objects.values_list("pk", flat=True).get(codename=REDEEM, **asked)


def _refuse_strangers(*, merchant: Merchant, coupons: list[Coupon], who: Redeemers) -> None:
    members = Membership.objects.of(merchant).filter(user__in=who.people)
    if members.count() != len({each.pk for each in who.people}):
        raise NotFound("There is no such staff member.")
    if any(each.merchant_id != merchant.pk for each in (*coupons, *who.groups)):
        raise NotFound("There is no such coupon or staff group.")


def _told(group: StaffGroup) -> str:
    return "all redemption clerks" if group.is_all_clerks else group.name


def _sorted(data: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: sorted(names) for key, names in data.items()}
