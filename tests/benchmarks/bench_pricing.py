"""What the engine takes, beside a bare loop over the same lines with integer sums."""

import random
import statistics
import time
from collections.abc import Callable, Sequence

from coupons.pricing.best import best_combination
from coupons.pricing.candidate import Candidate
from coupons.pricing.cart import Cart
from coupons.pricing.terms import CouponTerms, Tier
from tests.unit.pricing.builders import ALICE, AT, asked, cart, coupon, limits, line, price, scope

CATEGORIES = [f"c{n}" for n in range(6)]
WALLETS = 12
TOGETHER = {"stacks_with": ["order"]}


def basket(lines: int) -> Cart:
    made = [
        line(str(i), 500 + 137 * i % 2_900, 1 + i % 3, category=CATEGORIES[i % 6])
        for i in range(lines)
    ]
    return cart(*made, shipping=800, shopper=ALICE)


def bare(the_cart: Cart, coupons: Sequence[CouponTerms]) -> int:
    """Sum up the lines once for each coupon: what no pricing can do without."""
    total = 0
    for _ in coupons:
        for one in the_cart.lines:
            total += one.unit_price * one.quantity - one.member_discount
    return total


def took(*works: Callable[[], object], rounds: int) -> list[float]:
    """Return the median milliseconds of each; they take turns, so that all meet one noise."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, spent in zip(works, times, strict=True):
            started = time.perf_counter()
            work()
            spent.append((time.perf_counter() - started) * 1_000)
    return [statistics.median(spent) for spent in times]


def show(title: str, spent: float, floor: float, goal: float, *, also: str = "") -> None:
    print(
        f"{title:<48} {spent:9.3f} ms  bare loop {floor:7.3f} ms  ratio {spent / floor:7.1f}  "
        f"(goal {goal:g} ms){also}"
    )


def measured(title: str, the_cart: Cart, coupons: list[CouponTerms], goal: float) -> float:
    spent, floor = took(
        lambda: price(the_cart, *coupons), lambda: bare(the_cart, coupons), rounds=301
    )
    show(title, spent, floor, goal)
    return spent


def searched(title: str, the_cart: Cart, coupons: list[CouponTerms], goal: float) -> float:
    candidates = [asked(terms) for terms in coupons]
    found = best(the_cart, candidates)
    spent, floor = took(
        lambda: best(the_cart, candidates), lambda: bare(the_cart, coupons), rounds=15
    )
    show(title, spent, floor, goal, also=f"  {len(found.codes)} coupons, exact={found.exact}")
    return spent


def best(the_cart: Cart, candidates: list[Candidate]):
    return best_combination(cart=the_cart, candidates=candidates, at=AT)


def five() -> list[CouponTerms]:
    return [
        coupon("percent_off", percent=10, coupon_id=1, scope=scope(categories=["c1"]), **TOGETHER),
        coupon(off=700, coupon_id=2, scope=scope(exclude_categories=["c2"]), **TOGETHER),
        coupon("percent_off", percent=5, coupon_id=3, min_spend={"USD": 500}, **TOGETHER),
        coupon(off=250, coupon_id=4, **TOGETHER),
        coupon("free_shipping", coupon_id=5, **TOGETHER),
    ]


def in_four_groups(seed: int) -> list[CouponTerms]:
    """Draw 20 coupons, of which one of each group may be used."""
    drawn = random.Random(seed)  # noqa: S311
    groups = [f"g{n}" for n in range(4)]
    return [
        coupon(
            ("amount_off", "percent_off")[number % 2],
            coupon_id=number,
            off=drawn.randint(100, 3_000),
            percent_bps=drawn.randint(100, 2_000),
            priority=drawn.randint(1, 3),
            stacking_group=groups[number % 4],
            stacks_with=[group for group in groups if group != groups[number % 4]],
            scope=drawn.choice([scope(), scope(categories=drawn.sample(CATEGORIES, 2))]),
        )
        for number in range(20)
    ]


def all_together() -> list[CouponTerms]:
    return [
        coupon(
            ("amount_off", "percent_off")[number % 2],
            coupon_id=number,
            off=37 + 11 * number,
            percent_bps=211 + 97 * (number % 11),
            priority=number % 4,
            **TOGETHER,
        )
        for number in range(30)
    ]


def overlapping(seed: int) -> list[CouponTerms]:
    """Draw 30 coupons of all kinds whose scopes overlap, half of them with hard conditions."""
    drawn = random.Random(seed)  # noqa: S311
    return [_any_coupon(drawn, number, is_hard=seed % 2 == 1) for number in range(30)]


def _any_coupon(drawn: random.Random, number: int, *, is_hard: bool) -> CouponTerms:
    kind = drawn.choice(["amount_off", "percent_off", "tiered", "buy_x_get_y", "free_shipping"])
    gives = {
        "amount_off": {"off": drawn.randint(10, 2_500)},
        "percent_off": {"percent_bps": drawn.randint(100, 3_000)},
        "tiered": {
            "tiers": (Tier({"USD": 2_000}, percent_bps=500), Tier({"USD": 9_000}, {"USD": 700}))
        },
        "buy_x_get_y": {"buy_quantity": 1, "get_quantity": 1, "get_percent_bps": 5_000},
        "free_shipping": {"cap": drawn.choice([{}, {"USD": 500}])},
    }
    conditions = {
        "threshold_after_discounts": drawn.random() < 0.5,
        "min_spend": drawn.choice([{}, {"USD": drawn.randint(1_000, 12_000)}]),
        "limits": drawn.choice([limits(), limits(budget=2_000, budget_currency="USD")]),
    }
    few = drawn.sample(CATEGORIES, drawn.randint(1, 4))
    return coupon(
        kind,
        coupon_id=number,
        scope=drawn.choice([scope(), scope(categories=few)]),
        priority=drawn.randint(1, 4),
        **TOGETHER,
        **gives[kind],
        **(conditions if is_hard else {}),
    )


def test_pricing_the_codes_of_a_cart() -> None:
    print()
    assert measured("3 lines, 1 coupon", basket(3), [coupon(off=500)], 0.1) <= 0.1
    assert measured("500 lines, 5 codes", basket(500), five(), 10) <= 10


def test_the_best_combination() -> None:
    print()
    title = "100 lines, best of 20 coupons in 4 groups"
    assert searched(title, basket(100), in_four_groups(0), 25) <= 25
    title = "100 lines, best of 30 coupons, all together"
    assert searched(title, basket(100), all_together(), 300) <= 300


def test_the_search_ends_in_time_on_wallets_made_to_be_hard() -> None:
    print()
    for lines in (3, 10, 60, 500):
        the_cart = basket(lines)
        wallet, spent, early = overlapping(0), [], 0
        for seed in range(WALLETS):
            candidates = [asked(terms) for terms in overlapping(seed)]
            early += not best(the_cart, candidates).exact
            spent += took(lambda it=the_cart, of=candidates: best(it, of), rounds=5)
        (floor,) = took(lambda it=the_cart, of=wallet: bare(it, of), rounds=15)
        title = f"{lines} lines, best of 30 that overlap, the slowest"
        also = f"  median {statistics.median(spent):.0f} ms, stopped early {early} of {WALLETS}"
        show(title, max(spent), floor, 300, also=also)
        assert max(spent) <= 300


def test_growth_with_the_lines_is_no_worse_than_linear() -> None:
    small, large, codes = basket(100), basket(500), five()
    of_100, of_500 = took(lambda: price(small, *codes), lambda: price(large, *codes), rounds=201)
    print(f"\n500 lines against 100, 5 codes: {of_500 / of_100:.2f} times (linear: 5)")
    assert of_500 <= 5 * of_100
