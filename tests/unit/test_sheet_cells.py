"""What one cell holds: codes, numbers, dates and words, as people and spreadsheets write them."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import gettext_lazy

from coupons.sheets.cells import cleaned
from coupons.sheets.columns import Column, Holds, SheetShape
from coupons.sheets.errors import Unreadable
from coupons.sheets.headings import not_recognised, recognised
from redemption.batch_template import SHAPE

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
LOST = "The spreadsheet shortened this number; make the column text, type it again."
A_DATE = "The spreadsheet made a date of it; make the column text, type it again."
AMOUNT = "Write an amount such as 1234.50, without a currency."
EITHER = "It could be thousands or decimals; write 1234 or 1.234."
WHOLE = "Write a whole number, such as 100."
DATE = "Write a date such as 2026-03-04."
MOMENT = "Write a time such as 2026-03-04 12:00."
JSON = "This is no JSON; its quotation marks are straight ones."


def naive(text: str) -> datetime:
    return datetime.fromisoformat(text)


def read(holds: Holds, cell: Any, *, zone: ZoneInfo = SHANGHAI, **more: Any) -> Any:
    column = Column(name="x", heading="X", about="", holds=holds, **more)
    return cleaned(cell=cell, column=column, zone=zone)


def refusal(holds: Holds, cell: Any, **more: Any) -> str:
    with pytest.raises(ValueError, match=r".") as refused:
        read(holds, cell, **more)
    return str(refused.value)


@pytest.mark.parametrize("holds", Holds)
@pytest.mark.parametrize("cell", [None, "", "  ", "\u3000"])
def test_an_empty_cell_holds_nothing(holds: Holds, cell: Any) -> None:
    assert read(holds, cell) is None
    assert refusal(holds, cell, required=True) == "This is required."


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (" summer-7k4q ", "SUMMER7K4Q"),
        ("ＳＵＭＭＥＲ－１", "SUMMER1"),
        ("007", "007"),
        ("0012345678901234567890", "0012345678901234567890"),
        (12345.0, "12345"),
        (12345, "12345"),
        (123456789012345.0, "123456789012345"),
        (True, "TRUE"),
        ("夏季-1", "夏季1"),
    ],
)
def test_codes_keep_what_was_typed(cell: Any, code: str) -> None:
    assert read(Holds.CODE, cell) == code


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (1234567890123456.0, LOST),
        (1e20, LOST),
        ("1.23457E+11", LOST),
        ("1E+11", LOST),
        (naive("2026-03-04"), A_DATE),
        (date(2026, 3, 4), A_DATE),
        (time(1, 2), A_DATE),
        (timedelta(hours=30), A_DATE),
        ("X" * 200, "A code has at most 64 characters."),
        ("-", "The code is empty."),
        ("A\ue000", "The code has characters that cannot be typed."),
    ],
)
def test_a_code_that_is_lost_or_impossible_is_refused(cell: Any, said: str) -> None:
    assert refusal(Holds.CODE, cell) == said


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234,50", "1234.50"),
        ("1\u202f234,500", "1234.500"),
        ("1'234.50", "1234.50"),
        ("1’234’567", "1234567"),
        ("１，２３４．５０", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("12,34,567.00", None),
        ("19,99", "19.99"),
        ("0,123", "0.123"),
        ("1234,567", "1234.567"),
        ("1.234", "1.234"),
        ("007.50", "7.50"),
        (" 0 ", "0"),
        (19.99, "19.99"),
        (0.1 + 0.2, "0.3"),
        (100.0, "100"),
        (7, "7"),
        (1e-7, "0.0000001"),
        ("999999999999999.99", "999999999999999.99"),
    ],
)
def test_amounts_are_read_however_they_are_grouped(cell: Any, amount: str | None) -> None:
    if amount is None:
        assert refusal(Holds.AMOUNT, cell) == AMOUNT
    else:
        assert read(Holds.AMOUNT, cell) == amount


@pytest.mark.parametrize("cell", ["1,234", "12,345", "123,456", "１，２３４"])
def test_an_amount_that_could_be_two_is_refused(cell: str) -> None:
    assert refusal(Holds.AMOUNT, cell) == EITHER


@pytest.mark.parametrize(
    "cell",
    [
        "ten", "-5", -5, "¥5", "5 USD", "1e5", "1..2", "1.", ".5", "1,2,3", "1.23,45,6", "1 23",
        "1,234.567,8", "1,,234", True, date(2026, 3, 4), "1" * 16, 1e15, "nan", float("nan"),
        float("inf"), "٣", "10²", "=1+1",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(cell: Any) -> None:
    assert refusal(Holds.AMOUNT, cell) == AMOUNT


@pytest.mark.parametrize(
    ("cell", "number"),
    [("100", 100), (100.0, 100), (0, 0), ("1,234", 1234), ("1 234", 1234), ("１００", 100),
     ("100.0", 100), ("007", 7)],
)  # fmt: skip
def test_whole_numbers(cell: Any, number: int) -> None:
    assert read(Holds.WHOLE, cell) == number


@pytest.mark.parametrize(
    "cell", ["1.5", 1.5, "-1", -1, "1,5", "1.234", "x", True, "1" * 16, 1e16, naive("2026-03-04")]
)
def test_what_is_no_whole_number_is_refused(cell: Any) -> None:
    assert refusal(Holds.WHOLE, cell) == WHOLE


@pytest.mark.parametrize("cell", [True, "yes", "YES ", "是", "TRUE", "1", 1.0, "对", "y"])
def test_yes_in_both_languages(cell: Any) -> None:
    assert read(Holds.YES_NO, cell) is True


@pytest.mark.parametrize("cell", [False, "no", "No", "否", "FALSE", "0", 0, "错", "ｎ"])
def test_no_in_both_languages(cell: Any) -> None:
    assert read(Holds.YES_NO, cell) is False


def test_perhaps_is_neither() -> None:
    assert refusal(Holds.YES_NO, "perhaps") == "Write yes or no."
    assert refusal(Holds.YES_NO, 2) == "Write yes or no."


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-04", "2026/3/4", "2026.03.04", "2026年3月4日", "2026年03月04日",
        "２０２６－３－４", "2026 年 3 月 4 日", "20260304", 20260304.0, 46085, 46085.0, "46085",
        date(2026, 3, 4),
        naive("2026-03-04 00:00"),
    ],
)  # fmt: skip
def test_dates(cell: Any) -> None:
    assert read(Holds.DATE, cell) == date(2026, 3, 4)


@pytest.mark.parametrize(
    "cell",
    [
        "3/4/2026", "04.03.2026", "2026-13-01", "2026-02-30", 2026, "2026", 99_999, 46085.5, True,
        naive("2026-03-04 12:00"), "2026-03-04 12:00", time(1, 2), "tomorrow", -1, 1e300,
        float("nan"),
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused(cell: Any) -> None:
    assert refusal(Holds.DATE, cell) == DATE


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-04 12:30", "2026-03-04T12:30:00", "2026/3/4 12:30:00", "2026年3月4日 12:30",
        "2026年3月4日12时30分", "2026年3月4日 12点30分0秒", "2026-03-04 04:30Z",
        "2026-03-04T04:30:00+00:00", "2026-03-03 23:30 -0500", "20260304 12:30",
        "2026-03-04 12：30", naive("2026-03-04 12:30"), 46085 + 12.5 / 24, "46085.520833333336",
        datetime(2026, 3, 4, 4, 30, tzinfo=UTC),
    ],
)  # fmt: skip
def test_moments_are_in_the_merchants_zone(cell: Any) -> None:
    assert read(Holds.MOMENT, cell) == datetime(2026, 3, 4, 4, 30, tzinfo=UTC)


def test_a_day_is_its_first_moment() -> None:
    midnight = datetime(2026, 3, 3, 16, tzinfo=UTC)
    for cell in ("2026-03-04", date(2026, 3, 4), 46085):
        assert read(Holds.MOMENT, cell) == midnight
    exact = datetime(2026, 3, 4, 1, 2, 3, 4500, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    assert read(Holds.MOMENT, exact.isoformat(sep=" ")) == exact


@pytest.mark.parametrize(
    "cell",
    ["12:30", "2026-03-04 25:00", "2026-03-04 12", "2026-03-0412:30", "2026-03-04 12:30 +99:00",
     "3/4/2026 12:30", 2026, time(12, 30), "now"],
)  # fmt: skip
def test_what_is_no_moment_is_refused(cell: Any) -> None:
    assert refusal(Holds.MOMENT, cell) == MOMENT


def test_an_hour_that_the_clocks_skip_is_refused() -> None:
    assert refusal(Holds.MOMENT, "2026-03-29 02:30", zone=BERLIN) == (
        "The clocks skip that hour; choose another time."
    )
    assert read(Holds.MOMENT, "2026-03-29 03:30", zone=BERLIN) == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )


def test_choices_by_name_and_in_both_languages() -> None:
    choices = {"yes_please": gettext_lazy("Yes"), "not": gettext_lazy("No")}
    for said in ("yes_please", "Yes Please", "yes", "是", "ＹＥＳ"):
        assert read(Holds.CHOICE, said, choices=choices) == "yes_please"
    assert refusal(Holds.CHOICE, "other", choices=choices) == "Write one of yes_please, not."


def test_words_and_texts() -> None:
    assert read(Holds.WORDS, " a, b；c、 d,,\n e ") == ["a", "b", "c", "d", "e"]
    assert read(Holds.WORDS, 7.0) == ["7"]
    assert read(Holds.TEXT, 12.0) == "12"
    assert read(Holds.TEXT, 1.5) == "1.5"
    assert read(Holds.TEXT, " two\nlines ") == "two\nlines"
    assert read(Holds.TEXT, naive("2026-03-04 12:00")) == "2026-03-04 12:00"
    assert read(Holds.TEXT, date(2026, 3, 4)) == "2026-03-04"
    assert read(Holds.TEXT, "x" * 300) == "x" * 300
    assert refusal(Holds.TEXT, "x" * 301) == "At most 300 characters."
    assert refusal(Holds.TEXT, 1e15) == LOST
    assert refusal(Holds.TEXT, "a\x07") == "It has characters that cannot be shown or stored."


def test_json() -> None:
    assert read(Holds.JSON, '{"USD": "10.00"}') == {"USD": "10.00"}
    assert read(Holds.JSON, "[]") == []
    assert read(Holds.JSON, '["\\\\u0000"]') == ["\\u0000"]
    for broken in ("{“USD”: 1}", "{", "[NaN]", "[" * 30_000, "yes", "[1.5, Infinity]"):
        assert refusal(Holds.JSON, broken) == JSON
    for plain in ("1", '"x"', '["\\u0000"]', '["\\\\\\u0000"]'):
        assert refusal(Holds.JSON, plain) == "Write JSON, such as {} or []."


def columns(*heads: Any) -> dict[int, str]:
    return {place: c.name for place, c in recognised(cells=heads, shape=SHAPE).items()}


def test_headings_count_in_every_language_case_and_width() -> None:
    assert columns("CODE ", "Ｏｒｄｅｒ") == {0: "code", 1: "order"}
    assert columns("订 单", None, "券码", "redeemed at") == {
        0: "order",
        2: "code",
        3: "redeemed_at",
    }
    assert columns("order*", "code", "redeemed_at") == {0: "order", 1: "code", 2: "redeemed_at"}


def test_headings_under_other_names_count_where_a_column_says_so() -> None:
    shape = SheetShape("x", "X", (Column("code", "Code", "", also=("Voucher No.",)),), key="code")
    assert list(recognised(cells=["voucher no."], shape=shape)) == [0]


def test_missing_and_double_headings_are_named() -> None:
    with pytest.raises(Unreadable, match=r"^These columns are missing: code, order\.$"):
        columns("Note")
    with pytest.raises(Unreadable, match=r"^Two columns are named code\.$"):
        columns("Code", "Order", "券码")


def test_what_is_not_read_is_listed() -> None:
    cells = ["Code", "Order", "Colour", None, 7.0, "  "]
    assert columns(*cells) == {0: "code", 1: "order"}
    assert not_recognised(cells=cells, shape=SHAPE) == ["Colour", "7.0"]
