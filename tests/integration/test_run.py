"""`manage.py run` as a person meets it: start, start twice, stop, kill, start again."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.running import Run, running, wait_until


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with running() as started:
        yield started


def ensure_running(run: Run) -> None:
    if run.process is None or run.process.poll() is not None:
        run.start()


def test_serves_with_a_first_log_in(run: Run) -> None:
    ensure_running(run)
    assert run.ready()
    assert sorted(run.parts()) == ["beat", "web", "worker"]
    login = run.folder / "login.txt"
    assert login.stat().st_mode & 0o777 == 0o600
    memory = sum(
        psutil.Process(pid).memory_info().rss
        for pid in {run.process.pid, *run.ids(), *filter(None, run.servers())}
    )
    assert memory < 1_500_000_000


def test_second_start_names_the_first_and_leaves_it_alone(run: Run) -> None:
    ensure_running(run)
    before = run.parts()
    second = run.once_more()
    assert second.returncode == 0
    assert second.stdout == f"already running at {run.url} (process {run.process.pid})\n"
    assert run.parts() == before


def test_taken_port_is_told_before_anything_starts(run: Run, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = run.once_more(HEXIAO_DATA=str(tmp_path / "data"), PORT=str(port))
    assert refused.returncode == 1
    assert f"Port {port} is taken by another program" in refused.stderr
    assert not (tmp_path / "data" / "postgres").exists()


def test_killed_server_is_started_again(run: Run) -> None:
    ensure_running(run)
    database, broker = run.servers()
    assert database is not None
    os.kill(database, signal.SIGKILL)
    wait_until(lambda: run.servers()[0] not in (None, database))
    wait_until(run.ready)
    assert run.servers()[1] == broker


def test_dead_worker_ends_everything_loudly(run: Run) -> None:
    ensure_running(run)
    os.kill(run.parts()["worker"][0], signal.SIGKILL)
    assert run.ended() == 1
    assert "worker ended by SIGKILL; stopping the others" in run.said()
    assert run.parts() == {}
    assert run.servers() == (None, None)


def test_orphans_of_a_killed_run_are_ended_by_the_next_and_ctrl_c_stops_all(run: Run) -> None:
    ensure_running(run)
    orphans, servers = run.ids(), run.servers()
    run.send(signal.SIGKILL)
    run.ended()
    assert run.ids() == orphans
    run.start()
    assert "ended what a killed run had left: beat, web, worker" in run.said()
    assert run.ids().isdisjoint(orphans)
    assert run.servers() == servers, "the servers were found, not started anew"

    run.send(signal.SIGINT)
    assert run.ended() == 0
    assert run.parts() == {}
    assert run.servers() == (None, None)
