"""Everything that one quote is judged on, in one value."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from coupons.pricing.candidate import Candidate
from coupons.pricing.cart import Cart
from coupons.pricing.exchange import NO_RATES, Rates
from coupons.pricing.terms import CouponTerms


class Case(Struct, frozen=True, kw_only=True):
    """The arguments of `evaluate`: the same case always gets the same quote.

    `used_with` are the coupons that the cart's order has used already.
    """

    cart: Cart
    candidates: Sequence[Candidate]
    at: datetime
    method: str = "automatic"
    used_with: Sequence[CouponTerms] = ()
    rates: Rates = NO_RATES

    @property
    def currencies(self) -> set[str]:
        """Name the currencies between which an amount may have to be converted."""
        named = {self.cart.currency}
        for candidate in self.candidates:
            terms = candidate.terms
            if terms is None:
                continue
            if terms.limits.budget_currency:
                named.add(terms.limits.budget_currency)
            if terms.convert:
                named |= terms.currencies
        return named
