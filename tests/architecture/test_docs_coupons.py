"""docs/coupons.md: its table of states and verbs is the code's."""

import re

from coupons import lifecycle
from coupons.admin.coupon_steps import STEPS
from coupons.admin.words import SHAPES, STATES
from coupons.api.coupons import SUMMARIES
from coupons.models import State
from coupons.states import IN_WORDS, MOVES, Move, ReasonAsked
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "coupons.md").read_text(encoding="utf-8")


def _row(move: Move) -> str:
    starts = ", ".join(f"`{state.value}`" for state in State if state in move.starts)
    scope = f"`{move.scope}`" if move.scope else "–"
    reason = "–" if move.reason is ReasonAsked.NEVER else str(move.reason)
    cells = [
        f"`{move.verb}`", starts, f"`{move.leads.value}`", move.right.value, scope, reason,
        f"`{move.told}`",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _in_order_of_states(row: str) -> str:
    """Put the states a verb starts from in one order; people write them as they happen."""
    verb, starts, rest = re.match(r"\| (`\w+`) \| ([^|]+) \| (.*)", row).groups()  # type: ignore[union-attr]
    named = set(re.findall(r"`(\w+)`", starts))
    ordered = ", ".join(f"`{state.value}`" for state in State if state.value in named)
    return f"| {verb} | {ordered} | {rest}"


def test_the_table_is_the_code() -> None:
    told = re.findall(r"^\| `\w+` \| .*$", PAGE, re.M)
    assert [_in_order_of_states(row) for row in told] == [_row(move) for move in MOVES.values()]


def test_console_and_api_do_all_that_stands_in_the_table_and_nothing_else() -> None:
    assert set(lifecycle.VERBS) == set(MOVES)
    assert list(STEPS) == list(MOVES)
    assert set(SUMMARIES) == {verb for verb, move in MOVES.items() if move.scope}


def test_every_refusal_is_known_to_the_console() -> None:
    assert tuple(IN_WORDS.values()) == STATES
    assert {move.refusal.format(state="%(state)s") for move in MOVES.values()} <= set(SHAPES)
