"""The best combination: told cases, and the same as trying every set."""

from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coupons.pricing.best import best_combination
from coupons.pricing.quote import Reason
from coupons.pricing.terms import Every, Gift, MemberPrices, Tier
from tests.unit.pricing.builders import ALICE, AT, asked, cart, coupon, limits, line, price, scope

CART = cart(line("a", 6_000), line("b", 4_000), shipping=800, shopper=ALICE)
BOTH = {"stacks_with": ["order"]}
DAY = timedelta(days=1)


def best(*candidates, basket=CART, **more):
    wanted = [c if hasattr(c, "status") else asked(c) for c in candidates]
    return best_combination(cart=basket, candidates=wanted, at=AT, **more)


TOLD = {
    # name: (coupons, codes of the best in order of application, saving)
    "none": ([], [], 0),
    "none that applies": ([coupon(off=100, ends_at=AT)], [], 0),
    "the greatest of those that exclude each other": (
        [coupon(off=100), coupon(off=300, coupon_id=2), coupon(off=200, coupon_id=3)],
        ["COUPON-2"], 300),
    "two small ones beat a large one": (
        [coupon(off=300), coupon(off=200, coupon_id=2, **BOTH), coupon(off=200, coupon_id=3,
         **BOTH)],
        ["COUPON-2", "COUPON-3"], 400),
    "shipping counts": (
        [coupon(off=700), coupon("free_shipping", coupon_id=2)], ["COUPON-2"], 800),
    "fewer coupons at the same saving": (
        [coupon(off=200, **BOTH), coupon(off=200, coupon_id=2, **BOTH), coupon(off=400,
         coupon_id=3)],
        ["COUPON-3"], 400),
    "one is enough where one takes all": (
        [coupon(off=500, priority=1, **BOTH), coupon("percent_off", percent=100, coupon_id=2,
         **BOTH)],
        ["COUPON-2"], 10_000),
    "the one that runs out first": (
        [coupon(off=100), coupon(off=100, coupon_id=2, ends_at=AT + 2 * DAY),
         coupon(off=100, coupon_id=3, ends_at=AT + DAY)],
        ["COUPON-3"], 100),
    "the earliest created": (
        [coupon(off=100, created_order=9), coupon(off=100, coupon_id=2, created_order=3)],
        ["COUPON-2"], 100),
    "gifts, passes and draws never take part": (
        [coupon("gift", gifts=(Gift("M"),), **BOTH), coupon("pass", coupon_id=2, **BOTH),
         coupon("draw", coupon_id=3, **BOTH), coupon(off=100, coupon_id=4, **BOTH)],
        ["COUPON-4"], 100),
    "leaving one out so that a later threshold is met": (
        [coupon("percent_off", percent=10, priority=1, **BOTH),
         coupon(off=4_000, coupon_id=2, min_spend={"USD": 9_500},
                threshold_after_discounts=True, **BOTH)],
        ["COUPON-2"], 4_000),
    "a budget that fits only after another": (
        [coupon("percent_off", percent=50, limits=limits(budget=4_000, budget_currency="USD"),
                **BOTH),
         coupon(off=2_000, coupon_id=2, scope=scope(products=["a"]), **BOTH)],
        ["COUPON-2", "COUPON-1"], 6_000),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_best(name):
    coupons, codes, saving = TOLD[name]
    found = best(*coupons)
    assert (list(found.codes), found.quote.saving, found.exact) == (codes, saving, True)
    assert found.quote.valid
    assert [one.code for one in found.quote.applied] == codes


def test_greedy_would_be_wrong():
    """The greatest single coupon goes with nothing; three small ones go together."""
    large = coupon(off=1_000)
    small = [
        coupon(off=400, coupon_id=i, stacking_group=f"g{i}", stacks_with=["g2", "g3", "g4"])
        for i in (2, 3, 4)
    ]
    assert best(large, *small).codes == ("COUPON-2", "COUPON-3", "COUPON-4")


def test_codes_that_cannot_be_used_or_are_there_twice_take_no_part():
    terms = coupon(off=100, **BOTH)
    denied = asked(coupon(off=900, coupon_id=2, **BOTH), verdict=Reason.RISK_DENIED)
    found = best(asked(terms, "X"), asked(terms, "X"), denied, asked(None, "N"))
    assert found.codes == ("X",)


def test_two_codes_of_one_coupon_within_its_limit():
    terms = coupon(off=100, limits=limits(uses_per_customer=2), **BOTH)
    found = best(*(asked(terms, f"C{i}") for i in range(4)))
    assert found.codes == ("C0", "C1")


def test_must_go_with_what_the_order_has_used():
    used = coupon(off=500, coupon_id=9, **BOTH)
    found = best(coupon(off=300), coupon(off=100, coupon_id=2, **BOTH), used_with=[used])
    assert found.codes == ("COUPON-2",)


def test_says_when_it_stopped_early():
    coupons = [coupon(off=10 + i, coupon_id=i, **BOTH) for i in range(12)]
    stopped = best(*coupons, max_steps=60)
    assert stopped.exact is False
    assert stopped.quote.valid
    assert best(*coupons).exact is True
    assert best(*coupons).quote.saving == sum(range(10, 22))


@pytest.mark.parametrize("kind", ["amount_off", "percent_off", "mixed"])
def test_thirty_coupons_that_all_go_together(kind):
    coupons = [
        coupon(
            ("amount_off", "percent_off")[i % 2] if kind == "mixed" else kind,
            coupon_id=i,
            off=37 + 11 * (i % 7),
            percent_bps=211 + 97 * (i % 11),
            priority=i % 4,
            **BOTH,
        )
        for i in range(30)
    ]
    found = best(*coupons)
    assert found.exact is True
    # All of them: each leaves something to the next, and none is the worse for another.
    assert len(found.codes) == 30
    assert found.quote.saving == price(CART, *coupons).saving


SCOPES = st.sampled_from(
    [
        scope(),
        scope(),
        scope(products=["0"]),
        scope(products=["0", "1"]),
        scope(products=["1", "2"]),
    ]
)
KINDS = st.one_of(
    st.fixed_dictionaries({"kind": st.just("amount_off"), "off": st.integers(1, 60)}),
    st.fixed_dictionaries(
        {
            "kind": st.just("percent_off"),
            "percent_bps": st.integers(100, 6_000),
            "cap": st.sampled_from([{}, {"USD": 13}]),
        }
    ),
    st.fixed_dictionaries(
        {"kind": st.just("free_shipping"), "cap": st.sampled_from([{}, {"USD": 13}])}
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("tiered"),
            "tiers": st.sampled_from(
                [
                    (Tier({"USD": 20}, {"USD": 9}), Tier({"USD": 90}, percent_bps=700)),
                    (Tier({"USD": 50}, percent_bps=500), Tier({"USD": 70}, {"USD": 30})),
                ]
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("tiered"),
            "every": st.builds(lambda n: Every({"USD": 30}, {"USD": n}, 2), st.integers(1, 12)),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("buy_x_get_y"),
            "buy_quantity": st.integers(1, 2),
            "get_quantity": st.integers(1, 2),
            "get_percent_bps": st.sampled_from([10_000, 5_000]),
            "get_scope": st.sampled_from([None, None, scope(products=["1"])]),
        }
    ),
)
RULES = st.fixed_dictionaries(
    {
        "scope": SCOPES,
        "priority": st.integers(1, 2),
        "stacking_group": st.sampled_from(["g1", "g2"]),
        "stacks_with": st.sampled_from([["g1", "g2"], ["g1", "g2"], ["g2"], []]),
        "min_spend": st.sampled_from([{}, {}, {"USD": 40}, {"USD": 90}]),
        "threshold_after_discounts": st.sampled_from([False, False, True]),
        "member_prices": st.sampled_from([MemberPrices.STACK, MemberPrices.BETTER_OF]),
        "ends_at": st.sampled_from([None, AT + DAY, AT + 2 * DAY]),
        "limits": st.sampled_from([limits(), limits(), limits(budget=20, budget_currency="USD")]),
    }
)
COUPON = st.builds(lambda kind, rules: {**kind, **rules}, KINDS, RULES)
CARTS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 3), st.sampled_from([0, 0, 20])),
    min_size=1,
    max_size=3,
)


def wallet(drawn):
    return [asked(coupon(coupon_id=i, **dict(rules))) for i, rules in enumerate(drawn)]


def basket_of(rows):
    lines = [
        line(str(i), unit, quantity, member_discount=unit * quantity * share // 100)
        for i, (unit, quantity, share) in enumerate(rows)
    ]
    return cart(*lines, shipping=25, shopper=ALICE)


def rank(quote):
    """Return what makes a set better: saving, fewer, soonest first expiry, earliest created."""
    ends = [one.terms.ends_at or AT + 99 * DAY for one in quote.applied]
    created = sorted(one.terms.created_order for one in quote.applied)
    return (-quote.saving, len(quote.applied), min(ends, default=AT + 99 * DAY), created)


@settings(deadline=None, max_examples=60)
@given(drawn=st.lists(COUPON, max_size=8), rows=CARTS)
def test_the_same_as_trying_every_set(drawn, rows):
    candidates, basket = wallet(drawn), basket_of(rows)
    found = best(*candidates, basket=basket)
    quotes = (
        price(basket, *chosen)
        for count in range(len(candidates) + 1)
        for chosen in combinations(candidates, count)
    )
    by_trying = min((quote for quote in quotes if quote.valid), key=rank)
    assert found.exact
    assert rank(found.quote) == rank(by_trying)


@settings(deadline=None, max_examples=60)
@given(drawn=st.lists(COUPON, min_size=1, max_size=9), rows=CARTS)
def test_another_candidate_never_makes_it_worse(drawn, rows):
    candidates, basket = wallet(drawn), basket_of(rows)
    fewer = best(*candidates[:-1], basket=basket)
    more = best(*candidates, basket=basket)
    assert more.quote.saving >= fewer.quote.saving
