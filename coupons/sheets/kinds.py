"""The kinds of sheet: what their rows mean, and how they compare with what is there.

A kind says it in parts of SQL, which `checking` and `merging` put together; so every kind
goes the same way, and none row by row. In these parts `r` is a row of the file, with its
`key` and its `cells`, a JSON array in the order of `stored`; `s` is the row that is there
under that key; `%(merchant)s`, `%(job)s` and `%(at)s` are filled in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from coupons.models import Merchant
from coupons.models.sheet import SheetImport
from coupons.sheets.columns import Column, SheetShape
from coupons.sheets.outgoing import Outgoing
from coupons.staff import Area


@dataclass(frozen=True, slots=True)
class Stored:
    """One value of a row and the column of the table that keeps it, with its type."""

    #: As the shape has it.
    name: str
    column: str
    #: A PostgreSQL type; `jsonb` for what has parts.
    type: str
    #: SQL of a new row's value where the cell is empty.
    fresh: str = "''"
    #: SQL of what stands there, as the cell would have it; the column itself if not given.
    now: str = ""
    #: SQL of what a row that is there gets where the cell says to empty it.
    usual: str = "NULL"
    #: SQL of what is written, made of `{cell}`.
    written: str = "{cell}"


@dataclass(frozen=True, slots=True)
class Row:
    """What the cells of one row say, by column, for a kind to bring into its stored form."""

    key: str
    #: None where the cell says to empty the value; what it leaves alone is not there.
    values: Mapping[str, Any]
    merchant: Merchant
    #: The slug of the coupon that the whole file is for.
    coupon: str | None
    #: What the kind's `known` found of that key.
    known: Any = None

    def given(self, *, but: str, usual: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values `but` the key's; one emptied is as `usual`, where there is such."""
        return {
            name: usual.get(name) if value is None else value
            for name, value in self.values.items()
            if name != but
        }


@dataclass(frozen=True, slots=True)
class Sheet:
    """One kind of sheet."""

    shape: SheetShape
    area: Area
    #: The table and its column that the shape's key names.
    table: str
    key: str
    stored: tuple[Stored, ...]
    #: Bring a row into values in the order of `stored`; Invalid names columns.
    values: Callable[[Row], Sequence[Any]]
    #: How its rows go out.
    out: Outgoing
    #: Find what `values` needs to know of rows that are there, by key.
    known: Callable[[Merchant, Sequence[str]], Mapping[str, Any]] = lambda _merchant, _keys: {}
    #: Joins that the parts below may speak of, always there, and for new rows only.
    joins: str = ""
    new_joins: str = ""
    #: SQL that is null, or `column|sentence` of what is wrong with a row.
    problem: str = "NULL::text"
    #: More columns of a new row, with the SQL of their value.
    more: Mapping[str, str] = field(default_factory=dict)
    #: In which order the rows that are there are locked: that of all who lock several.
    lock_order: str = ""
    #: A statement over the rows (r.outcome new or changed) that comes before they are written.
    first: str = ""
    #: What has to be seen to once all is staged, before anything is written, and at the end.
    staged: Callable[[SheetImport], None] = lambda _imported: None
    opening: Callable[..., None] = lambda **_: None
    closing: Callable[..., None] = lambda **_: None
    #: Write one row through a verb, where no statement may; `Invalid` makes the row a bad one.
    apply: Callable[..., None] | None = None
    #: Rows staged, and applied, in one transaction at most.
    at_once: int = 10_000
    #: Say a stored value to a person, by column and all values of the row.
    said: Callable[[str, Any, Mapping[str, Any]], str] = lambda _name, value, _all: str(value)
    #: Whether every row belongs to a coupon.
    of_coupons: bool = False

    def reads(self, *, column: Column) -> bool:
        """Say whether something comes of what a file has in that column."""
        return not column.told or column.name in {stored.name for stored in self.stored}


_KINDS: dict[str, Sheet] = {}


def register(*, sheet: Sheet) -> None:
    """Add a kind of sheet; called once, when the package is loaded."""
    _KINDS[sheet.shape.name] = sheet


def kind(*, name: str) -> Sheet:
    """Return the kind of sheet of that name; KeyError for none."""
    return _KINDS[name]


def kinds() -> list[Sheet]:
    """List every kind of sheet."""
    return list(_KINDS.values())
