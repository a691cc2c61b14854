"""Whether the coupon's amounts fit the shop's currencies. Pure."""

from collections.abc import Iterator

from msgspec.structs import replace

from coupons.checking.facts import Facts
from coupons.checking.finding import Finding
from coupons.pricing.exchange import NO_RATES, localized
from coupons.pricing.terms import CouponTerms, Limits


def missing_currencies(facts: Facts) -> Iterator[Finding]:
    """Find currencies of the shop in which the coupon, which does not convert, has no amounts."""
    if facts.terms.convert:
        return
    # A budget has one currency; what it does to others is not a missing amount.
    bare = replace(facts.terms, limits=Limits())
    lacking = [
        currency
        for currency in facts.currencies
        if localized(terms=bare, currency=currency, rates=NO_RATES) is None
    ]
    if lacking:
        yield Finding(
            "currency_missing",
            _where(facts.terms, lacking[0]),
            {"currencies": ", ".join(lacking)},
        )


def _where(terms: CouponTerms, currency: str) -> str:
    """Name the first field that has amounts, but none in that currency."""
    for name in ("value", "min_spend", "cap"):
        amounts = getattr(terms, name)
        if amounts and currency not in amounts:
            return name
    return "tiers" if terms.tiers else "every"


CHECKS = (missing_currencies,)
