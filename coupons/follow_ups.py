"""The coupon that is offered after another was redeemed: what it is called, and whether it is out.

Remembered by each process for a minute, so that a redemption reads nothing for it. What
was paused or renamed is told that much later; offering it does not give it.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from django.db.models import F

from coupons.models import Coupon, CouponVersion, Merchant
from coupons.pricing.terms import CouponTerms

REMEMBERED = timedelta(minutes=1)
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A coupon to go on with."""

    slug: str
    name: str
    names: Mapping[str, str]


_Key = tuple[int, str]
_Found = tuple[datetime, Coupon | None, Mapping[str, str]]
_remembered: OrderedDict[_Key, _Found] = OrderedDict()
_lock = Lock()


def first_live(
    *, merchant: Merchant, terms: Sequence[CouponTerms], at: datetime
) -> FollowUp | None:
    """Return the follow-up of the first of those coupons that has one a shopper may use."""
    for each in terms:
        if each.follow_up is not None:
            coupon, names = _look(merchant=merchant, slug=each.follow_up, at=at)
            if coupon is not None and coupon.is_live(at):
                return FollowUp(slug=coupon.slug, name=coupon.name, names=names)
    return None


def _look(
    *, merchant: Merchant, slug: str, at: datetime
) -> tuple[Coupon | None, Mapping[str, str]]:
    key = (merchant.pk, slug)
    with _lock:
        found = _remembered.get(key)
    if found is not None and abs(at - found[0]) < REMEMBERED:
        return found[1], found[2]
    newest = (
        CouponVersion.objects.of(merchant)
        .filter(coupon__slug=slug, version=F("coupon__version"))
        .select_related("coupon")
        .first()
    )
    coupon = newest.coupon if newest else None
    names = newest.definition["names"] if newest else {}
    with _lock:
        _remembered[key] = (at, coupon, names)
        _remembered.move_to_end(key)
        while len(_remembered) > KEPT:
            _remembered.popitem(last=False)
    return coupon, names
