"""Coupons as the contract shows them: the definition, the state, and how much is gone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from coupons.definition import completed
from coupons.face import terms_of
from coupons.models import Coupon, CouponVersion
from coupons.pricing.money import format_amount


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted in the ledger, which stands above this package.

    The counters hold what is held as well, `lapsed` (holds past their time that nobody has
    released yet) included.
    """

    held: int = 0
    lapsed: int = 0
    lapsed_budget: int = 0
    uses_today: int = 0


NOTHING = Counted()


def described(
    *, coupons: Sequence[Coupon], counted: Mapping[int, Counted], at: datetime
) -> list[dict[str, Any]]:
    """Describe each coupon, in the same order; one query, however many there are.

    `coupons` come with their merchant and counter, `counted` is by coupon.
    """
    versions = CouponVersion.objects.filter(coupon__in=coupons, version=F("coupon__version"))
    newest = {row.coupon_id: row for row in versions}
    return [
        {
            **completed(newest[coupon.pk].definition),
            "state": coupon.state_at(at).value,
            "version": newest[coupon.pk].version,
            "counters": _counters(coupon, counted.get(coupon.pk, NOTHING)),
        }
        for coupon in coupons
    ]


def in_words(*, coupon: Coupon, definition: Mapping[str, Any]) -> dict[str, Any]:
    """Say a coupon's terms as a shopper reads them, by language; a start once it is published."""
    starts_at = coupon.starts_at.isoformat() if coupon.starts_at else None
    words = terms_of(merchant=coupon.merchant, definition={**definition, "starts_at": starts_at})
    return {
        language: {"headline": said.headline, "sentences": said.sentences}
        for language, said in words.items()
    }


def _counters(coupon: Coupon, counted: Counted) -> dict[str, Any]:
    counter = coupon.counter
    currency = counter.budget_currency or coupon.merchant.currency
    return {
        "issued": counter.issued,
        "claimed": counter.claimed,
        "held": counted.held,
        "uses": counter.uses - counted.held - counted.lapsed,
        "uses_today": counted.uses_today,
        "budget_used": format_amount(counter.budget_used_minor - counted.lapsed_budget, currency),
    }
