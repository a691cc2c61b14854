"""Many redemptions of guests written at once: one statement for each limit, in the one order.

What each row alone would take is summed up. Where a sum does not fit, or somebody was
quicker, nothing is written and `TakeLost` says so: the rows are then redeemed one by one,
by the ordinary checkout. So nothing here has to know what would have fitted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, transaction

from coupons.pricing.quote import Applied
from redemption.batching import writing
from redemption.errors import TakeLost
from redemption.facts import CodeFacts
from redemption.taking import Entry

_LOCK_CODES = """
SELECT 1 FROM coupons_code WHERE id = ANY(%s) ORDER BY coupon_id, id FOR NO KEY UPDATE
"""
_TAKE_CODES = """
UPDATE coupons_code c SET uses = c.uses + 1
  FROM unnest(%s::bigint[], %s::bigint[]) AS t (id, coupon_id)
 WHERE c.id = t.id AND c.coupon_id = t.coupon_id AND c.state = 'active' AND c.uses < c.max_uses
"""
_TAKE_DAYS = """
INSERT INTO coupons_couponday AS d (merchant_id, coupon_id, day, max_uses, uses)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::int[], %s::int[])
    AS t (merchant_id, coupon_id, day, max_uses, uses)
 WHERE t.uses <= t.max_uses ORDER BY t.coupon_id
ON CONFLICT (coupon_id, day) DO UPDATE
   SET uses = d.uses + excluded.uses, max_uses = excluded.max_uses
 WHERE d.uses + excluded.uses <= excluded.max_uses
"""
_LOCK_COUPONS = """
SELECT 1 FROM coupons_couponcounter WHERE coupon_id = ANY(%s)
 ORDER BY coupon_id FOR NO KEY UPDATE
"""
_TAKE_COUPONS = """
UPDATE coupons_couponcounter n
   SET uses = n.uses + t.uses, budget_used_minor = n.budget_used_minor + t.budget
  FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::bigint[])
       AS t (coupon_id, revision, uses, budget)
 WHERE n.coupon_id = t.coupon_id AND n.revision = t.revision
   AND (n.max_uses IS NULL OR n.uses + t.uses <= n.max_uses)
   AND (n.budget_minor IS NULL OR n.budget_used_minor + t.budget <= n.budget_minor)
"""


def take(*, entries: Sequence[Entry], before_counters: Callable[[], None]) -> None:
    """Take and write redemptions of guests, each of one code; `TakeLost` unless all of it fits.

    No code and no order stands twice among them, and none is a draw. The busiest rows are
    locked last, after what is to be done `before_counters`. Nothing is committed.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        uses = [use for entry in entries for use in entry.uses]
        unique = [code for code, _ in uses if not code.shared]
        ids = [code.code_id for code in unique]
        cursor.execute(_LOCK_CODES, [ids])
        _took(cursor, _TAKE_CODES, len(ids), [ids, [code.coupon_id for code in unique]])
        _take_days(cursor, uses)
        writing.write(entries=entries)
        before_counters()
        # The foreign keys are looked at before the counters are locked, not at the commit.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _take_coupons(cursor, uses)


def _take_days(cursor: Any, uses: Iterable[tuple[CodeFacts, Applied]]) -> None:
    days = Counter(
        (code.merchant_id, code.coupon_id, code.day, applied.terms.limits.uses_per_day)
        for code, applied in uses
        if applied.terms.limits.uses_per_day is not None
    )
    if days:
        columns = [list(column) for column in zip(*days, strict=True)]
        _took(cursor, _TAKE_DAYS, len(days), [*columns, list(days.values())])


def _take_coupons(cursor: Any, uses: Iterable[tuple[CodeFacts, Applied]]) -> None:
    counts, budgets = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for code, applied in uses:
        counter = (code.coupon_id, code.revision)
        counts[counter] += 1
        budgets[counter] += applied.budget_amount or 0
    coupons = [coupon for coupon, _ in counts]
    cursor.execute(_LOCK_COUPONS, [coupons])
    revisions = [revision for _, revision in counts]
    owed = [budgets[counter] for counter in counts]
    _took(cursor, _TAKE_COUPONS, len(counts), [coupons, revisions, list(counts.values()), owed])


def _took(cursor: Any, statement: str, wanted: int, values: Sequence[Any]) -> None:
    cursor.execute(statement, values)
    if cursor.rowcount != wanted:
        raise TakeLost
