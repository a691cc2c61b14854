"""What became of rows, written beside them and counted on their batch."""

from collections.abc import Sequence

from django.db import connection

from redemption.batching.judging import AskedRow, Verdict
from redemption.models import BatchRow, RedemptionBatch

_WRITE = """
UPDATE redemption_batchrow r
   SET outcome = o.outcome, reason = o.reason, message = o.message,
       redemption_ref = coalesce(o.redemption, r.redemption_ref)
  FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::uuid[])
       AS o (number, outcome, reason, message, redemption)
 WHERE r.batch_id = %s AND r.number = o.number
"""


def next_rows(*, batch: RedemptionBatch, outcomes: Sequence[str], most: int) -> list[AskedRow]:
    """Return the next rows of the stage that stand like that."""
    rows = BatchRow.objects.of(batch.merchant).filter(batch=batch, number__gt=batch.done_to)
    found = rows.filter(outcome__in=outcomes).order_by("number").values_list(*AskedRow._fields)
    return [AskedRow(*each) for each in found[:most]]


def write(*, batch: RedemptionBatch, verdicts: Sequence[Verdict]) -> None:
    """Write down what became of rows."""
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


def count(*, batch: RedemptionBatch, verdicts: Sequence[Verdict]) -> None:
    """Move the counts of a batch along, once what became of rows is written."""
    for each in verdicts:
        _count(batch, each.row.outcome, -1)
        _count(batch, each.outcome, 1)


def _count(batch: RedemptionBatch, outcome: str, more: int) -> None:
    if outcome != BatchRow.Outcome.WAITING:  # what nobody counts is what is left
        setattr(batch, outcome, getattr(batch, outcome) + more)
