"""Statements sent past the driver's cursors: as exact, and as clear when something fails."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, transaction

from redemption.wire import MOST, OFTEN, _Line, asked
from tests.round_trips import counted

pytestmark = pytest.mark.django_db(transaction=True)


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
        return [text for (text,) in cursor.fetchall()]


def test_values_come_back_as_they_went() -> None:
    given = {"n": 7, "text": 'it\'s 100 % \\ "好"', "list": ["a,b", "{}", 'q"'], "none": None}
    sql = "SELECT %(n)s::int, %(text)s::text, %(list)s::text[], %(none)s::text, 5 %% 3, %(n)s::int"
    assert asked(statements=[(sql, given)]) == [[(7, given["text"], given["list"], None, 2, 7)]]
    assert asked(statements=[("SELECT %s::int - %s::int", [5, 3])]) == [[(2,)]]


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.timeout(30)
def test_what_is_larger_than_a_socket_holds_arrives_and_comes_back(count: int) -> None:
    large = "x" * 20_000_000
    statements = [("SELECT %s::text", [large])] * count
    assert asked(statements=statements) == [[(large,)]] * count


def test_whole_numbers_have_one_width_so_that_one_plan_serves_all() -> None:
    connection.close()
    for number in (1, 40_000, 3_000_000_000, -1) * 2:
        assert asked(statements=[("SELECT %s", [number])]) == [[(number,)]]
    assert prepared() == ["SELECT $1"]


def test_a_zero_byte_is_refused_and_not_cut_off() -> None:
    with pytest.raises(DataError):
        asked(statements=[("SELECT %s::text", ["a\0b"])])


def test_what_comes_often_is_prepared_and_stays_so_after_a_rollback() -> None:
    connection.close()
    for place in range(OFTEN + 3):
        with transaction.atomic():
            assert asked(statements=[("SELECT %s::int + 1", [place])]) == [[(place + 1,)]]
            transaction.set_rollback(place % 2 == 0)
    assert prepared() == ["SELECT $1::int + 1"]


def test_a_connection_keeps_so_many_and_sends_the_rest_as_they_come() -> None:
    connection.close()
    for place in range(MOST + 3):
        for _ in range(OFTEN):
            assert asked(statements=[(f"SELECT {place} + %s::int", [1])]) == [[(place + 1,)]]
    assert len(prepared()) == MOST


def test_several_are_one_round_trip_with_the_begin_of_the_transaction() -> None:
    connection.ensure_connection()
    with transaction.atomic(), counted() as traffic:
        rows = asked(statements=[("SELECT 1", ()), ("SELECT 2 WHERE false", ()), ("SELECT 3", ())])
    assert rows == [[(1,)], [], [(3,)]]
    assert (traffic.queries, traffic.round_trips) == (4, 1)


def test_the_first_that_fails_is_told_and_nothing_is_done() -> None:
    table = "CREATE TEMP TABLE IF NOT EXISTS seen (n int)"
    asked(statements=[(table, ())])
    add = "INSERT INTO seen VALUES (%s)"
    with pytest.raises(DataError, match="division by zero"), transaction.atomic():
        asked(statements=[(add, [1]), ("SELECT 1 / 0", ()), (add, [2]), ("SELECT nonsense", ())])
    assert asked(statements=[("SELECT n FROM seen", ())]) == [[]]
    with transaction.atomic():
        asked(statements=[(add, [3]), (add, [4])])
    assert asked(statements=[("SELECT n FROM seen", ())]) == [[(3,), (4,)]]


def test_outside_a_transaction_several_are_one() -> None:
    asked(statements=[("CREATE TEMP TABLE noted (n int)", ())])
    add = "INSERT INTO noted VALUES (%s)"
    with pytest.raises(DataError, match="division by zero"):
        asked(statements=[(add, [1]), ("SELECT 1 / 0", ())])
    with counted() as traffic:
        assert asked(statements=[("SELECT n FROM noted", ()), (add, [2])]) == [[], []]
    assert (traffic.queries, traffic.round_trips) == (2, 1)
    assert asked(statements=[("SELECT n FROM noted", ())]) == [[(2,)]]


@pytest.mark.parametrize("count", [1, 2])
def test_what_only_the_end_of_their_transaction_finds_is_told(count: int) -> None:
    late = "DEFERRABLE INITIALLY DEFERRED"
    for table in ("parent (n int PRIMARY KEY)", f"child (n int REFERENCES parent {late})"):
        asked(statements=[(f"CREATE TEMP TABLE IF NOT EXISTS {table}", ())])
    orphan = ("INSERT INTO child VALUES (%s)", [1])
    with pytest.raises(IntegrityError, match="child_n_fkey"):
        asked(statements=[orphan] * count)
    assert asked(statements=[("SELECT n FROM child", ())] * count) == [[]] * count


@pytest.mark.parametrize("count", [1, 2])
def test_a_connection_that_the_server_ended_is_told(count: int) -> None:
    [[(pid,)]] = asked(statements=[("SELECT pg_backend_pid()", ())])
    end = [("SELECT pg_terminate_backend(%s::int, 5000)", [pid])]
    on_another_connection(lambda: asked(statements=end)).join()
    with pytest.raises(OperationalError):
        asked(statements=[("SELECT 1", ())] * count)
    connection.close()
    assert asked(statements=[("SELECT 1", ())] * count) == [[(1,)]] * count


def test_one_that_was_interrupted_leaves_no_answer_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection.ensure_connection()
    with monkeypatch.context() as patch:
        patch.setattr(_Line, "_next", interrupted)
        with pytest.raises(KeyboardInterrupt):
            asked(statements=[("SELECT 1", ()), ("SELECT 2", ())])
    with pytest.raises(OperationalError):
        asked(statements=[("SELECT 3", ())])
    connection.close()
    assert asked(statements=[("SELECT 4", ())]) == [[(4,)]]


def interrupted(_line: _Line) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("count", [1, 2])
def test_other_threads_work_while_one_waits(count: int) -> None:
    statements = [("SELECT pg_sleep(0.2)", ())] * count
    waiting = on_another_connection(lambda: asked(statements=statements))
    rounds = 0
    while waiting.is_alive():
        rounds += 1
    # One that held the others up would let them have a look before and one after.
    assert rounds > 1_000


def on_another_connection(work: Callable[[], Any]) -> threading.Thread:
    """Begin something in a thread, with a connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
