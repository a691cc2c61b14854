"""What the columns of a sheet are: their names in each language, and what stands in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils import translation


class Holds(StrEnum):
    """What the cells of a column hold."""

    TEXT = "text"
    #: A coupon's code, in any form in which one may be typed.
    CODE = "code"
    #: A whole number, 0 or more.
    WHOLE = "whole"
    #: An amount of money in major units, such as 19.99.
    AMOUNT = "amount"
    YES_NO = "yes_no"
    DATE = "date"
    #: A time, in the merchant's zone where it names none.
    MOMENT = "moment"
    #: One of the column's `choices`.
    CHOICE = "choice"
    #: Words, with commas or semicolons between them.
    WORDS = "words"
    #: What has parts, as the HTTP contract writes it in JSON.
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `heading` and `about` are lazy texts, said in every language of the console."""

    #: As the HTTP contract has it; counts as a heading too.
    name: str
    heading: Any
    about: Any
    holds: Holds = Holds.TEXT
    required: bool = False
    #: Characters at most.
    longest: int = 300
    #: What a CHOICE may be, with the words for it.
    choices: Mapping[str, Any] = field(default_factory=dict)
    #: Further headings under which others write the same.
    also: tuple[str, ...] = ()
    #: Only told by what goes out; nobody fills it in.
    told: bool = False

    def headings(self) -> list[str]:
        """List everything that may stand above the column."""
        return [*in_each_language(self.heading), self.name, *self.also]


@dataclass(frozen=True, slots=True)
class SheetShape:
    """The columns of one kind of sheet, and which of them tells rows apart."""

    name: str
    title: Any
    columns: tuple[Column, ...]
    key: str
    #: Whether its rows change what is there already.
    changes: bool = True

    @property
    def asked(self) -> tuple[Column, ...]:
        """Return the columns that people fill in."""
        return tuple(column for column in self.columns if not column.told)


def in_each_language(text: Any) -> list[str]:
    """Say a lazy text in every language of the console, the default one first."""
    said = []
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            said.append(str(text))
    return said
