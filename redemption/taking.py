"""Taking what is scarce, and giving it back: one statement for each limit.

A take changes its row or changes nothing; nobody reads first and writes later. Giving
back goes through the rows in the same order as taking (docs/redemption.md).
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from coupons import terms
from coupons.caller import Caller
from coupons.models import new_id
from coupons.pricing.cart import Cart
from coupons.pricing.case import Case
from coupons.pricing.quote import Applied, Quote
from coupons.pricing.terms import Prize
from coupons.prizes import PrizeFacts
from redemption.facts import CodeFacts, Facts
from redemption.models import Redemption, Use
from redemption.statements import Statements

# Each takes one use and says by its row count whether there was one left. `{after}` is where it
# waits for those before it (`Statements`).
TAKE_CODE = """
UPDATE coupons_code SET uses = uses + 1
 WHERE id = %s AND coupon_id = %s AND state = 'active' AND uses < max_uses AND {after}
"""
TAKE_CUSTOMER = """
INSERT INTO redemption_customercounter AS c
       (merchant_id, coupon_id, customer_id, max_uses, uses)
SELECT %s, %s, %s, %s, 1 WHERE {after}
ON CONFLICT (coupon_id, customer_id) DO UPDATE
   SET uses = c.uses + 1, max_uses = excluded.max_uses
 WHERE c.uses < excluded.max_uses
"""
TAKE_DAY = """
INSERT INTO coupons_couponday AS d (merchant_id, coupon_id, day, max_uses, uses)
SELECT %s, %s, %s, %s, 1 WHERE {after}
ON CONFLICT (coupon_id, day) DO UPDATE
   SET uses = d.uses + 1, max_uses = excluded.max_uses
 WHERE d.uses < excluded.max_uses
"""
TAKE_COUPON = """
UPDATE coupons_couponcounter
   SET uses = uses + 1, budget_used_minor = budget_used_minor + %s
 WHERE coupon_id = %s AND revision = %s AND (max_uses IS NULL OR uses < max_uses)
   AND (budget_minor IS NULL OR budget_used_minor + %s <= budget_minor) AND {after}
"""

GIVE_CODE = """
UPDATE coupons_code SET uses = uses - %s WHERE id = %s AND NOT shared AND {after}
"""
GIVE_CUSTOMER = """
UPDATE redemption_customercounter SET uses = uses - %s
 WHERE coupon_id = %s AND customer_id = %s AND {after}
"""
GIVE_DAY = """
UPDATE coupons_couponday SET uses = uses - %s WHERE coupon_id = %s AND day = %s AND {after}
"""
SETTLE_COUPON = """
UPDATE coupons_couponcounter
   SET uses = uses - %s, budget_used_minor = budget_used_minor + %s
 WHERE coupon_id = %s AND (budget_minor IS NULL OR budget_used_minor + %s <= budget_minor)
   AND {after}
"""


class Drawn(Struct, frozen=True):
    """The prize that one code has drawn, and the winner's code of the coupon that it is."""

    code: str
    prize: Prize
    facts: PrizeFacts
    text: str | None


class Entry(Struct, frozen=True, dict=True):  # it keeps its `uses` in the dict
    """A redemption about to be written."""

    caller: Caller
    facts: Facts
    case: Case
    quote: Quote
    order: str
    fingerprint: bytes
    #: Until when it is only held; None redeems at once.
    held_until: datetime | None = None
    drawn: tuple[Drawn, ...] = ()
    id: uuid.UUID = field(default_factory=new_id)

    @property
    def cart(self) -> Cart:
        """Return the cart that was quoted."""
        return self.case.cart

    @property
    def method(self) -> str:
        """Return how it is redeemed."""
        return self.case.method

    @property
    def at(self) -> datetime:
        """Return the instant that it was judged at."""
        return self.case.at

    @property
    def status(self) -> str:
        """Return the status that it is written with."""
        held, redeemed = Redemption.Status.HELD, Redemption.Status.REDEEMED
        return str(redeemed if self.held_until is None else held)

    @cached_property
    def uses(self) -> list[tuple[CodeFacts, Applied]]:
        """Pair what applies with the ledger's facts, in the order of taking."""
        pairs = [(self.facts.codes[applied.code], applied) for applied in self.quote.applied]
        return sorted(pairs, key=lambda pair: (pair[0].coupon_id, pair[0].code_id))


def take_code(entry: Entry, statements: Statements, code: CodeFacts) -> None:
    """Take one use of a unique code."""
    if code.shared or entry.cart.shopper.is_test:
        return  # bounded by the coupon's limits alone; a test takes nothing anywhere
    statements.take(TAKE_CODE, [code.code_id, code.coupon_id], row=("code", code.code_id))


def take_customer(
    entry: Entry,
    statements: Statements,
    code: CodeFacts,
    applied: Applied,
    customer_id: int | None,
) -> None:
    """Take one of the uses that the coupon allows each customer."""
    limit = applied.terms.limits.uses_per_customer
    if limit is None or customer_id is None or entry.cart.shopper.is_test:
        return
    statements.take(
        TAKE_CUSTOMER,
        [entry.caller.merchant.pk, code.coupon_id, customer_id, limit],
        row=("customer", code.coupon_id),
    )


def take_day(entry: Entry, statements: Statements, code: CodeFacts, applied: Applied) -> None:
    """Take one of the uses that the coupon allows on this day of its time zone."""
    limit = applied.terms.limits.uses_per_day
    if limit is None or entry.cart.shopper.is_test:
        return
    statements.take(
        TAKE_DAY,
        [code.merchant_id, code.coupon_id, code.day, limit],
        row=("day", code.coupon_id),
    )


def take_coupon(entry: Entry, statements: Statements, code: CodeFacts, applied: Applied) -> None:
    """Take one of all the coupon's uses, and its discount from the budget."""
    if entry.cart.shopper.is_test:
        return
    budget = applied.budget_amount or 0
    statements.take(
        TAKE_COUPON,
        [budget, code.coupon_id, code.revision, budget],
        row=("coupon", code.coupon_id),
    )


def give_back(*, uses: Iterable[Use], budgets: Mapping[int, int] | None = None) -> None:
    """Give back what uses have taken, in one round trip; whoever calls marks them as not taken.

    `budgets` are what other uses now take more (or less) of, by coupon; `TakeLost` where a
    budget has not that much left. Call it in the transaction of the change, after all else:
    the busiest rows are locked from here to the commit.
    """
    # A test has taken nothing.
    given = [use for use in uses if not use.is_test]
    codes, customers, days, coupons = Counter[Any](), Counter[Any](), Counter[Any](), Counter[Any]()
    owed = Counter[int](budgets or {})
    compiled = terms.load([(use.coupon_id, use.version) for use in given])
    for use in given:
        codes[use.coupon_id, use.code_id] += 1
        limits = compiled[use.coupon_id, use.version].limits
        if use.customer_id is not None and limits.uses_per_customer is not None:
            customers[use.coupon_id, use.customer_id] += 1
        if use.counted_on is not None:
            days[use.coupon_id, use.counted_on] += 1
        coupons[use.coupon_id] += 1
        owed[use.coupon_id] -= use.budget_minor or 0
    statements = Statements()
    for (_, code), count in sorted(codes.items()):
        statements.add(GIVE_CODE, [count, code])
    for (coupon, customer), count in sorted(customers.items()):
        statements.add(GIVE_CUSTOMER, [count, coupon, customer])
    for (coupon, day), count in sorted(days.items()):
        statements.add(GIVE_DAY, [count, coupon, day])
    for coupon in sorted({*coupons, *owed}):
        more = owed[coupon]
        statements.take(SETTLE_COUPON, [coupons[coupon], more, coupon, more])
    statements.run()
