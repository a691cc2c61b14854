"""What is written is read back as the same value, and no spreadsheet runs any of it."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy
from hypothesis import given, settings
from hypothesis import strategies as st

from coupons.coding import normal_form
from coupons.sheets import writing
from coupons.sheets.cell_text import as_it_was, defused
from coupons.sheets.cells import cleaned
from coupons.sheets.columns import Column, Holds, SheetShape
from coupons.sheets.headings import recognised
from coupons.sheets.reading import open_rows
from coupons.sheets.templates import template
from coupons.sheets.writing import Remark, csv_chunks, write_workbook

ZONE = ZoneInfo("Asia/Shanghai")
FORMULAS = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u3000＝1", "＠x"),
    *("#N/A", "# remark", "|calc", "%0A=1", "\u200b=1", "\ufeff=1", "''=1", "'=1"),
]
SHAPE = SheetShape(
    name="all",
    title="All",
    columns=tuple(
        Column(name=holds.value, heading=holds.value, about=f"About {holds.value}.", holds=holds,
               choices={"one": gettext_lazy("Yes"), "two": gettext_lazy("No")}
               if holds is Holds.CHOICE else {}, longest=5000)
        for holds in Holds
    ),
    key="code",
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
#: What a text column stores: no ends of nothing, and nothing that cannot be typed.
STORED = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn"), include_characters="\n\t"),
    max_size=30,
)
ROWS = st.fixed_dictionaries(
    {
        "text": STORED,
        "code": st.from_regex(r"[0-9A-Z'=+@#]{1,20}", fullmatch=True),
        "whole": st.integers(0, 10**15 - 1),
        "amount": st.decimals(0, 10**12, places=3).map(lambda d: format(d, "f")),
        "yes_no": st.booleans(),
        "date": st.dates(date(2000, 1, 1), date(2099, 12, 31)),
        "moment": st.datetimes(
            datetime.fromisoformat("2000-01-01"),
            datetime.fromisoformat("2099-12-30"),
            timezones=st.just(UTC),
        ).map(lambda moment: moment.replace(microsecond=0)),
        "choice": st.sampled_from(["one", "two"]),
        "words": st.lists(st.from_regex(r"[a-z0-9=#'-]{1,9}", fullmatch=True), max_size=4),
        "json": st.dictionaries(TEXTS.filter(lambda t: "\0" not in t), st.integers(), max_size=3),
    }
)


def as_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    heads = [column.name for column in SHAPE.columns]
    return b"".join(csv_chunks([heads, *rows]))


def as_xlsx(rows: Iterable[Sequence[Any]]) -> bytes:
    file = io.BytesIO()
    write_workbook(file=file, columns=SHAPE.columns, rows=rows, zone=ZONE)
    return file.getvalue()


def read(content: bytes) -> list[list[Any]]:
    rows = open_rows(file=io.BytesIO(content), name="x")
    _, heads = next(rows)
    known = recognised(cells=heads, shape=SHAPE)
    assert list(known.values()) == list(SHAPE.columns)
    return [
        [
            cleaned(cell=cells[at] if at < len(cells) else None, column=column, zone=ZONE)
            for at, column in known.items()
        ]
        for _, cells in rows
    ]


def expected(row: dict[str, Any]) -> list[Any]:
    kept = {
        **row,
        "text": unicodedata.normalize("NFC", row["text"]).strip() or None,
        "code": normal_form(row["code"]),
        "words": row["words"] or None,
    }
    return [kept[column.name] for column in SHAPE.columns]


def same(found: list[Any], wanted: list[Any]) -> bool:
    at = [column.name for column in SHAPE.columns].index("amount")
    found, wanted = [*found], [*wanted]
    found[at], wanted[at] = Decimal(found[at]), Decimal(wanted[at])
    return found == wanted


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@settings(max_examples=150, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=3))
def test_rows_come_back_from_csv_as_they_were(language: str, rows: list[dict[str, Any]]) -> None:
    with translation.override(language):
        content = as_csv([[row[c.name] for c in SHAPE.columns] for row in rows])
    for found, row in zip(read(content), rows, strict=True):
        assert same(found, expected(row))


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=8))
def test_rows_come_back_from_a_workbook_as_they_were(rows: list[dict[str, Any]]) -> None:
    content = as_xlsx([[row[c.name] for c in SHAPE.columns] for row in rows])
    for found, row in zip(read(content), rows, strict=True):
        assert same(found, expected(row))


@settings(max_examples=500)
@given(text=TEXTS | st.from_regex(r"'*[\s=+@#-]*\w*", fullmatch=True))
def test_defusing_is_undone_exactly(text: str) -> None:
    assert as_it_was(defused(text)) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_what_looks_like_a_formula_is_made_harmless(text: str) -> None:
    assert defused(text) == f"'{text}"
    assert as_it_was(f"'{text}") == text


@pytest.mark.parametrize("text", ["", "a=1", "'tis", "'", "it's", "5-1", "SUMMER", "夏"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text
    assert as_it_was(text) == text


@pytest.mark.parametrize("text", FORMULAS)
def test_no_formula_leaves_the_house(text: str) -> None:
    content = b"".join(csv_chunks([["a"], [text], [[text]]]))
    cells = [row[0] for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))]
    assert cells[1] == f"'{text}"
    row = [text if c.holds in {Holds.TEXT, Holds.CODE} else None for c in SHAPE.columns]
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx([row]))).active
    assert {cell.data_type for cell in sheet[2]} <= {"s", "inlineStr", "n"}
    assert [cell.value for cell in sheet[2]][:2] == [f"'{text}".replace("\r", "\n")] * 2 or (
        "\r" in text
    )


def test_numbers_and_dates_are_real_ones_and_codes_are_text() -> None:
    moment = datetime(2026, 3, 4, 4, 30, 15, tzinfo=UTC)
    row = ["t", "007", 5, "19.99", True, date(2026, 3, 4), moment, "one", ["a", "b"], {"a": 1}]
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx([row]))).active
    assert [cell.value for cell in sheet[2]] == [
        "t", "007", 5, 19.99, "Yes", datetime.fromisoformat("2026-03-04"),
        datetime.fromisoformat("2026-03-04 12:30:15"), "one", "a, b", '{"a": 1}',
    ]  # fmt: skip
    assert [cell.number_format for cell in sheet[2]][1] == "@"
    assert sheet.column_dimensions["B"].width > 20
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold


def test_csv_says_the_zone_and_an_amount_that_excel_would_shorten_stays_text() -> None:
    exact = datetime(2026, 3, 4, 4, 30, 15, 7, tzinfo=UTC)
    assert b"".join(csv_chunks([[exact, None, Decimal("1.50"), -5]])).decode("utf-8-sig") == (
        "2026-03-04 04:30:15.000007+00:00,,1.50,-5\r\n"
    )
    row = [None, "X", None, "12345678901234567.89", *[None] * 6]
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx([row]))).active
    assert sheet["D2"].value == "12345678901234567.89"


def test_a_sheet_that_is_full_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROWS_OF_A_SHEET", 3)
    rows = [[None, f"A{n}", n, *[None] * 7] for n in range(5)]
    content = as_xlsx(rows)
    assert len(openpyxl.load_workbook(io.BytesIO(content)).sheetnames) == 3
    assert [row[1:3] for row in read(content)] == [[f"A{n}", n] for n in range(5)]


def test_an_export_of_nothing_has_its_headings() -> None:
    assert read(as_xlsx([])) == []
    assert read(as_csv([])) == []


def test_a_cell_that_a_spreadsheet_would_cut_off_is_refused() -> None:
    with pytest.raises(ValueError, match="A cell has at most 32767 characters"):
        list(csv_chunks([["x" * 32_768]]))
    row = ["=" + "x" * 32_766, *[None] * 9]
    with pytest.raises(ValueError, match="A cell has at most 32767 characters"):
        as_xlsx([row])


def test_csv_comes_in_chunks() -> None:
    chunks = list(csv_chunks([f"{n:06}", "x" * 100] for n in range(2000)))
    assert len(chunks) > 3
    assert b"".join(chunks).startswith(b"\xef\xbb\xbf000000,")
    assert sum(chunk.count(b"\xef\xbb\xbf") for chunk in chunks) == 1


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_template_holds_nothing_but_headings(suffix: str, language: str) -> None:
    with translation.override(language):
        sent = template(shape=SHAPE, suffix=suffix)
    assert sent.name == f"all.{suffix}"
    assert read(sent.content) == []


def test_a_template_says_what_goes_where_and_offers_choices() -> None:
    with translation.override("zh-hans"):
        sent = template(shape=SHAPE, suffix="xlsx")
    made = openpyxl.load_workbook(io.BytesIO(sent.content))
    sheet = made.worksheets[0]
    assert [sheet.cell(at, 1).value for at in range(2, 7)] == [
        "# text: About text.",
        "# text: About text.",
        "# An empty cell leaves what is there; a cell with only - empties it.",
        "# 空单元格保留原有内容；只填一个 - 则清空该项。",
        "# ",
    ]
    assert sheet["E6"].value == "是"
    assert made["choices"].sheet_state == "hidden"
    lists = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert lists == {
        "E2:E1048576": "choices!$E$1:$E$2",
        "H2:H1048576": "choices!$H$1:$H$2",
    }
    assert [made["choices"][f"H{at}"].value for at in (1, 2)] == ["是", "否"]
    assert Remark("x") == "# x"
