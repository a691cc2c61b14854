"""The embedded servers: started, shared, found again, recovered, stopped."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config.services import lease, postgres, valkey
from config.services.addresses import Addresses, addresses, celery_url
from config.services.processes import ServiceError, give

PROJECT = Path(__file__).resolve().parents[2]

# Borrows the servers, says so, and keeps them until its input ends.
BORROWER = """
import sys
from pathlib import Path
from config.services.addresses import addresses
from config.services.lease import borrowed
with borrowed(at=addresses(data=Path(sys.argv[1])), durable=False):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def at() -> Iterator[Addresses]:
    folder = Path(tempfile.mkdtemp(prefix="hexiao-test-", dir="/tmp"))
    where = addresses(data=folder)
    yield where
    lease.stop_unused(at=where)
    shutil.rmtree(folder)


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def borrower(at: Addresses) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", BORROWER, str(at.data)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def finish(process: "subprocess.Popen[bytes]") -> None:
    process.communicate()
    assert process.returncode == 0


def pids(at: Addresses) -> tuple[int | None, int | None]:
    return postgres.running(at=at), valkey.running(at=at)


def sql(at: Addresses, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(at.database_url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def valkey_client(at: Addresses) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(at.valkey_socket))


def test_last_user_stops_the_servers(at: Addresses) -> None:
    with lease.borrowed(at=at, durable=False):
        second = borrower(at)
        running = pids(at)
        assert None not in running
        assert sql(at, "SHOW listen_addresses") == [("",)]
    assert pids(at) == running, "somebody still used them"
    finish(second)
    assert pids(at) == (None, None)


def test_servers_of_a_killed_user_are_found_and_stopped_by_the_next(at: Addresses) -> None:
    killed = borrower(at)
    running = pids(at)
    killed.kill()
    killed.communicate()
    assert pids(at) == running
    with lease.borrowed(at=at, durable=False):
        assert pids(at) == running
    assert pids(at) == (None, None)


def test_what_was_written_outlives_kill_9_of_both_servers(at: Addresses) -> None:
    with lease.borrowed(at=at):
        sql(at, "CREATE TABLE kept (n int)")
        sql(at, "INSERT INTO kept VALUES (7)")
        with valkey_client(at) as client:
            client.lpush("queue", "task")
        before = pids(at)
        for pid in before:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pids(at) == (None, None))

        assert lease.revive(at=at) is True

        assert None not in pids(at)
        assert set(pids(at)).isdisjoint(before)
        assert sql(at, "SELECT n FROM kept") == [(7,)]
        with valkey_client(at) as client:
            assert client.lrange("queue", 0, -1) == [b"task"]
        assert lease.revive(at=at) is False


def test_starts_past_what_crashes_leave_behind(at: Addresses) -> None:
    with lease.borrowed(at=at, durable=False), valkey_client(at) as client:
        client.set("whole", "1")
        client.set("torn", "2")
    # A pid file that names a living process which is not PostgreSQL: this one.
    stale = [str(os.getpid()), str(at.postgres), "0", "5432", str(at.sockets), "", "  0  0", ""]
    (at.postgres / "postmaster.pid").write_text("\n".join(stale))
    (at.sockets / ".s.PGSQL.5432.lock").write_text("\n".join(stale))
    # The last record of Valkey's file cut in the middle.
    journal = max((at.valkey / "appendonlydir").glob("*.incr.aof"))
    with journal.open("r+b") as file:
        file.truncate(journal.stat().st_size - 3)

    with lease.borrowed(at=at, durable=False):
        assert sql(at, "SELECT 1") == [(1,)]
        with valkey_client(at) as client:
            assert client.get("whole") == b"1"
            assert client.get("torn") is None


def test_half_made_database_is_made_again() -> None:
    folder = Path(tempfile.mkdtemp(prefix="hexiao-test-", dir="/tmp"))
    at = addresses(data=folder)
    try:
        # initdb writes beside the final place; this is what its kill leaves.
        (folder / "postgres.new" / "base").mkdir(parents=True)
        (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
        with lease.borrowed(at=at, durable=False):
            assert sql(at, "SELECT current_database()") == [("hexiao",)]
            assert not (folder / "postgres.new").exists()
    finally:
        shutil.rmtree(folder)


def test_servers_in_use_are_not_stopped(at: Addresses) -> None:
    with lease.borrowed(at=at, durable=False):
        running = pids(at)
        with pytest.raises(ServiceError, match="Somebody uses the servers"):
            lease.stop_unused(at=at)
        assert pids(at) == running


def test_another_major_version_is_refused_before_anything_starts(at: Addresses) -> None:
    with lease.borrowed(at=at, durable=False):
        version = at.postgres / "PG_VERSION"
    version.write_text("12\n")
    try:
        with pytest.raises(ServiceError, match="written by PostgreSQL 12"), lease.borrowed(at=at):
            pass
        assert postgres.running(at=at) is None
    finally:
        version.write_text("18\n")


def test_long_data_folder_gets_its_sockets_under_tmp() -> None:
    near = addresses(data=Path("/srv/hexiao"))
    far = addresses(data=Path("/srv") / ("x" * 100))
    assert near.sockets == Path("/srv/hexiao/run")
    assert str(far.sockets).startswith("/tmp/hexiao-")  # noqa: S108
    assert far.sockets == addresses(data=far.data).sockets
    assert far.sockets != addresses(data=far.data / "other").sockets
    assert len(os.fsencode(far.postgres_socket)) <= 103


def test_link_in_place_of_a_server_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "target")
    with pytest.raises(ServiceError, match="belongs to somebody else"):
        give(folder=tmp_path / "run", user=None)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///data/run/valkey.sock", "redis+socket:///data/run/valkey.sock"),
        ("redis://cache:6379/0", "redis://cache:6379/0"),
        ("rediss://cache:6379/0", "rediss://cache:6379/0"),
        ("valkey://cache:6379/0", "redis://cache:6379/0"),
        ("valkeys://cache:6379/0", "rediss://cache:6379/0"),
    ],
)
def test_celery_gets_its_own_dialect(url: str, expected: str) -> None:
    assert celery_url(url=url) == expected
