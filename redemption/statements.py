"""Several writes as one statement, whose parts come one after the other.

PostgreSQL runs the parts of a statement in no promised order, unless one reads another. So
each asks whether the one before it has done its work; it waits for that, and does nothing
where a take before it took nothing. One statement is one call of the driver, one plan and
one look at the world: docs/adr/0003-taking-in-one-round-trip.md.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import DataError
from psycopg import errors as pg

from redemption.errors import TakeLost
from redemption.wire import done

#: Where a part asks for the one before it.
AFTER = "{after}"


class Part(NamedTuple):
    """One write: its statement, with `%s` for its values, and whether it must change a row."""

    sql: str
    values: Sequence[Any]
    takes: bool


@dataclass(slots=True)
class Statements:
    """The writes of one verb, in the order in which they lock their rows.

    `shared` are values that any part may name.
    """

    shared: Mapping[str, Any] = field(default_factory=dict)
    _sent: list[list[Part]] = field(default_factory=lambda: [[]])
    _rows: set[Hashable] = field(default_factory=set)

    def add(self, sql: str, values: Sequence[Any] = (), *, row: Hashable = None) -> None:
        """Add one that always does its work; `row` names the row it changes, if others may too."""
        self._append(Part(sql, values, takes=False), row)

    def take(self, sql: str, values: Sequence[Any] = (), *, row: Hashable = None) -> None:
        """Add one that changes a row or, if none is left, ends the transaction."""
        self._append(Part(sql, values, takes=True), row)

    def _append(self, part: Part, row: Hashable) -> None:
        # One statement changes a row once: a second change of it would be passed over.
        if row is not None and row in self._rows:
            self._sent.append([])
            self._rows.clear()
        self._rows.add(row)
        self._sent[-1].append(part)

    def run(self) -> None:
        """Do all of them or none, in one round trip; `TakeLost` unless every take took.

        Outside a transaction they are one: they are committed with the last of them. So the
        rows that others want too are locked only from their own part to the end, while nobody
        waits for a network.
        """
        sent = [
            (chained(tuple([(p.sql, p.takes) for p in parts])), self._of(parts))
            for parts in filter(None, self._sent)
        ]
        try:
            done(statements=sent)
        except DataError as error:
            if isinstance(error.__cause__, pg.DivisionByZero):
                raise TakeLost from error
            raise

    def _of(self, parts: Sequence[Part]) -> dict[str, Any]:
        """Name the values of each part."""
        values = dict(self.shared)
        for n, part in enumerate(parts):
            for i, value in enumerate(part.values):
                values[name_of(n, i)] = value
        return values


@lru_cache(maxsize=1_000)
def chained(parts: tuple[tuple[str, bool], ...]) -> str:
    """Write several statements as one, each waiting for the one before it.

    The server looks at the row counts itself, so that nothing has to wait for us: where the
    last take took nothing, because of itself or of one before it, it divides by zero.
    """
    texts, after, last_take = [], "true", None
    for n, (sql, takes) in enumerate(parts):
        named = _named(sql.replace(AFTER, after), n)
        texts.append(f"s{n} AS ({named} RETURNING 1)")
        last_take = n if takes else last_take
        after = f"(SELECT count(*) FROM s{n}) {'> 0' if takes else '>= 0'}"  # noqa: S608
        if last_take is not None and not takes:
            after += f" AND (SELECT count(*) FROM s{last_take}) > 0"  # noqa: S608
    counted = f"s{len(parts) - 1}" if last_take is None else f"s{last_take}"
    told = "count(*)" if last_take is None else "1 / count(*)"
    return f"WITH {', '.join(texts)} SELECT {told} FROM {counted}"  # noqa: S608


def _named(sql: str, n: int) -> str:
    first, *rest = sql.split("%s")
    return first + "".join(f"%({name_of(n, i)})s{text}" for i, text in enumerate(rest))


def name_of(n: int, i: int) -> str:
    """Name the value number `i` of the part number `n`."""
    return f"v{n}_{i}"
