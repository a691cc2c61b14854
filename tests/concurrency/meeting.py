"""Calls that overlap just where it hurts: whoever has looked waits until all others have.

Nobody sleeps and nobody is lucky. A call goes past the meeting point once every other call
has come to it, has ended, or waits for a lock in the database, which a guard makes it do;
then they go on one after another, in the order in which they came. So the same calls show
the race where a guard is taken away, and its absence where it stands.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from django.db import connection, connections

from redemption.models.ledger import RedemptionQuerySet

T = TypeVar("T")

#: Until a meeting is given up, in seconds; longer than the database lets anybody wait.
PATIENCE = 15


class Meeting:
    """Some calls, each in a thread and on a connection of its own.

    Unless they go on `in_turn`, they all go on at once.
    """

    def __init__(self, patch: pytest.MonkeyPatch, *, in_turn: bool = True) -> None:
        self.patch = patch
        self.in_turn = in_turn
        self.calls = 0
        self.me = threading.local()
        self.sessions: dict[int, int] = {}
        self.arrived: list[int] = []
        self.ended: set[int] = set()
        self.one_at_a_time = threading.Lock()

    def before(self, module: Any, verb: str) -> "Meeting":
        """Meet before this verb is done."""
        return self._at(module, verb, is_before=True)

    def after(self, module: Any, verb: str) -> "Meeting":
        """Meet after this verb is done."""
        return self._at(module, verb, is_before=False)

    def _at(self, module: Any, verb: str, *, is_before: bool) -> "Meeting":
        original: Callable[..., Any] = getattr(module, verb)

        def meet(*values: Any, **named: Any) -> Any:
            if is_before:
                self._arrive()
            done = original(*values, **named)
            if not is_before:
                self._arrive()
            return done

        self.patch.setattr(module, verb, meet)
        return self

    def of(self, *calls: Callable[[], T]) -> list[T]:
        """Make the calls, each once those before it can go no further; return their results."""
        self.calls = len(calls)
        with self._observed(), ThreadPoolExecutor(len(calls)) as pool:
            futures = []
            for number, call in enumerate(calls):
                futures.append(pool.submit(self._make, number, call))
                self._wait_for([number], self._has_come)
            return [future.result(PATIENCE) for future in futures]

    @contextmanager
    def _observed(self) -> Iterator[None]:
        self.observer = connection.copy()
        self.observer.inc_thread_sharing()
        try:
            yield
        finally:
            self.observer.close()

    def _make(self, number: int, call: Callable[[], T]) -> T:
        self.me.number = number
        try:
            connection.ensure_connection()
            self.sessions[number] = connection.connection.info.backend_pid
            return call()
        finally:
            connections.close_all()
            self.ended.add(number)

    def _arrive(self) -> None:
        number = getattr(self.me, "number", None)
        if number is None or number in self.arrived:
            return
        self.arrived.append(number)
        self._wait_for(range(self.calls), self._has_come)
        if self.in_turn:
            self._wait_for(self.arrived[: self.arrived.index(number)], self._is_past)

    def _has_come(self, number: int) -> bool:
        return number in self.arrived or self._is_past(number)

    def _is_past(self, number: int) -> bool:
        return number in self.ended or self._waits_for_a_lock(number)

    def _waits_for_a_lock(self, number: int) -> bool:
        if number not in self.sessions:
            return False
        with self.one_at_a_time, self.observer.cursor() as cursor:
            cursor.execute(
                "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s",
                [self.sessions[number]],
            )
            row = cursor.fetchone()
        return bool(row and row[0])

    def _wait_for(self, numbers: Any, condition: Callable[[int], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not all(condition(number) for number in numbers):
            assert time.monotonic() < until, "somebody never came to the meeting"
            time.sleep(0.002)


@contextmanager
def constraint_dropped(table: str, name: str, *, then: str) -> Iterator[None]:
    """Take away the last guard as well, so that a race can be seen; put it back in the end.

    `then` is the statement that makes the broken rows fit it again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name]
        )
        found = cursor.fetchone()
        if found is not None:
            gone = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
            again = f"ALTER TABLE {table} ADD CONSTRAINT {name} {found[0]}"
        else:  # a unique constraint with a condition is an index
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
            gone, (again,) = f"DROP INDEX {name}", cursor.fetchone()
        cursor.execute(gone)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(then)
            cursor.execute(again)


def without_row_locks(patch: pytest.MonkeyPatch) -> None:
    """Let redemptions be read for a change without being locked."""
    patch.setattr(RedemptionQuerySet, "select_for_update", lambda rows, **_: rows.all())
