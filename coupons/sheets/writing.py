"""Rows on their way out, as CSV or as a workbook, in a stream and with little memory.

What is written is read back as the same value: texts that look like formulas are made
harmless on the way (`cell_text`), codes stay text, and moments keep their zone in CSV and
are in the merchant's zone, to the second, in a workbook.
"""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import xlsxwriter
from django.utils.translation import gettext
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from coupons.sheets.cell_text import KEPT_DIGITS, LONGEST_CELL, REMARK, Cleared, defused
from coupons.sheets.columns import Column, Holds

#: Rows of one sheet of a workbook, the headings among them.
ROWS_OF_A_SHEET = 1_048_576

_CHUNK = 1 << 16
_AS_TEXT = "@"
_FORMATS = {
    Holds.CODE: _AS_TEXT,
    Holds.TEXT: _AS_TEXT,
    Holds.WORDS: _AS_TEXT,
    Holds.JSON: _AS_TEXT,
    Holds.DATE: "yyyy-mm-dd",
    Holds.MOMENT: "yyyy-mm-dd hh:mm:ss",
}
#: Words with one of these in them are no list with commas between them.
NO_LIST = frozenset(",;，；、\n")
#: Characters of a column's width.
_WIDE, _NARROW = 28, 16


class Remark(str):
    """A text for people, at the beginning of a row that is not read."""

    __slots__ = ()

    def __new__(cls, text: str) -> "Remark":
        """Put the mark in front of a text."""
        return super().__new__(cls, f"{REMARK} {text}")


def csv_chunks(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Write rows, the headings first, as CSV in UTF-8 with its mark, a chunk at a time."""
    # Spreadsheets take a file without the mark for one in the local 8-bit encoding.
    yield codecs.BOM_UTF8
    yield from csv_lines(rows)


def csv_lines(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Write rows as lines of CSV, a chunk at a time."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_plain(value) for value in row])
        if text.tell() > _CHUNK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def write_workbook(
    *, file: BinaryIO, columns: Sequence[Column], rows: Iterable[Sequence[Any]], zone: ZoneInfo
) -> None:
    """Write rows under the columns' headings as xlsx, in as many sheets as they need."""
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        formats = formats_of(book)
        sheet, at = None, ROWS_OF_A_SHEET
        for row in rows:
            if at == ROWS_OF_A_SHEET:
                sheet, at = new_sheet(book, columns=columns, formats=formats), 1
            for place, (column, value) in enumerate(zip(columns, row, strict=True)):
                _write(sheet, (at, place), value, column, formats, zone)
            at += 1
        if sheet is None:
            new_sheet(book, columns=columns, formats=formats)


def formats_of(book: xlsxwriter.Workbook) -> dict[str, Format]:
    """Return a workbook's formats, by what cells hold and `heading`."""
    made = {holds.value: book.add_format({"num_format": form}) for holds, form in _FORMATS.items()}
    return {**made, "heading": book.add_format({"bold": True, "text_wrap": True})}


def new_sheet(
    book: xlsxwriter.Workbook, *, columns: Sequence[Column], formats: dict[str, Format]
) -> Worksheet:
    """Add a sheet with its headings, which stay when one scrolls."""
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        is_wide = _FORMATS.get(column.holds) == _AS_TEXT
        width = _WIDE if is_wide else _NARROW
        sheet.set_column(place, place, width, formats.get(column.holds.value))
        sheet.write_string(0, place, str(column.heading), formats["heading"])
    return sheet


def _write(
    sheet: Any,
    where: tuple[int, int],
    value: Any,
    column: Column,
    formats: dict[str, Format],
    zone: ZoneInfo,
) -> None:
    shown = formats.get(column.holds.value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = _local(value, zone)
    if isinstance(value, date) and value.year > 1900:
        sheet.write_datetime(*where, value, shown)
        return
    if column.holds is Holds.AMOUNT and _is_kept(value):
        value = Decimal(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and _is_kept(str(value)):
        sheet.write_number(*where, value, shown)
        return
    text = str(_plain(value))
    if text:
        sheet.write_string(*where, text, shown)


def _local(value: datetime, zone: ZoneInfo) -> datetime | str:
    """Return what a clock in the zone shows; with its offset, as text, where that says too little.

    An hour that the clocks show twice, or a fraction of a second, would not come back as it was.
    """
    local = value.astimezone(zone)
    shown = local.replace(tzinfo=None)
    is_whole = not local.microsecond and shown.replace(tzinfo=zone) == value
    return shown if is_whole else local.isoformat(sep=" ")


def _is_kept(value: Any) -> bool:
    """Say whether a number in digits is one that a spreadsheet does not shorten."""
    digits = value.replace(".", "", 1).removeprefix("-") if isinstance(value, str) else ""
    return digits.isdecimal() and len(digits) <= KEPT_DIGITS


def _plain(value: Any) -> str | int:
    """Return what stands in a cell for a value."""
    if isinstance(value, Remark | Cleared):
        return value
    if isinstance(value, str):
        return _checked(defused(value))
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, int):
        return value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        together = "".join(value)
        # Words with commas of their own would come back as more of them.
        if not set(together) & NO_LIST and not together.startswith("["):
            return _checked(defused(", ".join(value)))
    return _checked(json.dumps(value, ensure_ascii=False))


def _checked(text: str) -> str:
    # A spreadsheet would cut it off, and nobody would know.
    if len(text) > LONGEST_CELL:
        raise ValueError(f"A cell has at most {LONGEST_CELL} characters.")
    return text
