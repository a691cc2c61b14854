"""The program that reads one workbook from its standard input; see `workbooks`."""

import pickle
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import Any, BinaryIO

import python_calamine

from coupons.sheets.archives import check_archive
from coupons.sheets.errors import Unreadable
from coupons.sheets.workbooks import BATCH

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_XLS_BEGIN = b"\x09\x08\x10\x00\x00\x06\x05\x00"
_WRITE_PROTECTED, _LOCKED_BY = b"\x86\x00\x00\x00", b"\x2f\x00"
_BROKEN = "The file is broken or cut off; save it again and send it whole."
_LOCKED = "The file has a password; save it without one."


def main(*, memory: int, seconds: int) -> None:
    """Write the rows of the workbook in standard input to standard output, in batches."""
    # Where the system knows no such limit, it is the file's size that bounds it.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        rows = _rows(sys.stdin.buffer)
        while batch := list(islice(rows, BATCH)):
            _send("rows", batch)
    except Unreadable as error:
        _send("refused", error.detail)
    except (python_calamine.CalamineError, ValueError, OSError):
        _send("refused", _BROKEN)
    else:
        _send("end", None)
    sys.stdout.buffer.flush()


def _send(kind: str, content: Any) -> None:
    # A pickle of its own for each batch: a common one would remember every text.
    pickle.dump((kind, content), sys.stdout.buffer, pickle.HIGHEST_PROTOCOL)


def _rows(file: BinaryIO) -> Iterator[tuple[int, list[Any]]]:
    _check(file)
    file.seek(0)
    with python_calamine.load_workbook(file) as book:
        yield from _rows_of(book)


def _check(file: BinaryIO) -> None:
    if file.read(len(_OLE)) == _OLE:
        file.seek(0)
        content = file.read()
        # Names in the directory of such a file are in UTF-16.
        if "EncryptedPackage".encode("utf-16-le") in content or _is_locked_xls(content):
            raise Unreadable(_LOCKED)
        if "_VBA_PROJECT".encode("utf-16-le") in content:
            raise Unreadable("The file has macros; save it as xlsx without them.")
    else:
        check_archive(file=file)


def _is_locked_xls(content: bytes) -> bool:
    """Look at the record after the beginning of an xls file, which says how it is locked."""
    _, begin, records = content.partition(_XLS_BEGIN)
    after = records[12:].removeprefix(_WRITE_PROTECTED)
    return bool(begin) and after.startswith(_LOCKED_BY)


def _rows_of(book: python_calamine.CalamineWorkbook) -> Iterator[tuple[int, list[Any]]]:
    """Read the first sheet that has rows, and those after it under the same headings."""
    headings: list[tuple[int, Any]] | None = None
    passed = 0
    for about in book.sheets_metadata:
        if about.visible != python_calamine.SheetVisibleEnum.Visible:
            continue
        if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        rows = enumerate(book.get_sheet_by_name(about.name).iter_rows(), start=1)
        above = next((row for row in rows if _counts(row[1])), None)
        if above is None or (headings is not None and _named(above[1]) != headings):
            continue
        # The headings of a further sheet say nothing new.
        begun = [] if headings is not None else [above]
        headings, number = _named(above[1]), above[0]
        for number, row in chain(begun, rows):
            yield passed + number, row
        passed += number


def _named(row: list[Any]) -> list[tuple[int, Any]]:
    return [(place, cell) for place, cell in enumerate(row) if cell != ""]


def _counts(row: list[Any]) -> bool:
    first = next((cell for cell in row if cell != ""), "")
    return first != "" and not (isinstance(first, str) and first.startswith("#"))


if __name__ == "__main__":
    main(memory=int(sys.argv[1]), seconds=int(sys.argv[2]))
