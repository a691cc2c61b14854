"""Statements on their way to PostgreSQL and back, several in one round trip.

A checkout sends the same few statements again and again. The driver's cursors, which make each
of them anew from Python objects, took two fifths of the web process's time. Here the driver's
own parts are put together for just this: values through its `Transformer`, bytes through its
libpq, each statement prepared once for a connection.
"""

import re
import select
import threading
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import OperationalError, errors
from psycopg.adapt import AdaptersMap, PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.types.numeric import Int8BinaryDumper

#: A statement with `%s` or with `%(name)s`, and its values.
Asked = tuple[str, Sequence[Any] | dict[str, Any]]
Row = tuple[Any, ...]

#: What comes this often is prepared, and so many are kept for each connection.
OFTEN, MOST = 5, 100
_WELL = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


def asked(*, statements: Sequence[Asked]) -> list[list[Row]]:
    """Send statements to this thread's connection in one round trip; return the rows of each.

    Inside Django's transaction its BEGIN goes ahead of the first; outside they are one of their
    own, and committed on return. The first that fails raises Django's error: none behind it is
    done, and outside nothing of any.
    """
    database = connections[DEFAULT_DB_ALIAS]
    with database.wrap_database_errors:
        line, results = _sent(database, statements)
        return [line.rows(result) for result in results]


def done(*, statements: Sequence[Asked]) -> None:
    """Send statements as `asked` does, where nobody wants their rows."""
    database = connections[DEFAULT_DB_ALIAS]
    with database.wrap_database_errors:
        _sent(database, statements)


def _sent(database: BaseDatabaseWrapper, statements: Sequence[Asked]) -> tuple["_Line", list[Any]]:
    database.ensure_connection()
    line = _line(database.connection)
    begin = [("BEGIN", ())] if database.in_atomic_block and line.is_idle else []
    results = line.results([line.ready(*each) for each in [*begin, *statements]])
    return line, results[len(begin) :]


class _Adapting(NamedTuple):
    """A connection's adapters and more: whole numbers have one width, so one plan serves all."""

    adapters: AdaptersMap
    connection: Any

    @classmethod
    def of(cls, wire: Any) -> "_Adapting":
        adapters = AdaptersMap(wire.adapters)
        adapters.register_dumper(int, Int8BinaryDumper)
        return cls(adapters, wire)


class _Ready(NamedTuple):
    """A statement with its values as bytes; `prepared` under that name, if it is."""

    text: bytes
    values: Sequence[Any] | None
    types: Sequence[int]
    formats: Sequence[Any]
    prepared: bytes | None


class _Line:
    """One connection, with what it has prepared."""

    def __init__(self, wire: Any) -> None:
        self.wire = wire
        self.pgconn = wire.pgconn
        self.values = Transformer(_Adapting.of(wire))
        self.arrived, self.moved = select.poll(), select.poll()
        self.arrived.register(wire.pgconn.socket, select.POLLIN)
        self.moved.register(wire.pgconn.socket, select.POLLIN | select.POLLOUT)
        self.uses: Counter[tuple[bytes, tuple[int, ...]]] = Counter()
        self.prepared: dict[tuple[bytes, tuple[int, ...]], bytes] = {}

    @property
    def is_idle(self) -> bool:
        """Say whether no transaction has begun."""
        return bool(self.pgconn.transaction_status == TransactionStatus.IDLE)

    def ready(self, sql: str, given: Sequence[Any] | dict[str, Any]) -> _Ready:
        """Bring a statement into the form in which it is sent."""
        text, names = _numbered(sql)
        values = [given[name] for name in names] if isinstance(given, dict) else given
        if not values:
            return _Ready(text, None, (), (), None)
        dumped = self.values.dump_sequence(values, [PyFormat.AUTO] * len(values))
        types, formats = tuple(self.values.types or ()), self.values.formats or ()
        return _Ready(text, dumped, types, formats, self._prepared(text, types))

    def _prepared(self, text: bytes, types: tuple[int, ...]) -> bytes | None:
        kind = (text, types)
        if name := self.prepared.get(kind):
            return name
        if len(self.prepared) >= MOST:
            return None
        self.uses[kind] += 1
        if self.uses[kind] < OFTEN:
            return None
        name = f"hexiao_{len(self.prepared)}".encode()
        self._checked(self.pgconn.prepare(name, text, types))
        self.prepared[kind] = name
        return name

    def results(self, ready: Sequence[_Ready]) -> list[Any]:
        """Send all at once, and wait for what they answer."""
        if len(ready) == 1:
            return [self._checked(self._answer(*ready))]
        self.pgconn.enter_pipeline_mode()
        try:
            for each in ready:
                self._send(each)
            self.pgconn.pipeline_sync()
            self._push()
            results = [self._next() for _ in ready]
            end = self._next()
            if end is not None and end.status != ExecStatus.PIPELINE_SYNC:
                # A transaction of their own ends with them: what its commit has found.
                results.append(end)
                self._next()
        except BaseException:
            # Nobody knows any more what was answered; the next query opens a connection.
            self.pgconn.finish()
            raise
        if self.pgconn.status == ConnStatus.OK:
            self.pgconn.exit_pipeline_mode()
        return [self._checked(result) for result in results]

    def _answer(self, ready: _Ready) -> Any:
        if ready.prepared is None:
            return self.pgconn.exec_params(ready.text, ready.values, ready.types, ready.formats)
        return self.pgconn.exec_prepared(ready.prepared, ready.values, ready.formats)

    def _send(self, ready: _Ready) -> None:
        if ready.prepared is None:
            self.pgconn.send_query_params(ready.text, ready.values, ready.types, ready.formats)
        else:
            self.pgconn.send_query_prepared(ready.prepared, ready.values, ready.formats)

    def _push(self) -> None:
        """Send what is left to send, as fast as the server takes it."""
        while self.pgconn.flush():
            # It may take no more before its answers are read.
            self.moved.poll()
            self.pgconn.consume_input()

    def _next(self) -> Any:
        """Wait for one answer, and take the nothing that ends it."""
        while self.pgconn.is_busy():
            # Waiting here lets other threads work; inside libpq it would keep them from it.
            self.arrived.poll()
            self.pgconn.consume_input()
        result = self.pgconn.get_result()
        if result is not None and result.status != ExecStatus.PIPELINE_SYNC:
            self.pgconn.get_result()
        return result

    def _checked(self, result: Any) -> Any:
        if result is None or self.pgconn.status != ConnStatus.OK:
            raise OperationalError(self.pgconn.get_error_message())
        if result.status not in _WELL:
            raise errors.error_from_result(result)
        return result

    def rows(self, result: Any) -> list[Row]:
        """Read the rows of an answer."""
        if result.status != ExecStatus.TUPLES_OK:
            return []
        self.values.set_pgresult(result)
        return self.values.load_rows(0, result.ntuples, tuple)


#: The line of each thread; it holds on to its connection.
_own = threading.local()


def _line(wire: Any) -> _Line:
    line: _Line | None = getattr(_own, "line", None)
    if line is None or line.wire is not wire:
        line = _own.line = _Line(wire)
    return line


@lru_cache(maxsize=1_000)
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Write a statement with `$1` for its values; return those that have names, in order."""
    names: dict[str, int] = {}
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[1] is None:
            count += 1
            return f"${count}"
        return f"${names.setdefault(found[1], len(names) + 1)}"

    text = re.sub(r"%(?:\((\w+)\))?s", number, sql)
    return text.replace("%%", "%").encode(), tuple(names)
