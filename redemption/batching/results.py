"""The result of a batch: the file again, with what became of each row."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext

from coupons.sheets.writing import csv_chunks
from redemption.batch_template import SHAPE
from redemption.models import BatchRow, RedemptionBatch

#: Rows read from the database at a time.
CHUNK = 2_000


def result(*, batch: RedemptionBatch, say: Callable[[str], str] = str) -> Iterator[bytes]:
    """Yield the result as CSV, chunk by chunk, as the rows stand now.

    `say` translates the sentences of the verbs.
    """
    return csv_chunks(_rows(batch, say))


def message_of(*, row: BatchRow, say: Callable[[str], str] = str) -> str:
    """Say why a row failed; where it is about a column, the column first."""
    column, bar, sentence = row.message.partition("|")
    if not bar:
        return str(row.message)
    heading = next((c.heading for c in SHAPE.columns if c.name == column), "")
    return f"{heading}: {say(sentence)}" if heading else say(sentence)


def _rows(batch: RedemptionBatch, say: Callable[[str], str]) -> Iterator[list[Any]]:
    yield [
        gettext("Row"),
        *(str(column.heading) for column in SHAPE.columns),
        gettext("Status"),
        gettext("Reason"),
        gettext("Message"),
        gettext("Redemption"),
    ]
    rows = BatchRow.objects.of(batch.merchant).filter(batch=batch).order_by("number")
    for row in rows.iterator(chunk_size=CHUNK):
        yield [
            row.number,
            row.code,
            row.order,
            row.amount,
            row.redeemed_at,
            row.note,
            row.outcome,
            row.reason,
            message_of(row=row, say=say),
            str(row.redemption_ref or ""),
        ]
