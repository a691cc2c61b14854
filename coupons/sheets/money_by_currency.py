"""Amounts by currency in one cell, such as `USD 10; EUR 9`."""

import re
from collections.abc import Mapping

from coupons.sheets.amounts import amount
from coupons.sheets.cell_text import narrow

_ENTRY = re.compile(
    r"(?:(?P<before>[A-Z]{3})\s*(?P<digits>[0-9].*)|(?P<first>[0-9].*?)\s*(?P<after>[A-Z]{3}))"
)
_WRITE = "Write amounts with their currency, such as USD 10; EUR 9."


def amounts_in(*, text: str) -> dict[str, str]:
    """Read a cell into amounts in major units, by currency; ValueError for what is none."""
    amounts: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in re.split("[;\n]", narrow(text)))):
        found = _ENTRY.fullmatch(entry.upper())
        if found is None:
            raise ValueError(_WRITE)
        currency = found["before"] or found["after"]
        if currency in amounts:
            raise ValueError(_WRITE)
        amounts[currency] = amount(cell=(found["digits"] or found["first"]).strip())
    if not amounts:
        raise ValueError(_WRITE)
    return amounts


def in_one_cell(*, amounts: Mapping[str, str]) -> str:
    """Write amounts by currency as one text."""
    return "; ".join(f"{currency} {each}" for currency, each in amounts.items())
