"""What became of rows, written beside them and counted on their batch."""

from collections.abc import Sequence

from django.db import connection

from coupons.pricing.quote import Reason
from redemption import refusing
from redemption.batching.judging import AskedRow, Verdict
from redemption.models import BatchRow, RedemptionBatch

_EARLIER_ROW = "code|Earlier rows of the file use this code up."

_WRITE = """
UPDATE redemption_batchrow r
   SET outcome = o.outcome, reason = o.reason, message = o.message,
       redemption_ref = coalesce(o.redemption, r.redemption_ref)
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::uuid[])
       AS o (number, outcome, reason, message, redemption)
 WHERE r.batch_id = %s AND r.number = o.number
"""
# Of the orders that want a unique code those come first that stand first in the file.
_BEYOND_USES = """
WITH asked AS (SELECT r.code, r."order", row_number() OVER (
                         PARTITION BY r.code ORDER BY min(r.number)) AS place
                 FROM redemption_batchrow r
                WHERE r.batch_id = %(batch)s AND r.outcome = 'ready'
                GROUP BY r.code, r."order")
UPDATE redemption_batchrow r SET outcome = 'failed', reason = %(reason)s, message = %(message)s
  FROM asked JOIN coupons_code c
         ON c.merchant_id = %(merchant)s AND c.text = asked.code AND NOT c.shared
 WHERE r.batch_id = %(batch)s AND r.outcome = 'ready'
   AND r.code = asked.code AND r."order" = asked."order" AND asked.place > c.max_uses - c.uses
"""


def next_rows(*, batch: RedemptionBatch, outcomes: Sequence[str], most: int) -> list[AskedRow]:
    """Return the next rows of the stage that stand like that."""
    rows = BatchRow.objects.of(batch.merchant).filter(batch=batch, number__gt=batch.done_to)
    found = rows.filter(outcome__in=outcomes).order_by("number").values_list(*AskedRow._fields)
    return [AskedRow(*each) for each in found[:most]]


def write(*, batch: RedemptionBatch, verdicts: Sequence[Verdict]) -> None:
    """Write down what became of rows, and keep what was refused, as of any redemption.

    A dry run asks for no redemption, so nothing of it is kept.
    """
    if not batch.dry_run:
        refusing.keep_all(attempts=[each.attempt for each in verdicts if each.attempt])
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE,
            [
                [each.row.number for each in verdicts],
                [str(each.outcome) for each in verdicts],
                [each.reason for each in verdicts],
                [each.message for each in verdicts],
                [each.redemption for each in verdicts],
                batch.pk,
            ],
        )


def refuse_beyond_uses(*, batch: RedemptionBatch) -> None:
    """Refuse the rows, each good by itself, for which earlier ones leave a code no use."""
    with connection.cursor() as cursor:
        cursor.execute(
            _BEYOND_USES,
            {
                "batch": batch.pk,
                "merchant": batch.merchant_id,
                "reason": Reason.ALREADY_REDEEMED.value,
                "message": _EARLIER_ROW,
            },
        )
        batch.ready -= cursor.rowcount
        batch.failed += cursor.rowcount


def count(*, batch: RedemptionBatch, verdicts: Sequence[Verdict]) -> None:
    """Move the counts of a batch along, once what became of rows is written."""
    for each in verdicts:
        _count(batch, each.row.outcome, -1)
        _count(batch, each.outcome, 1)


def _count(batch: RedemptionBatch, outcome: str, more: int) -> None:
    if outcome != BatchRow.Outcome.WAITING:  # what nobody counts is what is left
        setattr(batch, outcome, getattr(batch, outcome) + more)
