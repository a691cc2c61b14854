"""The choice behind a draw: exact at its edges, and fair over many draws."""

import random

import pytest

from coupons.pricing.candidate import CodeStatus
from coupons.pricing.drawing import choose
from tests.unit.pricing.builders import asked, cart, coupon, price, reasons

DRAWS = 100_000
#: The chi-square value that a fair source passes in all but one of 1,000 tries, by degrees
#: of freedom.
CRITICAL = {1: 10.828, 2: 13.816, 3: 16.266, 4: 18.467, 9: 27.877}


def drawn(weights: list[int], *, seed: int) -> list[int]:
    """Draw many times and count how often each place comes."""
    source = random.Random(seed)  # noqa: S311 - the same every time
    counts = [0] * len(weights)
    for _ in range(DRAWS):
        place = choose(weights, pick=source.randrange)
        assert place is not None
        counts[place] += 1
    return counts


def chi_square(counts: list[int], promised: list[int]) -> float:
    """Say how far the counts are from what the weights promise; 0 is no distance."""
    expected = [DRAWS * weight / sum(promised) for weight in promised]
    pairs = [(c, e) for c, e in zip(counts, expected, strict=True) if e]
    return sum((count - wanted) ** 2 / wanted for count, wanted in pairs)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "weights",
    [[5, 95], [1, 1, 1], [1, 10, 100, 1000], [0, 3, 0, 7, 0], [1] * 10, [996, 1, 1, 1, 1]],
)
def test_over_many_draws_each_prize_comes_as_often_as_its_weight(
    weights: list[int], seed: int
) -> None:
    counts = drawn(weights, seed=seed)
    assert [count > 0 for count in counts] == [weight > 0 for weight in weights]
    freedom = sum(weight > 0 for weight in weights) - 1
    assert chi_square(counts, weights) < CRITICAL[freedom]


def test_the_measure_finds_a_choice_that_is_off_by_a_hundredth() -> None:
    assert chi_square(drawn([6, 94], seed=1), [5, 95]) > CRITICAL[1]


@pytest.mark.parametrize(
    ("weights", "places"),
    [
        ([1], [0]),
        ([2, 3], [0, 0, 1, 1, 1]),
        ([0, 2, 0, 1, 0], [1, 1, 3]),
    ],
)
def test_every_ticket_is_one_prizes(weights: list[int], places: list[int]) -> None:
    tickets = range(sum(weights))
    assert [choose(weights, pick=lambda _, t=t: t) for t in tickets] == places


@pytest.mark.parametrize("weights", [[], [0], [0, 0]])
def test_nothing_left_draws_nothing(weights: list[int]) -> None:
    assert choose(weights, pick=lambda _: 0) is None


@pytest.mark.parametrize(("left", "refused"), [(None, []), (1, []), (0, ["usage_limit_reached"])])
def test_a_draw_without_prizes_left_is_refused(left: int | None, refused: list[str]) -> None:
    quote = price(cart(), asked(coupon("draw"), prizes_left=left))
    assert reasons(quote) == refused


def test_two_codes_of_one_draw_want_two_prizes() -> None:
    draw = coupon("draw", stacks_with=["order"])
    codes = [asked(draw, code, prizes_left=1) for code in ("FIRST", "SECOND")]
    quote = price(cart(), *codes)
    assert [applied.code for applied in quote.applied] == ["FIRST"]
    assert reasons(quote, "SECOND") == ["usage_limit_reached"]


def test_what_is_no_draw_has_no_prizes() -> None:
    assert CodeStatus().prizes_left is None
