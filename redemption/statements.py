"""Several writes as one statement, whose parts come one after the other.

PostgreSQL runs the parts of a statement in no promised order, unless one reads another. So
each asks whether the one before it has done its work; it waits for that, and does nothing
where a take before it took nothing. One statement is one call of the driver, one plan and
one look at the world: docs/adr/0003-taking-in-one-round-trip.md.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Any

from django.db import DataError
from psycopg import errors as pg

from redemption.errors import TakeLost
from redemption.wire import done

#: Where a part asks for the one before it.
AFTER = "{after}"
#: A part with that in it, and its values.
Statement = tuple[str, Sequence[Any]]


@dataclass(slots=True)
class Statements:
    """The writes of one verb, in the order in which they lock their rows.

    `shared` are values that any part may name; a part's own stand for its `%s`.
    """

    shared: Mapping[str, Any] = field(default_factory=dict)
    #: Of each statement its parts (SQL, and whether it must change a row), and their values.
    _sent: list[tuple[list[tuple[str, bool]], list[Any]]] = field(
        default_factory=lambda: [([], [])]
    )
    _rows: set[Hashable] = field(default_factory=set)

    def add(self, sql: str, values: Sequence[Any] = (), *, row: Hashable = None) -> None:
        """Add one that always does its work; `row` names the row it changes, if others may too."""
        self._append(sql, values, row, takes=False)

    def take(self, sql: str, values: Sequence[Any] = (), *, row: Hashable = None) -> None:
        """Add one that changes a row or, if none is left, ends the transaction."""
        self._append(sql, values, row, takes=True)

    def _append(self, sql: str, values: Sequence[Any], row: Hashable, *, takes: bool) -> None:
        if row is not None:
            # One statement changes a row once: a second change of it would be passed over.
            if row in self._rows:
                self._sent.append(([], []))
                self._rows.clear()
            self._rows.add(row)
        parts, given = self._sent[-1]
        parts.append((sql, takes))
        given.extend(values)

    def run(self) -> None:
        """Do all of them or none, in one round trip; `TakeLost` unless every take took.

        Outside a transaction they are one: they are committed with the last of them. So the
        rows that others want too are locked only from their own part to the end, while nobody
        waits for a network.
        """
        sent = [
            (chained(tuple(parts)), {**self.shared, **{f"v{i}": v for i, v in enumerate(given)}})
            for parts, given in self._sent
            if parts
        ]
        try:
            done(statements=sent)
        except DataError as error:
            if isinstance(error.__cause__, pg.DivisionByZero):
                raise TakeLost from error
            raise


@lru_cache(maxsize=1_000)
def chained(parts: tuple[tuple[str, bool], ...]) -> str:
    """Write several statements as one, each waiting for the one before it.

    Their own values are named `v0`, `v1` and so on, through all of them.

    The server looks at the row counts itself, so that nothing has to wait for us: where the
    last take took nothing, because of itself or of one before it, it divides by zero.
    """
    texts, after, last_take, numbers = [], "true", None, count()
    for n, (sql, takes) in enumerate(parts):
        text = re.sub("%s", lambda _: f"%(v{next(numbers)})s", sql.replace(AFTER, after))
        texts.append(f"s{n} AS ({text} RETURNING 1)")
        last_take = n if takes else last_take
        after = f"(SELECT count(*) FROM s{n}) {'> 0' if takes else '>= 0'}"  # noqa: S608
        if last_take is not None and not takes:
            after += f" AND (SELECT count(*) FROM s{last_take}) > 0"  # noqa: S608
    counted = f"s{len(parts) - 1}" if last_take is None else f"s{last_take}"
    told = "count(*)" if last_take is None else "1 / count(*)"
    return f"WITH {', '.join(texts)} SELECT {told} FROM {counted}"  # noqa: S608
