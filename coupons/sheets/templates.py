"""Sheets to fill in: the headings, what goes under each in every language, and an example."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from django.utils.translation import gettext, gettext_lazy
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from coupons.sheets.columns import Column, Holds, SheetShape, in_each_language
from coupons.sheets.writing import (
    ROWS_OF_A_SHEET,
    Remark,
    csv_chunks,
    formats_of,
    new_sheet,
)

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_EMPTYING = gettext_lazy("An empty cell leaves what is there; a cell with only - empties it.")
_EXAMPLES: Mapping[Holds, str] = {
    Holds.TEXT: "",
    Holds.CODE: "SUMMER-7K4Q",
    Holds.WHOLE: "100",
    Holds.AMOUNT: "19.99",
    Holds.DATE: "2026-03-04",
    Holds.MOMENT: "2026-03-04 12:00",
    Holds.WORDS: "",
    Holds.JSON: "{}",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A file to send."""

    name: str
    media_type: str
    content: bytes


def template(*, shape: SheetShape, suffix: str) -> Template:
    """Return a sheet to fill in, as `xlsx` or `csv`, its headings in the language of the moment."""
    if suffix == "xlsx":
        return Template(f"{shape.name}.xlsx", XLSX, _xlsx(shape))
    return Template(f"{shape.name}.csv", CSV, _csv(shape))


def _csv(shape: SheetShape) -> bytes:
    return b"".join(csv_chunks([[str(c.heading) for c in shape.asked], *_remarks(shape)]))


def _xlsx(shape: SheetShape) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        formats = formats_of(book)
        sheet = new_sheet(book, columns=shape.asked, formats=formats)
        help_format = book.add_format(
            {"italic": True, "text_wrap": True, "valign": "top", "num_format": "@"}
        )
        for at, row in enumerate(_remarks(shape), start=1):
            for place, text in enumerate(row):
                sheet.write_string(at, place, text, help_format)
        _offer_choices(book, sheet, shape)
    return file.getvalue()


def _remarks(shape: SheetShape) -> list[list[str]]:
    """Write what goes where, a row for each language, and one row as it may look."""
    headings = zip(*(in_each_language(column.heading) for column in shape.asked), strict=True)
    helps = zip(*(in_each_language(column.about) for column in shape.asked), strict=True)
    rows = [
        [f"{heading}: {about}" for heading, about in zip(*pair, strict=True)]
        for pair in zip(headings, helps, strict=True)
    ]
    if shape.changes:
        rows += [[text] for text in in_each_language(_EMPTYING)]
    rows.append([_example(column) for column in shape.asked])
    return [[Remark(first), *rest] for first, *rest in rows]


def _example(column: Column) -> str:
    offered = _offered(column)
    return offered[0] if offered else _EXAMPLES[column.holds]


def _offered(column: Column) -> list[str]:
    """List what may be chosen, in the language of the moment."""
    if column.holds is Holds.YES_NO:
        return [gettext("Yes"), gettext("No")]
    return [str(words) for words in column.choices.values()]


def _offer_choices(book: Any, sheet: Worksheet, shape: SheetShape) -> None:
    """Offer lists below the headings; the words stand in a hidden sheet, where any may."""
    choices = None
    for place, column in enumerate(shape.asked):
        words = _offered(column)
        if not words:
            continue
        if choices is None:
            choices = book.add_worksheet("choices")
            choices.hide()
        choices.write_column(0, place, words)
        letter = xl_col_to_name(place)
        source = f"=choices!${letter}$1:${letter}${len(words)}"
        # Who pastes may still paste anything: it is looked at when it comes in.
        rule = {"validate": "list", "source": source, "error_type": "warning"}
        sheet.data_validation(1, place, ROWS_OF_A_SHEET - 1, place, rule)
