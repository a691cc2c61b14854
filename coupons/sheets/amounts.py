"""Numbers in cells, however people group their digits; never guessed where it matters."""

import re
from decimal import Decimal

from coupons.sheets.cell_text import Cell, narrow

#: Digits before the point, as many as the contract has.
MOST_DIGITS = 15

_SPACES = re.compile(r"(?<=[0-9])[\s'’](?=[0-9]{3}(?![0-9]))")
_GROUPED = re.compile(r"[0-9]{1,3}(?:(?P<mark>[,.])[0-9]{3})(?:(?P=mark)[0-9]{3})*\Z")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")
_WRITE_AMOUNT = "Write an amount such as 1234.50, without a currency."
_WRITE_WHOLE = "Write a whole number, such as 100."


def plain_digits(*, number: int | float) -> str:
    """Write a number as a spreadsheet shows it, with 15 digits at most and no exponent."""
    return format(Decimal(format(number, ".15g")), "f")


def amount(*, cell: Cell) -> str:
    """Return an amount as the contract writes it, such as `"1234.50"`."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise ValueError(_WRITE_AMOUNT)
    text = _pointed(cell) if isinstance(cell, str) else plain_digits(number=cell)
    if not _PLAIN.match(text) or len(text.partition(".")[0].lstrip("0")) > MOST_DIGITS:
        raise ValueError(_WRITE_AMOUNT)
    whole, point, decimals = text.partition(".")
    return (whole.lstrip("0") or "0") + point + decimals


def whole(*, cell: Cell) -> int:
    """Return a whole number, 0 or more."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise ValueError(_WRITE_WHOLE)
    if isinstance(cell, float) and cell.is_integer() and 0 <= cell < 10**MOST_DIGITS:
        return int(cell)
    text = _without_spaces(cell) if isinstance(cell, str) else plain_digits(number=cell)
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", text):
        text = text.replace(",", "")
    # A CSV file has 100.0 for what was typed as 100.
    text = re.sub(r"\.0+\Z", "", text)
    if not re.fullmatch(r"[0-9]+", text) or len(text.lstrip("0")) > MOST_DIGITS:
        raise ValueError(_WRITE_WHOLE)
    return int(text)


def _without_spaces(text: str) -> str:
    return _SPACES.sub("", narrow(text))


def _pointed(typed: str) -> str:
    """Bring a typed amount to digits with a point, or fail where it could mean two things."""
    text = narrow(typed)
    spaced = _without_spaces(text)
    commas, points = spaced.count(","), spaced.count(".")
    if not commas:
        # 1.234 is what we write ourselves for three decimals, so it is never a thousand.
        return spaced.replace(".", "") if points > 1 and _GROUPED.match(spaced) else spaced
    if points:
        return _both(spaced)
    if commas > 1:
        return spaced.replace(",", "") if _GROUPED.match(spaced) else typed
    if _GROUPED.match(spaced) and spaced == text and not spaced.startswith("0"):
        raise ValueError("It could be thousands or decimals; write 1234 or 1.234.")
    return spaced.replace(",", ".")


def _both(text: str) -> str:
    """Take the last mark for the point when the digits before it are grouped by the other."""
    point = max(",.", key=text.rfind)
    mark = "," if point == "." else "."
    whole_part, _, decimals = text.rpartition(point)
    grouped = _GROUPED.match(whole_part)
    if grouped is None or grouped["mark"] != mark:
        return text
    return f"{whole_part.replace(mark, '')}.{decimals}"
