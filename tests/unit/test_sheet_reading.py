"""Rows of files as people send them: every format, every encoding, and every trap."""

import io
import os
import resource
import struct
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

import openpyxl
import psutil
import pytest

from coupons.sheets import archives, delimited, reading, workbooks
from coupons.sheets.errors import Unreadable
from coupons.sheets.reading import open_rows

FILES = Path(__file__).parents[1] / "files"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BROKEN = "The file is broken or cut off; save it again and send it whole."
TOO_MUCH = "The file needs too much memory or time to be read; split it, or send it as CSV."
NO_SHEET = "This is no spreadsheet; send xlsx, xls, ods or CSV."
LOCKED = "The file has a password; save it without one."
MACROS = "The file has macros; save it as xlsx without them."
UNPACKED = "The file becomes too large when it is unpacked; split it, or send it as CSV."
CELLS = '<row r="1"><c r="A1"><v>1</v></c></row>'


def rows(content: bytes, name: str = "codes") -> list[tuple[int, list]]:
    return list(open_rows(file=io.BytesIO(content), name=name))


def refusal(content: bytes, name: str = "codes") -> str:
    with pytest.raises(Unreadable) as refused:
        rows(content, name)
    assert (refused.value.code, refused.value.status) == ("unreadable_file", 422)
    return refused.value.detail


def book(*sheets: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for sheet in sheets:
        added = made.create_sheet()
        for row in sheet:
            added.append(row)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def changed(content: bytes, parts: dict[str, bytes], *, packed: bool = True) -> bytes:
    """Return an archive with parts in place of others, or beside them."""
    file, way = io.BytesIO(), zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(file, "w", way) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.pop(name, None) or old.read(name))
        for name, part in parts.items():
            new.writestr(name, part)
    return file.getvalue()


def sheet(cells: str, *, before: str = "", packed: bool = True) -> bytes:
    """Return a workbook whose sheet is typed by hand."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = f'<?xml version="1.0"?>{before}<worksheet xmlns="{space}">{cells}</worksheet>'
    return changed(book([[1]]), {"xl/worksheets/sheet1.xml": xml.encode()}, packed=packed)


@pytest.mark.parametrize("suffix", ["ods", "xls", "xlsx"])
def test_what_libreoffice_saves_is_read(suffix: str) -> None:
    with (FILES / f"by-libreoffice.{suffix}").open("rb") as file:
        found = list(open_rows(file=file, name="wrong.csv"))
    noon = datetime.fromisoformat("2026-03-04 12:30")
    late = datetime.fromisoformat("2026-12-31 23:59")
    assert found == [
        (1, ["Code", "Amount", "When", "Day", "Note"]),
        (3, ["007-ABC", 1234.5, noon, date(2026, 3, 4), "夏季促销"]),
        (4, ["123456", 19.99, late, date(2026, 12, 31), "=apostrophe"]),
        (6, ["SUMMER", 0.5, date(2026, 1, 1), date(2026, 1, 1), "two\nlines"]),
    ]


@pytest.mark.parametrize("name", ["gb18030.csv", "utf-16.csv"])
def test_a_csv_in_another_encoding_is_read(name: str) -> None:
    assert rows((FILES / name).read_bytes(), name) == [
        (1, ["券码", "金额", "备注"]),
        (2, ["SUMMER-1", "1,234.50", "夏季促销"]),
        (3, ["AUTUMN-2", "8.00", "中秋节礼物"]),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_encoding_and_delimiter_are_found_together(encoding: str, mark: str) -> None:
    text = f'Code{mark}备注\r\n"A{mark}1"{mark}"两\n行"\r\n'
    assert rows(text.encode(encoding)) == [(1, ["Code", "备注"]), (2, [f"A{mark}1", "两\n行"])]


def test_a_letter_cut_in_two_by_a_chunk_is_still_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_CHUNK", 3)
    assert rows("Code,备注\nA,中秋节".encode("gb18030"))[1] == (2, ["A", "中秋节"])


@pytest.mark.parametrize("encoding", ["latin-1", "cp1251", "big5", "shift_jis"])
def test_an_encoding_that_only_looks_like_chinese_is_refused(encoding: str) -> None:
    text = {
        "latin-1": "Müller, Café", "cp1251": "Привет, мир",
        "big5": "折扣碼優惠說明備註這個檔案", "shift_jis": "クーポンのコード",
    }[encoding]  # fmt: skip
    assert refusal(f"Code,Note\nA,{text}\n".encode(encoding)) == (
        "The text is neither UTF-8 nor UTF-16 nor GB18030; save it as CSV UTF-8."
    )


def test_a_delimiter_is_named_in_the_first_line_or_by_the_name() -> None:
    assert rows(b"sep=|\r\nCode|Note\r\nA|b,c\r\n") == [(1, ["Code", "Note"]), (2, ["A", "b,c"])]
    assert rows(b"Code\nA\tB\n", "x.tsv") == [(1, ["Code"]), (2, ["A", "B"])]
    assert rows(b"Code\nA\tB\n", "x.csv") == [(1, ["Code"]), (2, ["A\tB"])]
    assert rows(b'"a;b;c",d\n1,2\n') == [(1, ["a;b;c", "d"]), (2, ["1", "2"])]


def test_remarks_and_empty_rows_are_counted_and_left_out() -> None:
    text = b"# fill this in; please; now\n\nCode,Note\n,,\n# A,example\nB,\n,c\n"
    assert rows(text) == [(3, ["Code", "Note"]), (6, ["B"]), (7, [None, "c"])]


def test_sheets_under_the_same_headings_go_on_and_others_are_left() -> None:
    made = openpyxl.load_workbook(
        io.BytesIO(
            book([], [["Code", "N"], ["A", 1]], [["Other"], ["X"]], [["Code", "N"], ["B", 2]])
        )
    )
    hidden = made.create_sheet("hidden", 0)
    hidden.append(["Code", "N"])
    hidden.sheet_state = "hidden"
    file = io.BytesIO()
    made.save(file)
    assert rows(file.getvalue()) == [(1, ["Code", "N"]), (2, ["A", 1]), (4, ["B", 2])]


def test_many_batches_arrive_in_order() -> None:
    count = 3 * workbooks.BATCH + 7
    found = rows(book([["N"], *([n] for n in range(count))]))
    assert [row for _, row in found[1:]] == [[n] for n in range(count)]


def test_reading_may_stop_early_and_leaves_nothing_running() -> None:
    file = io.BytesIO(book([["N"], *([n] for n in range(5000))]))
    read = open_rows(file=file, name="x.xlsx")
    assert next(read) == (1, ["N"])
    read.close()
    readers = [
        child
        for child in psutil.Process().children(recursive=True)
        if any("workbook_child" in part for part in _command(child))
    ]
    assert readers == []
    assert not file.closed


def _command(process: psutil.Process) -> list[str]:
    """Return how a process was started; nothing for one that has ended."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # a zombie is one too
        return []


def test_csv_leaves_the_file_open() -> None:
    file = io.BytesIO(b"a,b\n1,2\n")
    list(open_rows(file=file, name="x.csv"))
    assert not file.closed


@pytest.mark.parametrize("cut", [1, 50, 300])
@pytest.mark.parametrize("suffix", ["ods", "xls", "xlsx"])
def test_a_file_that_was_cut_off_is_refused(suffix: str, cut: int) -> None:
    content = (FILES / f"by-libreoffice.{suffix}").read_bytes()
    if suffix == "xls":
        cut = len(content) - 700 * (1 + cut // 100)
    assert refusal(content[:-cut]) == BROKEN


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"\x89PNG\r\n", b"\0\1\2\3,\n", b"\x1f\x8b\x08"])
def test_another_kind_of_file_is_refused(content: bytes) -> None:
    assert refusal(content, "codes.xlsx") == NO_SHEET


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert refusal(file.getvalue(), "codes.xlsx") == NO_SHEET
    assert refusal(OLE + bytes(2000), "codes.xls") == BROKEN


def test_an_empty_file_and_a_web_page_are_refused() -> None:
    assert refusal(b"") == "The file is empty."
    page = "This is a web page or XML; open it and save it as xlsx or CSV."
    assert refusal(b"\n<HTML><table>", "codes.xls") == page
    assert refusal(b'<?xml version="1.0"?>', "codes.xls") == page
    assert rows(b"\n\n") == []
    assert rows(book([])) == []


def test_passwords_are_told() -> None:
    plain = (FILES / "by-libreoffice.xlsx").read_bytes()
    flagged = bytearray(plain)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := plain.find(mark, place + 1)) >= 0:
            flagged[place + at] |= 1
    assert refusal(bytes(flagged)) == LOCKED
    assert refusal(OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le")) == LOCKED
    ods = (FILES / "by-libreoffice.ods").read_bytes()
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    manifest = (
        f'<m:manifest xmlns:m="{space}" xmlns:manifest="{space}"><manifest:file-entry '
        'manifest:full-path="content.xml"><manifest:encryption-data/></manifest:file-entry>'
        "</m:manifest>"
    )
    assert refusal(changed(ods, {"META-INF/manifest.xml": manifest.encode()})) == LOCKED


def test_the_password_of_an_old_workbook_is_told() -> None:
    content = bytearray((FILES / "by-libreoffice.xls").read_bytes())
    begin = content.index(struct.pack("<HH", 0x0809, 16))
    content[begin + 20 : begin + 22] = struct.pack("<H", 0x002F)
    size = struct.unpack_from("<H", content, begin + 22)[0]
    content[begin + 24 : begin + 24 + size] = b"\1" * size
    assert refusal(bytes(content)) == LOCKED


def test_macros_are_refused_unread() -> None:
    content = changed(book([["Code"]]), {"xl/vbaProject.bin": b"Sub AutoOpen"})
    assert refusal(content, "codes.xlsm") == MACROS
    assert refusal(OLE + bytes(600) + "_VBA_PROJECT".encode("utf-16-le")) == MACROS


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    zeros = changed(book([["Code"]]), {"xl/media/1.png": bytes(archives.LARGE + 1)})
    assert len(zeros) < 100_000
    assert refusal(zeros) == UNPACKED


def test_the_parts_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    content = book([["Code"]])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = sum(part.file_size for part in archive.infolist())
    monkeypatch.setattr(archives, "MOST_UNPACKED", size)
    archives.check_archive(file=io.BytesIO(content))
    monkeypatch.setattr(archives, "MOST_UNPACKED", size - 1)
    with pytest.raises(Unreadable, match="becomes too large"):
        archives.check_archive(file=io.BytesIO(content))


def test_a_directory_that_lies_about_a_part_is_found_out() -> None:
    """The part is 50 MB; the directory says 10 bytes."""
    content = bytearray(sheet(CELLS + "<!--" + " " * (50 << 20) + "-->"))
    place = content.rindex(b"xl/worksheets/sheet1.xml") - 46
    assert content[place : place + 4] == b"PK\x01\x02"
    content[place + 24 : place + 28] = struct.pack("<I", 10)
    tracemalloc.start()
    assert refusal(bytes(content)) == BROKEN
    assert tracemalloc.get_traced_memory()[1] < 5 << 20
    tracemalloc.stop()


def test_an_archive_in_an_archive_is_not_opened() -> None:
    bomb = changed(book([["X"]]), {"xl/media/1.png": bytes(archives.LARGE + 1)})
    content = changed(book([["Code"]]), {"xl/embeddings/inner.xlsx": bomb})
    assert rows(content) == [(1, ["Code"])]


def test_entities_are_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    assert refusal(sheet(CELLS, before=bomb)) == (
        "The file declares entities, as no spreadsheet does."
    )


def test_a_size_that_is_only_said_costs_nothing() -> None:
    said = '<dimension ref="A1:XFD1048576"/>'
    assert rows(sheet(f"{said}<sheetData>{CELLS}</sheetData>")) == [(1, [1])]


@pytest.mark.parametrize("far", ["XFD1048576", "CV1048576", "A4294967295"])
def test_a_cell_far_away_is_refused_without_taking_memory(far: str) -> None:
    number = "".join(c for c in far if c.isdigit())
    cells = f'{CELLS}<row r="{number}"><c r="{far}"><v>1</v></c></row>'
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(sheet(f"<sheetData>{cells}</sheetData>")) in {TOO_MUCH, BROKEN}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_repeated_rows_of_an_ods_file_are_refused_without_taking_memory() -> None:
    content = (FILES / "by-libreoffice.ods").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read("content.xml")
    xml = xml.replace(
        b"<table:table-row ", b'<table:table-row table:number-rows-repeated="1048000" ', 1
    ).replace(b"<table:table-cell ", b'<table:table-cell table:number-columns-repeated="1000" ', 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refusal(changed(content, {"content.xml": xml})) in {TOO_MUCH, BROKEN}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_empty_rows_to_the_end_of_an_ods_sheet_are_nothing() -> None:
    content = (FILES / "by-libreoffice.ods").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read("content.xml")
    empty = (
        b'<table:table-row table:number-rows-repeated="1048500">'
        b'<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    xml = xml.replace(b"</table:table>", empty + b"</table:table>", 1)
    assert len(rows(changed(content, {"content.xml": xml}))) == 4


def test_computing_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "LONGEST", 1)
    cells = ("<row>" + "<c><v>1</v></c>" * 100 + "</row>") * 50_000
    assert refusal(sheet(f"<sheetData>{cells}</sheetData>", packed=False)) == TOO_MUCH


class Large(io.BytesIO):
    """A file that says it is large."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        found = super().seek(offset, whence)
        return 5 << 30 if whence == os.SEEK_END else found


@pytest.mark.parametrize(("start", "most"), [(b"PK\x03\x04", 100), (b"Code,Note\n", 2048)])
def test_a_large_file_is_refused_before_it_is_read(start: bytes, most: int) -> None:
    file: BinaryIO = Large(start)
    with pytest.raises(Unreadable) as refused:
        list(open_rows(file=file, name="codes"))
    assert refused.value.detail == (
        f"The file has more than {most} MB; split it, or send it as CSV."
    )


def test_rows_columns_and_cells_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    assert len(rows(b"a\n1\n2\n")) == 3
    assert refusal(b"a\n1\n2\n3\n") == "The file has more than 3 rows; split it."
    assert len(rows(b"," * 99 + b"x\n")[0][1]) == 100
    assert refusal(b"," * 100 + b"x\n") == "Row 1: there are more than 100 columns."
    assert rows(b"," * 500 + b"\nx") == [(2, ["x"])]
    assert len(rows(b"a\n" + b"x" * 32_767)[1][1][0]) == 32_767
    assert refusal(b"a\n" + b"x" * 32_768) == (
        "Row 2: a cell has more than 32767 characters; close its quotation mark."
    )


def test_quotation_marks_that_are_not_closed_are_told_with_their_row() -> None:
    assert refusal(b'a,b\n1,2\n"x,1\n') == "Row 3: a quotation mark is opened and never closed."
    assert refusal(b'a,b\n"x,1\n' + b"1,2\n" * 50_000) == (
        "Row 2: a quotation mark is opened and never closed."
    )
    assert refusal(b'a,b\n"x"y,1\n') == "Row 2: a quotation mark stands in the middle of a cell."
    assert rows(b'a,b\n5" disk,1\n')[1] == (2, ['5" disk', "1"])


@pytest.mark.parametrize("piece", [b"x", b",", b'"\n",'])
def test_a_row_without_end_takes_no_memory(piece: bytes) -> None:
    content = b"a,b\n" + piece * (20_000_000 // len(piece))
    file = io.BytesIO(content)
    tracemalloc.start()
    with pytest.raises(Unreadable, match="too long"):
        list(open_rows(file=file, name="x.csv"))
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()


def test_a_long_csv_is_read_with_the_memory_of_a_short_one() -> None:
    def peak(count: int) -> int:
        file = io.BytesIO(b"Code,Note\n" + b"SUMMER-7K4Q,hello\n" * count)
        tracemalloc.start()
        assert sum(1 for _ in open_rows(file=file, name="x.csv")) == count + 1
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(100_000) < peak(10_000) + (4 << 20)
