"""Rows of a file that somebody sent: what it is, read as a stream, and how much it may hold.

What a file is, its first bytes say; its name decides only where they leave a choice.
"""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from coupons.sheets.cell_text import LONGEST_CELL, REMARK, Cell, as_typed
from coupons.sheets.delimited import delimited_rows
from coupons.sheets.errors import Unreadable
from coupons.sheets.workbooks import workbook_rows

#: Bytes. A workbook is packed, and is read as a whole.
LARGEST_WORKBOOK = 100 << 20
LARGEST_CSV = 2 << 30
MOST_ROWS = 5_000_000
MOST_COLUMNS = 100

_WORKBOOKS = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
# What people send in place of a spreadsheet; what has a zero in it is found out later.
_OTHERS = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"{\\rtf",
)
_MARKUP = (b"<?xml", b"<html", b"<!doctype", b"<table")


def open_rows(*, file: BinaryIO, name: str) -> Iterator[tuple[int, list[Cell]]]:
    """Read a file's rows, the headings first, each with its number as people see it, from 1.

    Empty rows and remarks are counted and left out; so are empty cells at a row's end.
    Unreadable says what is wrong with the file, at once or when reading gets there.
    """
    rows = _rows(file, name)
    for number, cells in rows:
        if number > MOST_ROWS:
            raise Unreadable(f"The file has more than {MOST_ROWS} rows; split it.")
        shaped = _shaped(cells)
        if not shaped or _is_remark(shaped):
            continue
        if len(shaped) > MOST_COLUMNS:
            raise Unreadable(f"Row {number}: there are more than {MOST_COLUMNS} columns.")
        # Most cells are short texts and numbers; a call for each would be half the work.
        yield (
            number,
            [cell if cell.__class__ is not str else _text(cell, number) for cell in shaped],
        )


def _rows(file: BinaryIO, name: str) -> Iterator[tuple[int, list[Any]]]:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(16)
    if not start:
        raise Unreadable("The file is empty.")
    if start.startswith(_WORKBOOKS):
        _check_size(size, LARGEST_WORKBOOK)
        return workbook_rows(file=file)
    _check_size(size, LARGEST_CSV)
    if start.startswith(_OTHERS):
        raise Unreadable("This is no spreadsheet; send xlsx, xls, ods or CSV.")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        raise Unreadable("This is a web page or XML; open it and save it as xlsx or CSV.")
    return delimited_rows(file=file, name=name)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise Unreadable(f"The file has more than {most >> 20} MB; split it, or send it as CSV.")


def _shaped(cells: list[Any]) -> list[Any]:
    if cells and not _is_empty(cells[-1]):
        return cells
    end = len(cells)
    while end and _is_empty(cells[end - 1]):
        end -= 1
    return cells[:end]


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _is_remark(cells: list[Any]) -> bool:
    first = cells[0]
    if _is_empty(first):
        first = next(cell for cell in cells if not _is_empty(cell))
    return isinstance(first, str) and first.lstrip().startswith(REMARK)


def _text(cell: str, number: int) -> str | None:
    if len(cell) > LONGEST_CELL:
        most = LONGEST_CELL
        raise Unreadable(
            f"Row {number}: a cell has more than {most} characters; close its quotation mark."
        )
    return as_typed(cell) or None
