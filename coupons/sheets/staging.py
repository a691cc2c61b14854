"""Rows of a file brought into the database as they are read, with what each would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection

from coupons import planning
from coupons.errors import Invalid
from coupons.models.sheet import SheetImport
from coupons.sheets.cell_text import CLEARED
from coupons.sheets.cells import cleaned
from coupons.sheets.checking import EMPTIED, check, filled
from coupons.sheets.columns import Column
from coupons.sheets.kept_open import kept_open, let_go
from coupons.sheets.kinds import Row, Sheet, kind

#: Rows staged in one transaction, what a kill costs at most; a kind may ask for fewer.
CHUNK = 10_000

_INCOMING = """
CREATE TEMPORARY TABLE IF NOT EXISTS incoming
       (number bigint, key text COLLATE "C", cells jsonb, problem text) ON COMMIT DROP
"""
_STAGE = """
WITH staged AS (
    INSERT INTO coupons_stagedrow
           (merchant_id, imported_id, number, key, cells, before, outcome, problem)
    SELECT %(merchant)s, %(imported)s, number, key, cells, before, outcome, problem
      FROM ({check}) AS checked
     UNION ALL
    SELECT %(merchant)s, %(imported)s, number, key, cells, NULL, 'bad', problem
      FROM incoming WHERE problem <> ''
    RETURNING outcome)
SELECT outcome, count(*) FROM staged GROUP BY outcome
"""
_GOOD = "(SELECT number, key, cells FROM incoming WHERE problem = '')"
# The first of several stays.
_TWICE = """
UPDATE coupons_stagedrow d
   SET outcome = 'bad', before = NULL,
       problem = %(column)s || '|Row ' || twice.first || ' has the same already.'
  FROM (SELECT key, min(number) AS first FROM coupons_stagedrow
         WHERE imported_id = %(imported)s AND outcome <> 'bad'
         GROUP BY key HAVING count(*) > 1) AS twice
 WHERE d.imported_id = %(imported)s AND d.outcome <> 'bad'
   AND d.key = twice.key AND d.number > twice.first
"""
_COUNT = "SELECT outcome, count(*) FROM coupons_stagedrow WHERE imported_id = %s GROUP BY outcome"

#: What `COPY` reads as something else.
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": "", "\ufffe": ""}
)
_UNSTORABLE = str.maketrans({"\x00": ""})


@dataclass(slots=True)
class _Incoming:
    """A row of the file on its way."""

    number: int
    #: By column; None where the cell says to empty it.
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    typed: dict[str, Any] = field(default_factory=dict)

    @property
    def is_bad(self) -> bool:
        return bool(self.problems)


def read_piece(*, imported: SheetImport) -> bool:
    """Stage the next rows and count them on the import; False once the file is at its end.

    Raises `Unreadable` where the file is none that can be read.
    """
    sheet = kind(name=imported.sheet)
    opened = kept_open(
        of=imported.pk,
        stored=imported.file,
        name=imported.file_name,
        shape=sheet.shape,
        read_to=imported.read_to,
    )
    columns = {place: each for place, each in opened.columns.items() if sheet.reads(column=each)}
    imported.columns = [column.name for column in columns.values()]
    imported.ignored = list(opened.ignored)
    zone = ZoneInfo(imported.merchant.time_zone)
    most = min(CHUNK, sheet.at_once)
    rows = [_cleaned(number, cells, columns, zone) for number, cells in opened.read(most=most)]
    if rows:
        _stage(imported, sheet, rows)
        imported.read_to = rows[-1].number
    more = len(rows) == most
    if not more:
        let_go()
    return more


def refuse_twins(*, imported: SheetImport) -> None:
    """Make rows bad whose key an earlier row of the file has."""
    key = kind(name=imported.sheet).shape.key
    with connection.cursor() as cursor:
        cursor.execute(_TWICE, {"imported": imported.pk, "column": key})


def count(*, imported: SheetImport) -> None:
    """Count the staged rows anew by what they do."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [imported.pk])
        counts = dict(cursor.fetchall())
    for outcome in ("new", "changed", "kept", "same", "bad"):
        setattr(imported, outcome, counts.get(outcome, 0))


def _cleaned(
    number: int, cells: Sequence[Any], columns: Mapping[int, Column], zone: ZoneInfo
) -> _Incoming:
    row = _Incoming(number)
    filled_in = len(cells)
    for place, column in columns.items():
        value = cells[place] if place < filled_in else None
        if value is None:
            if column.required:
                row.problems.append(f"{column.name}|This is required.")
            continue
        row.typed[column.name] = value
        if value is CLEARED:
            if column.required:
                row.problems.append(f"{column.name}|This is required.")
            elif not column.told:
                row.values[column.name] = None
            continue
        try:
            value = cleaned(cell=value, column=column, zone=zone)
        except ValueError as error:
            row.problems.append(f"{column.name}|{error}")
        else:
            if value is not None:
                row.values[column.name] = value
    return row


def _stage(imported: SheetImport, sheet: Sheet, rows: Sequence[_Incoming]) -> None:
    key = sheet.shape.key
    keys = [row.values[key] for row in rows if not row.is_bad]
    known = sheet.known(imported.merchant, keys)
    coupon = imported.coupon.slug if imported.coupon else None
    names = [stored.name for stored in sheet.stored]
    lines = []
    for row in rows:
        values: Sequence[Any] = ()
        if not row.is_bad:
            told = row.values[key]
            try:
                values = sheet.values(
                    Row(told, row.values, imported.merchant, coupon, known.get(told))
                )
            except Invalid as error:
                row.problems += [f"{each.field}|{each.message}" for each in error.errors]
            else:
                values = [
                    EMPTIED if value is None and row.values.get(name, 0) is None else value
                    for name, value in zip(names, values, strict=True)
                ]
        if row.is_bad:
            values = [_as_typed(row.typed.get(name)) for name in names]
        lines.append(_line(row, _as_typed(row.typed.get(key)), values, row.values.get(key)))
    query = _STAGE.format(check=check(sheet=sheet, on_duplicate=imported.on_duplicate, rows=_GOOD))
    with connection.cursor() as cursor:
        cursor.execute(_INCOMING)
        cursor.execute("DELETE FROM incoming")
        with cursor.copy("COPY incoming FROM STDIN") as copy:
            copy.write("".join(lines).encode("utf-8", "replace"))
        with planning.by_key():
            cursor.execute(query, filled(imported=imported))
        for outcome, number in cursor.fetchall():
            setattr(imported, outcome, getattr(imported, outcome) + number)


def _line(row: _Incoming, typed: str | None, values: Sequence[Any], key: str | None) -> str:
    cells = msgspec.json.encode(values).decode()
    if "\\" in cells:
        cells = cells.translate(_ESCAPES)
    told = (typed if row.is_bad else key) or ""
    problem = "\n".join(row.problems).translate(_ESCAPES) if row.problems else ""
    return f"{row.number}\t{told.translate(_ESCAPES)}\t{cells}\t{problem}\n"


def _as_typed(value: Any) -> str | None:
    if value is CLEARED:
        return EMPTIED
    return None if value is None else str(value).translate(_UNSTORABLE)
