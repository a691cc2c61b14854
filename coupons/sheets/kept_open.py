"""A stored file that is read piece by piece: the worker who reads on need not begin anew."""

import threading
from collections.abc import Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from coupons.sheets.cell_text import Cell
from coupons.sheets.columns import Column, SheetShape
from coupons.sheets.headings import not_recognised, recognised
from coupons.sheets.reading import open_rows

_Rows = Generator[tuple[int, list[Cell]], None, None]


@dataclass(slots=True)
class OpenSheet:
    """A file that this thread is reading: its columns, and how far it is."""

    of: Hashable
    read_to: int
    columns: Mapping[int, Column]
    ignored: Sequence[str]
    _file: BinaryIO
    _rows: _Rows

    def read(self, *, most: int) -> list[tuple[int, list[Cell]]]:
        """Return the next rows with their numbers, at most so many; fewer at the end."""
        found = list(islice(self._rows, most))
        # Nobody knows where a file stands whose reading or whose piece went wrong.
        self.read_to = found[-1][0] if found else self.read_to
        return found

    def close(self) -> None:
        """Close the file."""
        self._rows.close()
        self._file.close()


class _Mine(threading.local):
    sheet: OpenSheet | None = None


_MINE = _Mine()


def kept_open(
    *, of: Hashable, stored: Any, name: str, shape: SheetShape, read_to: int
) -> OpenSheet:
    """Return a stored file where the row after `read_to` comes; `Unreadable` where it is no sheet.

    This thread's own, if it stands there; opened anew where another has read on, or a piece
    was rolled back.
    """
    if _MINE.sheet and (_MINE.sheet.of, _MINE.sheet.read_to) == (of, read_to):
        return _MINE.sheet
    let_go()
    file = stored.storage.open(stored.name, "rb")
    rows: _Rows = open_rows(file=file, name=name)  # type: ignore[assignment]
    try:
        _, headings = next(rows, (0, []))
        columns = recognised(cells=headings, shape=shape)
    except BaseException:
        rows.close()
        file.close()
        raise
    _MINE.sheet = OpenSheet(
        of=of,
        read_to=read_to,
        columns=columns,
        ignored=not_recognised(cells=headings, shape=shape),
        _file=file,
        _rows=_after(rows, read_to),
    )
    return _MINE.sheet


def let_go() -> None:
    """Close the file that this thread has open, if it has."""
    if _MINE.sheet:
        _MINE.sheet.close()
        _MINE.sheet = None


def _after(rows: _Rows, read_to: int) -> _Rows:
    try:
        yield from (row for row in rows if row[0] > read_to)
    finally:
        rows.close()
