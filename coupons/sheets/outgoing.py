"""Rows on their way out, written as CSV by the database itself, many by one statement.

What a cell holds is made in SQL as `writing` makes it of a value, so that both ways of
writing are read back alike.
"""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from psycopg import sql

from coupons.models import Merchant
from coupons.sheets.cell_text import as_it_was, defused_in_sql
from coupons.sheets.columns import Column, Holds, SheetShape
from coupons.sheets.writing import NO_LIST, csv_lines


@dataclass(frozen=True, slots=True)
class Asked:
    """What one filter is asked: the value, by whom, and when."""

    value: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How the rows of one kind of sheet go out.

    Either `values` is the SQL of each column, made of the row `s` of the model's table and
    of what `joins` bring, or `rows` makes values of the rows it is given.
    """

    model: type[Model]
    #: What the list may be narrowed by: a ValueError for a value that is none.
    filters: Mapping[str, Callable[[Any, Asked], QuerySet]]
    #: The column of an index to go along, by the filters that are set.
    along: Callable[[Mapping[str, str]], str]
    values: Mapping[str, str] = field(default_factory=dict)
    joins: str = ""
    rows: Callable[[QuerySet], Iterable[Sequence[Any]]] | None = None
    #: Say in a word for a file's name what the rows were narrowed to.
    called: Callable[[Merchant, Mapping[str, str]], str] = lambda _merchant, _filters: ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows as CSV, without headings."""

    content: bytes
    count: int
    #: What the next piece begins after.
    last: Any


def narrowed(
    *, out: Outgoing, merchant: Merchant, filters: Mapping[str, str], by: str, at: datetime
) -> QuerySet:
    """Find a merchant's rows; KeyError for a filter there is not, ValueError for a value."""
    rows = out.model._default_manager.of(merchant)  # type: ignore[attr-defined]
    for name, value in filters.items():
        rows = out.filters[name](rows, Asked(value, by, at))
    return rows


def next_piece(
    *,
    out: Outgoing,
    shape: SheetShape,
    rows: QuerySet,
    along: str,
    after: Any,
    most: int,
    zone: ZoneInfo,
) -> Piece | None:
    """Write the rows that come next, `most` at most; None where there are none left."""
    if after is not None:
        rows = rows.filter(**{f"{along}__gt": after})
    ahead, filled = rows.order_by(along).values_list(along)[:most].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(k), count(*) FROM ({ahead}) AS ahead (k)", filled)  # noqa: S608
        last, count = cursor.fetchone()
    if not count:
        return None
    rows = rows.filter(**{f"{along}__lte": last}).order_by(along)
    if out.rows is not None:
        return Piece(b"".join(csv_lines(out.rows(rows))), count, last)
    return Piece(_copied(out, shape, rows, along, zone), count, last)


def typed(*, text: str, column: Column) -> Any:
    """Return the value of a cell that a piece holds, for a workbook."""
    text = as_it_was(text)
    if not text:
        return None
    if column.holds is Holds.MOMENT:
        return datetime.fromisoformat(text)
    if column.holds is Holds.DATE:
        return date.fromisoformat(text)
    return int(text) if column.holds is Holds.WHOLE else text


def _copied(out: Outgoing, shape: SheetShape, rows: QuerySet, along: str, zone: ZoneInfo) -> bytes:
    columns = [each.attname for each in out.model._meta.concrete_fields]
    inner, filled = rows.order_by().values(*columns).query.sql_with_params()
    cells = ", ".join(_cell(column, f"({out.values[column.name]})") for column in shape.columns)
    query = (
        f"COPY (SELECT {cells} FROM ({inner}) AS s {out.joins} ORDER BY s.{along})"  # noqa: S608
        " TO STDOUT (FORMAT csv)"
    )
    written = io.BytesIO()
    with connection.cursor() as cursor:
        # Times are said in the shop's zone.
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone.key])
        with cursor.copy(query, filled) as copy:
            for line in copy:
                written.write(line)
        cursor.execute("SELECT set_config('TimeZone', 'UTC', true)")
    return written.getvalue()


def _cell(column: Column, value: str) -> str:
    """Return the SQL of a cell's text."""
    match column.holds:
        case Holds.TEXT | Holds.CODE:
            return defused_in_sql(text=value)
        case Holds.YES_NO:
            return (
                f"CASE WHEN {value} THEN {_quoted(gettext('Yes'))}"
                f" WHEN NOT {value} THEN {_quoted(gettext('No'))} END"
            )
        case Holds.CHOICE:
            words = " ".join(
                f"WHEN {_quoted(name)} THEN {_quoted(str(said))}"
                for name, said in column.choices.items()
            )
            return f"CASE {value} {words} END"
        case Holds.MOMENT:
            said = f"to_char({value}, 'YYYY-MM-DD HH24:MI:SS.USTZH:TZM')"
            return f"replace({said}, '.000000', '')"
        case Holds.DATE:
            return f"to_char({value}, 'YYYY-MM-DD')"
        case Holds.WORDS:
            joined = f"array_to_string({value}, ', ')"
            parts = f"array_to_string({value}, '')"
            marks = f"[{''.join(sorted(NO_LIST))}]"
            safe = f"{parts} !~ {_quoted(marks)} AND {parts} NOT LIKE '[%%'"
            plain = defused_in_sql(text=joined)
            return f"CASE WHEN {safe} THEN {plain} ELSE to_jsonb({value})::text END"
        case Holds.JSON:
            return f"nullif({value}::text, '{{}}')"
        case _:
            return f"{value}::text"


def _quoted(text: str) -> str:
    return sql.Literal(text).as_string(connection.connection).replace("%", "%%")
