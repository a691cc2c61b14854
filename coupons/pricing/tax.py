"""A preview of the tax on what is left after the coupons; the shop's tax engine decides."""

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from coupons.pricing.cart import Cart
from coupons.pricing.money import round_half_up
from coupons.pricing.quote import Quote

#: Tax rates are in hundred-thousandths: 8.875 % is 8875.
WHOLE_RATE = 100_000


class TaxRates(Struct, frozen=True):
    """A country's tax rates: one for all, others by category (the nearest one above wins)."""

    rate: int = 0
    prices_include_tax: bool = False
    by_category: Mapping[str, int] = field(default_factory=dict)

    def rate_for(self, category: str) -> int:
        """Return the rate of a category, of the nearest one above it, or the country's."""
        path = category
        while path:
            if path in self.by_category:
                return self.by_category[path]
            path = path.rpartition("/")[0]
        return self.rate


def with_tax(*, quote: Quote, cart: Cart, rates: TaxRates) -> Quote:
    """Return the quote with its tax, per line, rounded half up (pricing rules, tax).

    A discount the merchant pays for lowers the taxable amount; one that the platform or a
    partner pays does not.
    """
    lowered: dict[str, int] = {}
    for applied in quote.applied:
        if applied.terms.funded_by == "merchant":
            for line_id, minor in applied.lines:
                lowered[line_id] = lowered.get(line_id, 0) + minor
    tax = sum(
        _tax(line.base - lowered.get(line.id, 0), rates.rate_for(line.category), rates)
        for line in cart.lines
    )
    return replace(quote, tax=tax, tax_included=rates.prices_include_tax)


def _tax(taxable: int, rate: int, rates: TaxRates) -> int:
    if rates.prices_include_tax:
        return round_half_up(taxable * rate, WHOLE_RATE + rate)
    return round_half_up(taxable * rate, WHOLE_RATE)
