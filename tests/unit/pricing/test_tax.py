import pytest

from coupons.pricing.tax import TaxRates, with_tax
from tests.unit.pricing.builders import cart, coupon, line, price, scope

GERMANY = TaxRates(rate=19_000, prices_include_tax=True, by_category={"books": 7_000})
NEW_YORK = TaxRates(rate=8_875, by_category={"food": 0, "food/soda": 4_000})

CASES = {
    # name: (lines, coupon, rates, tax, payable), cents
    "excluded: on top": ([line("a", 10_000)], None, NEW_YORK, 888, 10_888),
    "included: inside": ([line("a", 11_900)], None, GERMANY, 1_900, 11_900),
    "a merchant's discount lowers it": (
        [line("a", 11_900)], coupon(off=1_190), GERMANY, 1_710, 10_710),
    "the platform's does not": (
        [line("a", 11_900)], coupon(off=1_190, funded_by="platform"), GERMANY, 1_900, 10_710),
    "a partner's does not": (
        [line("a", 11_900)], coupon(off=1_190, funded_by="partner"), GERMANY, 1_900, 10_710),
    "a member discount does": (
        [line("a", 12_900, member_discount=1_000)], None, GERMANY, 1_900, 11_900),
    "by category, children included": (
        [line("a", 10_700, category="books/novels"), line("b", 11_900, category="bookshelves")],
        None, GERMANY, 700 + 1_900, 22_600),
    "the nearest category wins": (
        [line("a", 1_000, category="food/soda/cola"), line("b", 1_000, category="food/bread")],
        None, NEW_YORK, 40, 2_040),
    "each line is rounded, a half up": (
        [line("a", 200), line("b", 200)], None, TaxRates(rate=1_250), 6, 406),
    "only the lines that carry the discount": (
        [line("a", 10_700, category="books"), line("b", 11_900)],
        coupon(off=11_900, scope=scope(products=["b"])), GERMANY, 700, 10_700),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_tax(name):
    lines, terms, rates, tax, payable = CASES[name]
    basket = cart(*lines)
    quote = with_tax(quote=price(basket, *([terms] if terms else [])), cart=basket, rates=rates)
    assert (quote.tax, quote.payable) == (tax, payable)
    assert quote.tax_included is rates.prices_include_tax
