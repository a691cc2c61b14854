"""Coupons that one could be used together with: out, at the same time, and combinable."""

from datetime import datetime

from django.db.models import F, Q

from coupons import terms as compiled
from coupons.models import Coupon, CouponVersion, State
from coupons.pricing.terms import CouponTerms

#: Coupons that are tried together with one, and those that are asked whether they go with it.
MOST_TRIED = 20
MOST_ASKED = 1_000


def beside(
    *, coupon: Coupon, terms: CouponTerms, at: datetime
) -> tuple[tuple[CouponTerms, ...], bool]:
    """Return the newest coupons that go with this one, and whether some were left out."""
    if not terms.stacks_with or not terms.kind.gives_money:
        return (), False
    starts = max(at, coupon.starts_at) if coupon.starts_at else at
    rows = (
        Coupon.objects.of(coupon.merchant)
        .filter(Q(ends_at=None) | Q(ends_at__gt=starts), state=State.LIVE)
        .exclude(pk=coupon.pk)
    )
    if coupon.ends_at:
        rows = rows.filter(starts_at__lt=coupon.ends_at)
    asked = list(rows.order_by("-pk").values_list("pk", flat=True)[: MOST_ASKED + 1])
    found = list(
        CouponVersion.objects.filter(
            coupon_id__in=asked[:MOST_ASKED],
            version=F("coupon__version"),
            definition__stacking_group__in=sorted(terms.stacks_with),
            definition__stacks_with__contains=[terms.stacking_group],
        )
        .order_by("-coupon_id")
        .values_list("coupon_id", "version")[: MOST_TRIED + 1]
    )
    known = compiled.load(found[:MOST_TRIED])
    meeting = [known[key] for key in found[:MOST_TRIED] if _may_meet(terms, known[key])]
    return tuple(meeting), len(asked) > MOST_ASKED or len(found) > MOST_TRIED


def _may_meet(one: CouponTerms, other: CouponTerms) -> bool:
    """Say whether some customer can use both in one cart; an empty condition admits all."""
    pairs = (
        (one.countries, other.countries),
        (one.channels, other.channels),
        (one.payment_methods, other.payment_methods),
        (one.partners, other.partners),
    )
    apart = {one.audience.who, other.audience.who} == {"new", "returning"}
    gives = other.kind.gives_money
    return gives and not apart and all(not a or not b or a & b for a, b in pairs)
