"""The text of a cell on its way out and in: a value that looks like a formula does no harm.

Spreadsheets run a cell that begins with = + - or @ as a formula. On the way out such a
text gets an apostrophe in front; on the way in one is taken off there, and nowhere else,
so that every text comes back as it was.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta

Cell = str | int | float | bool | datetime | date | time | timedelta | None

#: A row that begins with it says something to people and is not read.
REMARK = "#"
#: Characters; Excel has no longer cells.
LONGEST_CELL = 32_767
#: Digits that a spreadsheet keeps of a number.
KEPT_DIGITS = 15

# What a spreadsheet skips: all that Unicode calls space, and what has no width.
_SKIPPED = "".join(filter(str.isspace, map(chr, range(0x10000)))) + (
    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
)
# What it may take for a formula's beginning after that; and a remark's mark, which must not
# turn a value into one.
_BEGINNING = "=+-@#|%＝＋－＠＃\t\r\n"
# Written in this way the pattern means the same to Python and to PostgreSQL.
_PATTERN = "\\u0027*[{}]*[{}]".format(
    *("".join(f"\\u{ord(c):04x}" for c in marks) for marks in (_SKIPPED, _BEGINNING))
)
_DANGEROUS = re.compile(_PATTERN)
_MARKED = re.compile("'" + _PATTERN)


class Cleared(str):
    """What stands in a cell to empty a value: a text for whoever knows nothing of it."""

    __slots__ = ()


#: The one of them that reading makes.
CLEARED = Cleared("-")
_CLEARS = frozenset({"-", "－"})


def as_typed(text: str) -> str:
    """Return the text of a cell as its author meant it; `CLEARED` where it is to empty a value."""
    if len(text) <= 3 and text.strip() in _CLEARS:
        return CLEARED
    return as_it_was(text) if text[:1] == "'" else text


def defused(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def defused_in_sql(*, text: str) -> str:
    """Return the SQL of what `defused` makes of the text that the SQL `text` yields."""
    return (
        # Nearly all begin with a plain letter or digit: those need no slow look.
        f"CASE WHEN left({text}, 1) COLLATE \"C\" BETWEEN '0' AND '9'"
        f" OR left({text}, 1) COLLATE \"C\" BETWEEN 'A' AND 'Z'"
        f" OR left({text}, 1) COLLATE \"C\" BETWEEN 'a' AND 'z' THEN {text}"
        f" WHEN {text} ~ '^{_PATTERN}' THEN '''' || {text} ELSE {text} END"
    )


def as_it_was(text: str) -> str:
    """Return what `defused` was given."""
    return text[1:] if text[:1] == "'" and _MARKED.match(text) else text


def narrow(text: str) -> str:
    """Return a text with full-width letters, digits and marks as usual ones, and no ends."""
    return (text if text.isascii() else text.translate(_NARROW)).strip()


_NARROW = {0xFF01 + place: 0x21 + place for place in range(94)}


def folded(text: str) -> str:
    """Return what counts of a heading or a choice: no case, width, spaces, underlines or stars."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in plain if c not in "_*:" and unicodedata.category(c) not in _UNSEEN)


_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})
