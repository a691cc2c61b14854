"""Rows of a CSV file, read as a stream: its encoding, its delimiter, its records."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from coupons.sheets.cell_text import REMARK
from coupons.sheets.errors import Unreadable

#: Characters of one line, and of one record over all its lines.
LONGEST_LINE = 1_000_000
LONGEST_RECORD = 4_000_000
#: Lines of remarks and empty ones that may stand above the headings.
LOOKED_AHEAD = 100
#: How much of the Chinese in a file in GB18030 is common, in percent. Texts in other
#: 8-bit encodings often pass for GB18030, but then have hardly any of it.
COMMON_CHINESE = 80

_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TOLD = re.compile(r"sep=([^\r\n\"])\r?\n?\Z", re.IGNORECASE)


def delimited_rows(*, file: BinaryIO, name: str) -> Iterator[tuple[int, list[str]]]:
    """Read a CSV file's records with their numbers, from 1; Unreadable where it is broken."""
    encoding = _encoding(file)
    file.seek(0)
    text = io.TextIOWrapper(io.BufferedReader(_Left(file)), encoding=encoding, newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=_delimiter(lines, name), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):
            lines.begin_record()
            yield number, row
    except csv.Error as error:
        raise Unreadable(_sentence(str(error), number + 1)) from error


def _sentence(error: str, number: int) -> str:
    if "field larger" in error or "unexpected end" in error:
        return f"Row {number}: a quotation mark is opened and never closed."
    return f"Row {number}: a quotation mark stands in the middle of a cell."


class _Left(io.RawIOBase):
    """A reader that leaves the file below it open when it is closed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, into: "bytearray | memoryview") -> int:  # type: ignore[override]
        read = self._file.read(len(into))
        into[: len(read)] = read
        return len(read)


class _Lines:
    """A text's lines; one, or a record of many, that is too long to hold is refused."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._again: list[str] = []
        self._since_record = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.pop(0) if self._again else self._text.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self._since_record += len(line)
        if len(line) > LONGEST_LINE or self._since_record > LONGEST_RECORD:
            raise Unreadable("A row is too long; perhaps a quotation mark is never closed.")
        return line

    def begin_record(self) -> None:
        self._since_record = 0

    def look_again_at(self, lines: list[str]) -> None:
        self._again, self._since_record = lines, 0


def _delimiter(lines: _Lines, name: str) -> str:
    """Look ahead to the headings, or to a line such as `sep=;`, which nobody sees as a row."""
    seen: list[str] = []
    for line in lines:
        if not seen and (told := _TOLD.match(line)):
            return told[1]
        seen.append(line)
        if len(seen) == LOOKED_AHEAD or _may_be_headings(line):
            break
    lines.look_again_at(seen)
    return _dividing(seen[-1] if seen else "", name)


def _may_be_headings(line: str) -> bool:
    return bool(line.strip(' ",;\t\r\n')) and not line.lstrip('" ').startswith(REMARK)


def _dividing(headings: str, name: str) -> str:
    """Take what divides most often outside quotation marks; a tie goes by the name."""
    plain = re.sub(r'"[^"]*"', "", headings)
    usual = "\t" if name.lower().endswith((".tsv", ".tab")) else ","
    return max(",;\t", key=lambda mark: (plain.count(mark), mark == usual))


def _encoding(file: BinaryIO) -> str:
    """Find the one encoding in which the whole file can be read, without guessing."""
    file.seek(0)
    start = file.read(4096)
    tried = [encoding for mark, encoding in _MARKS if start.startswith(mark)]
    if not tried:
        tried = _without_mark(start)
    for encoding in tried:
        if _reads_as(file, encoding):
            return encoding
    if b"\0" in start:
        raise Unreadable("This is no spreadsheet; send xlsx, xls, ods or CSV.")
    raise Unreadable("The text is neither UTF-8 nor UTF-16 nor GB18030; save it as CSV UTF-8.")


def _without_mark(start: bytes) -> list[str]:
    if b"\0" not in start:
        return ["utf-8", "gb18030"]
    # What divides cells and rows has a zero in every other byte; other zeros are no text.
    return [
        encoding
        for encoding in ("utf-16-le", "utf-16-be")
        if set(start.decode(encoding, "ignore")) & set(",;\t\n")
    ]


def _reads_as(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    foreign = common = 0
    try:
        while chunk := file.read(_CHUNK):
            text = decoder.decode(chunk)
            if "\0" in text:
                raise Unreadable("This is no spreadsheet; send xlsx, xls, ods or CSV.")
            if encoding == "gb18030":
                other = text.translate(_WITHOUT_ASCII)
                foreign += len(other)
                common += len(other.encode("gb2312", "ignore")) // 2
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return 100 * common >= COMMON_CHINESE * foreign


_WITHOUT_ASCII = dict.fromkeys(range(128))
