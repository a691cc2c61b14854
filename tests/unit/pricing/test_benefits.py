"""What each kind takes off which lines. Amounts are cents."""

import pytest

from coupons.pricing.exchange import Rates
from coupons.pricing.terms import Every, Gift, MemberPrices, Tier
from tests.unit.pricing.builders import RATES, cart, coupon, line, parts, price, reasons, scope

TIERS = (
    Tier({"USD": 10_000}, {"USD": 1_000}),
    Tier({"USD": 20_000}, percent_bps=1_500),
    Tier({"USD": 40_000}, {"USD": 8_000}),
)
EVERY = Every({"USD": 10_000}, {"USD": 1_000}, 3)
HUNDRED = [line("a", 6_000), line("b", 4_000)]

ONE_COUPON = {
    # name: (lines, coupon, discount by line)
    "an amount, split by what the lines cost": (
        HUNDRED, coupon(off=1_000), {"a": 600, "b": 400}),
    "an amount above the cart takes the cart": (
        HUNDRED, coupon(off=99_999), {"a": 6_000, "b": 4_000}),
    "an amount off one product only": (
        HUNDRED, coupon(off=5_000, scope=scope(products=["b"])), {"a": 0, "b": 4_000}),
    "a percentage": (HUNDRED, coupon("percent_off", percent=20), {"a": 1_200, "b": 800}),
    "8.5 折": (HUNDRED, coupon("percent_off", percent=15), {"a": 900, "b": 600}),
    "two decimals of a percent": (
        [line("a", 10_000)], coupon("percent_off", percent=12.34), {"a": 1_234}),
    "a half cent goes up": ([line("a", 250)], coupon("percent_off", percent=1), {"a": 3}),
    "less than half a cent goes down": (
        [line("a", 249)], coupon("percent_off", percent=1), {"a": 2}),
    "the sum is rounded, not each line": (
        [line("a", 5), line("b", 5)], coupon("percent_off", percent=10), {"a": 1, "b": 0}),
    "a percentage with a cap": (
        HUNDRED, coupon("percent_off", percent=50, cap={"USD": 3_000}), {"a": 1_800, "b": 1_200}),
    "all of it": (HUNDRED, coupon("percent_off", percent=100), {"a": 6_000, "b": 4_000}),
    "member prices: off the base": (
        [line("a", 10_000, member_discount=1_000)], coupon("percent_off", percent=20),
        {"a": 1_800}),
    "the lowest tier": (HUNDRED, coupon("tiered", tiers=TIERS), {"a": 600, "b": 400}),
    "the middle tier, a percentage": (
        [line("a", 20_000)], coupon("tiered", tiers=TIERS), {"a": 3_000}),
    "a tier's percentage with a cap": (
        [line("a", 20_000)], coupon("tiered", tiers=TIERS, cap={"USD": 2_500}), {"a": 2_500}),
    "the cap leaves a tier's amount alone": (
        [line("a", 40_000)], coupon("tiered", tiers=TIERS, cap={"USD": 2_500}), {"a": 8_000}),
    "every hundred, twice": ([line("a", 29_999)], coupon("tiered", every=EVERY), {"a": 2_000}),
    "every hundred, at most three times": (
        [line("a", 90_000)], coupon("tiered", every=EVERY), {"a": 3_000}),
    "every hundred, without an end": (
        [line("a", 90_000)],
        coupon("tiered", every=Every({"USD": 10_000}, {"USD": 1_000})), {"a": 9_000}),
    "every never takes more than there is": (
        [line("a", 100)], coupon("tiered", every=Every({"USD": 10}, {"USD": 11})), {"a": 100}),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_COUPON)
def test_takes_off(name):
    lines, terms, expected = ONE_COUPON[name]
    quote = price(cart(*lines), terms)
    assert reasons(quote) == []
    assert parts(quote) == expected
    assert quote.discount == sum(expected.values()) == quote.applied[0].discount


def group(buy: int, get: int, **more) -> object:
    return coupon("buy_x_get_y", buy_quantity=buy, get_quantity=get, **more)


SHIRTS = scope(products=["shirt", "polo"])
MUGS = scope(products=["mug"])
GROUPS = {
    "three for two": ([line("a", 1_000, 3)], group(2, 1), {"a": 1_000}),
    "two make no group": ([line("a", 1_000, 2)], group(2, 1), None),
    "five make one group": ([line("a", 1_000, 5)], group(2, 1), {"a": 1_000}),
    "six make two": ([line("a", 1_000, 6)], group(2, 1), {"a": 2_000}),
    "six make one at most": ([line("a", 1_000, 6)], group(2, 1, max_times=1), {"a": 1_000}),
    "the cheapest of the group": (
        [line("a", 1_000), line("b", 3_000), line("c", 2_000)], group(2, 1),
        {"a": 1_000, "b": 0, "c": 0}),
    "groups are made dearest first": (
        [line("a", 1_000, 2), line("b", 3_000, 2), line("c", 2_000, 2)], group(2, 1),
        # 30 30 20 | 20 10 10
        {"a": 1_000, "b": 0, "c": 2_000}),
    "the group that counts is the dearest": (
        [line("a", 1_000, 2), line("b", 3_000, 2), line("c", 2_000, 2)], group(2, 1, max_times=1),
        {"a": 0, "b": 0, "c": 2_000}),
    "units over belong to no group": (
        [line("a", 1_000, 1), line("b", 3_000, 3)], group(2, 1), {"a": 0, "b": 3_000}),
    "at the same price the later line's unit": (
        [line("a", 1_000), line("b", 1_000), line("c", 1_000)], group(2, 1),
        {"a": 0, "b": 0, "c": 1_000}),
    "half price": ([line("a", 1_001, 2)], group(1, 1, get_percent_bps=5_000), {"a": 501}),
    "the sum is rounded once": (
        [line("a", 5), line("b", 5), line("c", 5), line("d", 5)],
        group(1, 1, get_percent_bps=5_000), {"a": 0, "b": 3, "c": 0, "d": 2}),
    "a cap": (
        [line("a", 1_000, 2)], group(1, 1, cap={"USD": 300}), {"a": 300}),
    "a unit is worth its share of the line": (
        [line("a", 1_000, 3, member_discount=300)], group(2, 1), {"a": 900}),
    "a third of a line that does not divide": (
        [line("a", 1_000, 3, member_discount=1)], group(2, 1), {"a": 1_000}),
    "beside: buy two shirts, get a mug": (
        [line("shirt", 2_000, 2), line("mug", 500)], group(2, 1, scope=SHIRTS, get_scope=MUGS),
        {"shirt": 0, "mug": 500}),
    "beside: fewer to get than earned": (
        [line("shirt", 2_000, 6), line("mug", 500)], group(2, 1, scope=SHIRTS, get_scope=MUGS),
        {"shirt": 0, "mug": 500}),
    "beside: no more than earned": (
        [line("shirt", 2_000, 3), line("mug", 500, 4)],
        group(2, 1, scope=SHIRTS, get_scope=MUGS), {"shirt": 0, "mug": 500}),
    "beside: at most so many times": (
        [line("shirt", 2_000, 8), line("mug", 500, 4)],
        group(2, 1, scope=SHIRTS, get_scope=MUGS, max_times=2), {"shirt": 0, "mug": 1_000}),
    "beside: the cheapest to get": (
        [line("shirt", 2_000, 2), line("mug", 900), line("cup", 500)],
        group(2, 1, scope=SHIRTS, get_scope=scope(products=["mug", "cup"])),
        {"shirt": 0, "mug": 0, "cup": 500}),
    "beside: none to get": (
        [line("shirt", 2_000, 2)], group(2, 1, scope=SHIRTS, get_scope=MUGS), None),
    "beside: too few bought": (
        [line("shirt", 2_000), line("mug", 500)], group(2, 1, scope=SHIRTS, get_scope=MUGS), None),
    "in both scopes: a unit got is not bought": (
        [line("shirt", 2_000, 1), line("mug", 500)], group(2, 1, get_scope=MUGS), None),
    "in both scopes: enough bought besides": (
        [line("shirt", 2_000, 2), line("mug", 500)], group(2, 1, get_scope=MUGS),
        {"shirt": 0, "mug": 500}),
    "in both scopes: six alike are two groups": (
        [line("mug", 500, 6)], group(2, 1, get_scope=MUGS), {"mug": 1_000}),
}  # fmt: skip


@pytest.mark.parametrize("name", GROUPS)
def test_buy_x_get_y(name):
    lines, terms, expected = GROUPS[name]
    quote = price(cart(*lines), terms)
    if expected is None:
        assert reasons(quote) == ["no_effect"]
        assert quote.discount == 0
    else:
        assert reasons(quote) == []
        assert parts(quote) == expected


def test_counts_units_without_listing_them():
    quote = price(cart(line("a", 100, 3_000_000)), group(2, 1))
    assert quote.discount == 100_000_000


@pytest.mark.parametrize(("cap", "off"), [({}, 800), ({"USD": 500}, 500), ({"USD": 900}, 800)])
def test_free_shipping(cap, off):
    quote = price(cart(line("a", 1_000), shipping=800), coupon("free_shipping", cap=cap))
    assert (quote.discount, quote.shipping_discount) == (0, off)
    assert quote.payable == 1_000 + 800 - off
    assert quote.applied[0].lines == ()


def test_free_shipping_without_shipping_has_no_effect():
    assert reasons(price(cart(line("a", 1_000)), coupon("free_shipping"))) == ["no_effect"]


def test_a_gift_names_the_goods_and_takes_no_money():
    quote = price(cart(line("a", 1_000)), coupon("gift", gifts=(Gift("MUG", 2),)))
    assert quote.applied[0].gifts == (Gift("MUG", 2),)
    assert (quote.valid, quote.saving, quote.payable) == (True, 0, 1_000)


@pytest.mark.parametrize("kind", ["gift", "pass", "draw"])
def test_what_is_redeemed_without_a_cart(kind):
    terms = coupon(kind, gifts=(Gift("MUG"),) if kind == "gift" else ())
    assert price(cart(), terms).valid


def test_a_gift_with_a_threshold_asks_for_the_goods():
    terms = coupon("gift", gifts=(Gift("MUG"),), min_spend={"USD": 5_000})
    assert reasons(price(cart(), terms)) == ["no_applicable_items", "min_spend_not_met"]
    assert reasons(price(cart(line("a", 4_999)), terms)) == ["min_spend_not_met"]
    assert price(cart(line("a", 5_000)), terms).valid


MEMBERS = {
    # name: (lines, coupon, discount by line)
    "the coupon gives more: only the gain": (
        [line("a", 10_000, member_discount=1_000)], 20, {"a": 1_000}),
    "over all lines together, split by what remains": (
        # 20 % of 200.00 is 40.00; members have 10.00 of it already
        [line("a", 10_000, member_discount=1_000), line("b", 10_000)], 20,
        {"a": 1_421, "b": 1_579}),
    "the member price is better": ([line("a", 10_000, member_discount=3_000)], 20, None),
    "they are equal": ([line("a", 10_000, member_discount=2_000)], 20, None),
}  # fmt: skip


@pytest.mark.parametrize("name", MEMBERS)
def test_the_better_of_member_price_and_coupon(name):
    lines, percent, expected = MEMBERS[name]
    terms = coupon("percent_off", percent=percent, member_prices=MemberPrices.BETTER_OF)
    quote = price(cart(*lines), terms)
    assert (parts(quote) if quote.valid else None) == expected
    assert reasons(quote) == ([] if expected else ["no_effect"])


def test_better_of_leaves_no_line_below_zero():
    lines = [line("a", 1_000, member_discount=900), line("b", 1_000, member_discount=900)]
    terms = coupon(off=5_000, member_prices=MemberPrices.BETTER_OF)
    assert parts(price(cart(*lines), terms)) == {"a": 100, "b": 100}


def test_better_of_with_groups():
    # Two for one: 10.00 off undiscounted; members have 3.00 of it already.
    terms = group(1, 1, member_prices=MemberPrices.BETTER_OF)
    quote = price(cart(line("a", 1_000, 2, member_discount=300)), terms)
    assert parts(quote) == {"a": 700}


def test_refuses_beside_member_prices_on_its_own_lines_only():
    lines = [line("a", 1_000, member_discount=1), line("b", 1_000)]
    terms = coupon(off=100, member_prices=MemberPrices.REFUSE)
    assert reasons(price(cart(*lines), terms)) == ["member_price_conflict"]
    other = coupon(off=100, member_prices=MemberPrices.REFUSE, scope=scope(products=["b"]))
    assert parts(price(cart(*lines), other)) == {"a": 0, "b": 100}


CONVERTED = {
    # name: (coupon, currency, unit price, discount); 1 EUR = 1.25 USD = 160 JPY = 0.35 KWD
    "its own amount wins over a rate": (
        coupon(value={"USD": 1_000, "JPY": 1_500}, convert=True), "JPY", 9_000, 1_500),
    "converted": (coupon(value={"USD": 1_000}, convert=True), "JPY", 9_000, 1_280),
    "a discount is rounded down": (coupon(value={"USD": 999}, convert=True), "JPY", 9_000, 1_278),
    "to three decimals": (coupon(value={"EUR": 1_000}, convert=True), "KWD", 9_000, 3_500),
    "a cap is rounded down": (
        coupon("percent_off", percent=50, cap={"USD": 999}, convert=True), "JPY", 9_000, 1_278),
    "a percentage needs no rate": (coupon("percent_off", percent=50), "JPY", 9_000, 4_500),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVERTED)
def test_currencies(name):
    terms, currency, unit_price, expected = CONVERTED[name]
    quote = price(cart(line("a", unit_price), currency=currency), terms, rates=RATES)
    assert quote.discount == expected


def test_a_threshold_is_rounded_up_and_the_rate_is_kept():
    terms = coupon(value={"USD": 100}, min_spend={"USD": 999}, convert=True)  # 1278.72 yen
    short = price(cart(line("a", 1_278), currency="JPY"), terms, rates=RATES)
    assert short.rejected[0].refusals[0].missing == 1
    enough = price(cart(line("a", 1_279), currency="JPY"), terms, rates=RATES)
    (applied,) = enough.applied
    assert (applied.rate.from_, applied.rate.to, applied.rate.rate) == ("USD", "JPY", 128)


def test_own_amounts_keep_no_rate():
    (applied,) = price(cart(line("a", 1_000)), coupon(off=100), rates=RATES).applied
    assert applied.rate is None


@pytest.mark.parametrize(
    ("convert", "rates"), [(False, RATES), (True, Rates()), (True, Rates("EUR", {"JPY": 160}))]
)
def test_no_amount_and_no_rate_is_not_supported(convert, rates):
    terms = coupon(value={"USD": 100}, convert=convert)
    quote = price(cart(line("a", 1_000), currency="JPY"), terms, rates=rates)
    assert reasons(quote) == ["currency_not_supported"]
