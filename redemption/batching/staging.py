"""Rows of a file brought into the database as they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from coupons.pricing.money import BadAmount, parse_amount
from coupons.sheets.cells import cleaned
from coupons.sheets.columns import Column
from coupons.sheets.kept_open import kept_open, let_go
from redemption.batch_template import SHAPE
from redemption.models import BatchRow, RedemptionBatch

#: Rows staged in one transaction: what a kill costs at most.
CHUNK = 5_000
#: Characters kept of a cell that cannot be read.
KEPT = 200

#: The reason of a row that says nothing one could redeem.
BAD_ROW = "bad_row"

_COPY = """
COPY redemption_batchrow (merchant_id, batch_id, number, code, "order", amount, redeemed_at,
                          note, outcome, reason, message) FROM STDIN
"""
_TYPES = (
    "int8", "uuid", "int8", "text", "text", "text", "timestamptz", "text", "text", "text", "text",
)  # fmt: skip


@dataclass(slots=True)
class _Read:
    """A row of the file on its way; `problem` is `column|sentence`."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


def read_piece(*, batch: RedemptionBatch, at: datetime) -> int:
    """Stage the next rows and count them on the batch; 0 once the file is at its end.

    Raises `Unreadable` where the file is none that can be read.
    """
    sheet = kept_open(
        of=batch.pk, stored=batch.file, name=batch.file_name, shape=SHAPE, read_to=batch.read_to
    )
    batch.ignored = list(sheet.ignored)
    zone = ZoneInfo(batch.merchant.time_zone)
    rows = [
        _row(number, cells, sheet.columns, zone=zone, currency=batch.merchant.currency, at=at)
        for number, cells in sheet.read(most=CHUNK)
    ]
    if not rows:
        let_go()
        return 0
    _copy(batch, rows)
    batch.read_to = rows[-1].number
    batch.total += len(rows)
    batch.failed += sum(bool(row.problem) for row in rows)
    return len(rows)


def _row(
    number: int,
    cells: Sequence[Any],
    columns: Mapping[int, Column],
    *,
    zone: ZoneInfo,
    currency: str,
    at: datetime,
) -> _Read:
    row = _Read(number)
    for place, column in columns.items():
        cell = cells[place] if place < len(cells) else None
        try:
            value = cleaned(cell=cell, column=column, zone=zone)
            _refuse(column.name, value, currency=currency, at=at)
        except ValueError as error:
            row.problem = row.problem or f"{column.name}|{error}"
            value = _as_typed(cell)
        row.values[column.name] = value
    return row


def _refuse(name: str, value: Any, *, currency: str, at: datetime) -> None:
    """Raise `ValueError` for what a sheet may hold and a redemption may not."""
    if name == "amount" and value is not None:
        try:
            parse_amount(value, currency)
        except BadAmount as error:
            raise ValueError(str(error)) from error
    if name == "redeemed_at" and value is not None and value > at:
        raise ValueError("This time is still to come.")


def _as_typed(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return "".join(c for c in text[:KEPT] if c.isprintable())


def _copy(batch: RedemptionBatch, rows: Sequence[_Read]) -> None:
    failed, waiting = BatchRow.Outcome.FAILED.value, BatchRow.Outcome.WAITING.value
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            values = row.values
            redeemed_at = values.get("redeemed_at")
            copy.write_row(
                (
                    batch.merchant_id,
                    batch.pk,
                    row.number,
                    values.get("code") or "",
                    values.get("order") or "",
                    # What could not be read may be longer than an amount is.
                    (values.get("amount") or "")[:40],
                    redeemed_at if isinstance(redeemed_at, datetime) else None,
                    values.get("note") or "",
                    failed if row.problem else waiting,
                    BAD_ROW if row.problem else "",
                    row.problem,
                )
            )
