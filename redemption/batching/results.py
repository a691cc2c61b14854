"""The result of a batch: the file again, with what became of each row."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext, gettext_lazy

from coupons.pricing.quote import Reason
from coupons.reasons import SENTENCES
from coupons.sheets.writing import csv_chunks
from redemption.batch_template import SHAPE
from redemption.batching.settling import GONE
from redemption.batching.staging import BAD_ROW
from redemption.errors import TryAgain
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


def reason_in_words(reason: str) -> str:
    """Say a reason in the reader's language, without the particulars of one row."""
    if reason in _OWN:
        return str(_OWN[reason])
    words = str(SENTENCES.get(Reason(reason), reason)) if reason in set(Reason) else reason
    # A sentence with a number in it is about one row.
    return reason.replace("_", " ") if "%(" in words else words


_OWN = {
    BAD_ROW: gettext_lazy("The row cannot be read."),
    GONE: gettext_lazy("The hold was released before the other rows were done."),
    TryAgain.code: gettext_lazy("Others were at the same code at that moment."),
}
