"""What a cell holds, by what its column is for; a ValueError says what to write instead."""

import json
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from coupons import coding, nul
from coupons.sheets import amounts, moments
from coupons.sheets.cell_text import KEPT_DIGITS, Cell, folded
from coupons.sheets.columns import Column, Holds, in_each_language

_YES = frozenset({"yes", "y", "true", "1", "on", "是", "对", "真", "有", "√", "✓"})
_NO = frozenset({"no", "n", "false", "0", "off", "否", "不", "错", "假", "无", "×", "✗"})
_TYPED_ALIKE = str.maketrans("，；、\n", ",;,,")


def cleaned(*, cell: Cell, column: Column, zone: ZoneInfo) -> Any:
    """Return a cell's value: str, int, bool, date, aware datetime, list, dict; None when empty.

    Amounts come as the contract writes them, such as `"19.99"`; codes in their normal form.
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        if column.required:
            raise ValueError("This is required.")
        return None
    if column.holds is Holds.MOMENT:
        return moments.moment(cell=cell, zone=zone)
    return _BY_KIND[column.holds](cell, column)


def _text(cell: Cell, column: Column) -> str:
    text = unicodedata.normalize("NFC", _written(cell)).strip()
    if any(c not in "\n\t" and unicodedata.category(c) in _UNSTORABLE for c in text):
        raise ValueError("It has characters that cannot be shown or stored.")
    if len(text) > column.longest:
        raise ValueError(f"At most {column.longest} characters.")
    return text


_UNSTORABLE = frozenset({"Cc", "Cs", "Co", "Cn"})


def _code(cell: Cell, column: Column) -> str:
    if isinstance(cell, date | time | timedelta):
        raise ValueError("The spreadsheet made a date of it; make the column text, type it again.")
    text = coding.normal_form(_written(cell))
    # How a spreadsheet saves a long number as CSV: 1.23457E+11.
    if "E+" in text and text.replace("E+", "").replace(".", "").isdigit():
        raise ValueError(_LOST)
    if problem := coding.problem_with(text):
        raise ValueError(problem)
    return text


_LOST = "The spreadsheet shortened this number; make the column text, type it again."


def _written(cell: Cell) -> str:
    """Say a cell as text, as its author saw it."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if abs(cell) >= 10**KEPT_DIGITS:
            raise ValueError(_LOST)
        return amounts.plain_digits(number=cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes")
    return str(cell)


def _whole(cell: Cell, column: Column) -> int:
    return amounts.whole(cell=cell)


def _amount(cell: Cell, column: Column) -> str:
    return amounts.amount(cell=cell)


def _yes_no(cell: Cell, column: Column) -> bool:
    if isinstance(cell, bool):
        return cell
    said = folded(_written(cell))
    if said in _YES:
        return True
    if said in _NO:
        return False
    raise ValueError("Write yes or no.")


def _date(cell: Cell, column: Column) -> date:
    return moments.day(cell=cell)


def _choice(cell: Cell, column: Column) -> str:
    said = folded(_written(cell))
    for name, words in column.choices.items():
        if said in {folded(name), *map(folded, in_each_language(words))}:
            return name
    raise ValueError(f"Write one of {', '.join(column.choices)}.")


def _words(cell: Cell, column: Column) -> list[str]:
    # Words with commas of their own go out as JSON.
    if isinstance(cell, str) and cell.startswith("["):
        listed = _json(cell, column)
        if not all(isinstance(part, str) for part in listed):
            raise ValueError("Write words with commas between them.")
        return list(listed)
    parts = _text(cell, column).translate(_TYPED_ALIKE).replace(";", ",").split(",")
    return [part.strip() for part in parts if part.strip()]


def _json(cell: Cell, column: Column) -> Any:
    text = _written(cell)
    try:
        value = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ValueError("This is no JSON; its quotation marks are straight ones.") from error
    if not isinstance(value, dict | list) or nul.is_in_json(text.encode("utf-8", "replace")):
        raise ValueError("Write JSON, such as {} or [].")
    return value


def _no_number(name: str) -> None:
    raise ValueError(name)


_BY_KIND: Mapping[Holds, Callable[[Cell, Column], Any]] = {
    Holds.TEXT: _text,
    Holds.CODE: _code,
    Holds.WHOLE: _whole,
    Holds.AMOUNT: _amount,
    Holds.YES_NO: _yes_no,
    Holds.DATE: _date,
    Holds.CHOICE: _choice,
    Holds.WORDS: _words,
    Holds.JSON: _json,
}
