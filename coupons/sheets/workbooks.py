"""Rows of an xlsx, xls or ods file, read in a process of its own with little room.

A workbook says where its cells are. A few bytes can thus ask for billions of cells, and
whoever reads it finds out by running out of memory. So a child reads it: with a limit on
memory and on time, no environment and nothing but the file. When it dies, the file was bad.
"""

import pickle  # only plain values are taken, see `_Plain`
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from coupons.sheets.errors import Unreadable

#: Bytes of memory that reading a workbook may take.
MOST_MEMORY = 3 << 30
#: Seconds of computing.
LONGEST = 300
#: Rows that travel together.
BATCH = 500

_ROOT = Path(__file__).parents[2]


def workbook_rows(*, file: BinaryIO) -> Iterator[tuple[int, list[Any]]]:
    """Read the rows of a workbook's sheets with their numbers, counted on from sheet to sheet."""
    file.seek(0)
    with tempfile.TemporaryFile() as own:
        shutil.copyfileobj(file, own)
        own.seek(0)
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "coupons.sheets.workbook_child", str(MOST_MEMORY), str(LONGEST)],
            stdin=own,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={},
        )
        try:
            yield from _received(child.stdout)
        finally:
            child.kill()
            child.communicate()


def _received(sent: Any) -> Iterator[tuple[int, list[Any]]]:
    try:
        while True:
            kind, content = _Plain(sent).load()
            if kind == "refused":
                raise Unreadable(content)
            if kind == "end":
                return
            yield from content
    except (EOFError, pickle.UnpicklingError) as error:
        raise Unreadable(
            "The file needs too much memory or time to be read; split it, or send it as CSV."
        ) from error


class _Plain(pickle.Unpickler):
    """Takes dates, times and plain values only, since the child has read a stranger's file."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "datetime" and name in {"datetime", "date", "time", "timedelta"}:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")
