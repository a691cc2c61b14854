"""Revealing a draw: one prize by weight, its stock taken, its code issued, the journal told."""

import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from coupons import coding
from coupons.caller import SYSTEM
from coupons.issuing import MAX_BATCH
from coupons.pricing.drawing import choose
from coupons.pricing.quote import Quote
from coupons.prizes import PrizeFacts
from redemption.answers import name_in
from redemption.errors import TakeLost
from redemption.facts import Facts
from redemption.shapes import AppliedAnswer, PrizeAnswer
from redemption.statements import Statements
from redemption.taking import Drawn, Entry

# Each takes one and says by its row count whether there was one left.
TAKE_PRIZE = """
UPDATE coupons_prize SET drawn = drawn + 1
 WHERE id = %s AND (stock IS NULL OR drawn < stock) AND {after}
"""
TAKE_ISSUE = """
UPDATE coupons_couponcounter SET issued = issued + 1
 WHERE coupon_id = %s AND (max_issued IS NULL OR issued < max_issued) AND {after}
"""
# A text that is taken already, or a coupon that has just ended, is a lost take: the next
# attempt draws anew.
ISSUE = """
INSERT INTO coupons_code (merchant_id, coupon_id, batch_id, text, state, shared, max_uses, uses)
SELECT k.merchant_id, k.id, NULL, %s, 'active', false,
       coalesce((v.definition -> 'limits' ->> 'uses_per_code')::int, 2147483647), 0
  FROM coupons_coupon k
  JOIN coupons_couponversion v ON v.coupon_id = k.id AND v.version = k.version
 WHERE k.id = %s AND k.state = 'live' AND {after}
ON CONFLICT (merchant_id, text) DO NOTHING
"""

TELL_PLATFORM = """
INSERT INTO coupons_journalentry
       (merchant_id, at, type, actor, request_id, coupon_id, customer_ref, data)
SELECT %s, %(at)s, 'codes.issued', %s, %(request)s, %s, '', %s::jsonb WHERE {after}
"""
ONE_ISSUED = {"batch": None, "count": 1, "pattern": ""}


def reveal(
    *, quote: Quote, facts: Facts, pick: Callable[[int], int] = secrets.randbelow
) -> tuple[Drawn, ...]:
    """Draw one prize for every draw that applies, by weight, among those that are left.

    `pick(n)` is a fair whole number below `n`. A test shopper sees a prize but gets no
    fresh code. Raises `TakeLost` where the draws of one cart want the same last prize.
    """
    drawn: list[Drawn] = []
    for applied in quote.applied:
        table = facts.codes[applied.code].prizes
        if not table:
            continue
        place = choose(
            [
                prize.weight if _is_left(one, drawn) else 0
                for prize, one in zip(applied.terms.prizes, table, strict=True)
            ],
            pick=pick,
        )
        if place is None:
            raise TakeLost
        chosen = table[place]
        is_fresh = chosen.is_issued and not facts.shopper.is_test
        text = coding.default_pattern(MAX_BATCH).make() if is_fresh else chosen.shared_code
        drawn.append(Drawn(applied.code, applied.terms.prizes[place], chosen, text))
    return tuple(drawn)


def _is_left(prize: PrizeFacts, drawn: Sequence[Drawn]) -> bool:
    """Say whether a prize is left after those drawn for the same cart."""
    left = prize.left
    if left is None:
        return True
    gone = [
        one
        for one in drawn
        if one.facts.id == prize.id or (prize.is_issued and one.facts.coupon_id == prize.coupon_id)
    ]
    return len(gone) < left


def take_prizes(entry: Entry, statements: Statements) -> None:
    """Take the stock of what was drawn, and issue the codes; a test takes nothing."""
    if entry.cart.shopper.is_test:
        return
    for one in sorted(entry.drawn, key=lambda drawn: drawn.facts.id):
        statements.take(TAKE_PRIZE, [one.facts.id], row=("prize", one.facts.id))
    for one in issued(entry):
        statements.take(ISSUE, [one.text, one.facts.coupon_id])


def take_issue(statements: Statements, drawn: Drawn) -> None:
    """Take one of all the codes that the prize's coupon may issue."""
    coupon = drawn.facts.coupon_id
    statements.take(TAKE_ISSUE, [coupon], row=("coupon", coupon))


def issued(entry: Entry) -> list[Drawn]:
    """Return what was drawn with a fresh code."""
    if entry.cart.shopper.is_test:
        return []
    return [one for one in entry.drawn if one.facts.is_issued]


def entries(entry: Entry) -> list[dict[str, Any]]:
    """Write the journal of what was drawn, and of the codes issued for it."""
    revealed = [
        {
            "type": "draw.revealed",
            "coupon": entry.facts.codes[one.code].coupon_id,
            "code": entry.facts.codes[one.code].code_id,
            "data": {
                "order": entry.order,
                "prize": one.prize.name,
                "prize_coupon": one.prize.coupon,
                "is_test": entry.cart.shopper.is_test,
            },
        }
        for one in entry.drawn
    ]
    codes = [
        {
            "type": "codes.issued",
            "coupon": one.facts.coupon_id,
            "code": None,
            "data": ONE_ISSUED,
        }
        for one in issued(entry)
        if _owner(entry, one) == entry.caller.merchant.pk
    ]
    return [*revealed, *codes]


def tell_platform(entry: Entry, statements: Statements) -> None:
    """Tell the platform that codes of its own are out, not who has them in which shop."""
    for one in issued(entry):
        owner = _owner(entry, one)
        if owner != entry.caller.merchant.pk:
            data = json.dumps(ONE_ISSUED)
            statements.add(TELL_PLATFORM, [owner, SYSTEM, one.facts.coupon_id, data])


def _owner(entry: Entry, one: Drawn) -> int:
    """Return whose the draw and its prizes are."""
    return entry.facts.codes[one.code].merchant_id


def tell(answers: Sequence[AppliedAnswer], *, drawn: Sequence[Drawn], language: str) -> None:
    """Write into the answer what each code has drawn."""
    by_code = {one.code: one for one in drawn}
    for answer in answers:
        if one := by_code.get(answer.code):
            answer.prize = PrizeAnswer(
                name=name_in(one.prize, language), coupon=one.prize.coupon, code=one.text
            )
