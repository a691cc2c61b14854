"""What a near miss would save: the very sum that comes off once the threshold is just met."""

from typing import Any

import pytest

from coupons.pricing.qualify import qualify
from coupons.pricing.terms import CouponTerms, Every, Tier
from tests.unit.pricing.builders import ALICE, AT, asked, cart, coupon, limits, line, price, scope

TOGETHER: dict[str, Any] = {"stacks_with": ["order"]}
SHIRT, MUG = line("shirt", 6_000), line("mug", 4_000)


def told(basket: Any, *coupons: CouponTerms, slug: str = "coupon-1") -> tuple[Any, Any]:
    """Return what the coupon is short of and would save."""
    (near,) = [one for one in price(basket, *coupons).rejected if one.slug == slug]
    return near.refusals[0].missing, near.refusals[0].would_save


TIERS = (Tier({"USD": 12_500}, percent_bps=1_500), Tier({"USD": 20_000}, {"USD": 5_000}))
NEAR = [
    ("an amount", coupon(off=1_000, min_spend={"USD": 11_250}), 1_250, 1_000),
    ("more than there is", coupon(off=50_000, min_spend={"USD": 11_250}), 1_250, 11_250),
    ("the lowest tier", coupon("tiered", tiers=TIERS), 2_500, 1_875),
    (
        "a full step",
        coupon("tiered", every=Every({"USD": 15_000}, {"USD": 700})),
        5_000,
        700,
    ),
    (
        "its own lines",
        coupon(off=5_000, min_spend={"USD": 4_500}, scope=scope(products=["mug"])),
        500,
        4_500,
    ),
]


@pytest.mark.parametrize(("name", "terms", "missing", "saving"), NEAR, ids=[n[0] for n in NEAR])
def test_a_near_miss_tells_what_it_would_save(
    name: str, terms: CouponTerms, missing: int, saving: int
) -> None:
    assert told(cart(SHIRT, MUG), terms) == (missing, saving)
    sku = "mug" if terms.scope.products else "more"
    met = price(cart(SHIRT, MUG, line("more", missing, sku=sku)), terms)
    assert (met.discount, met.rejected) == (saving, ())


NOT_KNOWN = [
    ("a percentage", coupon("percent_off", percent=10, min_spend={"USD": 11_250})),
    ("shipping", coupon("free_shipping", min_spend={"USD": 11_250})),
    (
        "another reason besides",
        coupon(off=1_000, min_spend={"USD": 11_250}, min_quantity=5),
    ),
    (
        "a budget too small",
        coupon(
            off=1_000, min_spend={"USD": 11_250}, limits=limits(budget=900, budget_currency="USD")
        ),
    ),
]


@pytest.mark.parametrize(("name", "terms"), NOT_KNOWN, ids=[n[0] for n in NOT_KNOWN])
def test_nothing_is_promised_where_it_is_not_known(name: str, terms: CouponTerms) -> None:
    (rejected,) = price(cart(SHIRT, MUG, shopper=ALICE), terms).rejected
    assert [refusal.would_save for refusal in rejected.refusals] == [None] * len(rejected.refusals)
    assert rejected.refusals[-1].missing == 1_250


def test_nothing_is_promised_that_does_not_go_with_what_applies() -> None:
    near = coupon(off=1_000, min_spend={"USD": 11_250})
    other = coupon(off=500, coupon_id=2)
    assert told(cart(SHIRT, MUG), near, other) == (1_250, None)
    quote = price(cart(SHIRT, MUG), near, used_with=[other])
    assert quote.rejected[0].refusals[0].would_save is None


def test_what_goes_first_leaves_less_to_save() -> None:
    near = coupon(off=50_000, min_spend={"USD": 11_250}, priority=200, **TOGETHER)
    first = coupon(off=3_000, coupon_id=2, **TOGETHER)
    assert told(cart(SHIRT, MUG), near, first) == (1_250, 8_250)
    last = coupon(off=3_000, coupon_id=2, priority=300, **TOGETHER)
    assert told(cart(SHIRT, MUG), near, last) == (1_250, 11_250)
    after = coupon(
        off=50_000,
        min_spend={"USD": 9_000},
        priority=200,
        threshold_after_discounts=True,
        **TOGETHER,
    )
    assert told(cart(SHIRT, MUG), after, first) == (2_000, 9_000)


def test_a_qualification_tells_it_for_each_by_itself() -> None:
    near = coupon(off=1_000, min_spend={"USD": 11_250})
    candidates = [asked(near), asked(coupon(off=500, coupon_id=2)), asked(None)]
    usable, (one, unknown) = qualify(cart=cart(SHIRT, MUG), candidates=candidates, at=AT)
    assert [each.discount for each in usable] == [500]
    assert (one.refusals[0].missing, one.refusals[0].would_save) == (1_250, 1_000)
    assert unknown.refusals[0].would_save is None
