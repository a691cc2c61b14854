"""`manage.py run` as a person meets it: start, start twice, stop, kill, start again."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.instance import PART
from config.services import lease, postgres, valkey
from config.services.addresses import addresses

PROJECT = Path(__file__).resolve().parents[2]
SECONDS = 60


class Run:
    """One `manage.py run` on a data folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[str] | None = None

    def environ(self, **extra: str) -> dict[str, str]:
        left_out = {"DATABASE_URL", "REDIS_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE"}
        kept = {k: v for k, v in os.environ.items() if k not in left_out}
        return {**kept, "HEXIAO_DATA": str(self.folder), "PORT": str(self.port), **extra}

    def start(self) -> None:
        self.output = self.folder.parent / "output.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "run"],
                cwd=PROJECT,
                env=self.environ(),
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        wait_until(lambda: self.process.poll() is not None or "Stop      Ctrl-C" in self.said())
        assert self.process.poll() is None, self.said()

    def once_more(self, **extra: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", "run"],
            cwd=PROJECT,
            env=self.environ(**extra),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def said(self) -> str:
        return self.output.read_text()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self) -> int:
        assert self.process is not None
        return self.process.wait(SECONDS)

    def parts(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for process in psutil.process_iter():
            try:
                environ = process.environ()
            except (psutil.Error, OSError):
                continue
            if environ.get("HEXIAO_DATA") == str(self.folder) and PART in environ:
                found.setdefault(environ[PART], []).append(process.pid)
        return found

    def ids(self) -> set[int]:
        return {pid for pids in self.parts().values() for pid in pids}

    def servers(self) -> tuple[int | None, int | None]:
        at = addresses(data=self.folder)
        return postgres.running(at=at), valkey.running(at=at)

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as answer:  # noqa: S310
                return json.load(answer)["status"] == "ok"
        except (urllib.error.URLError, OSError):
            return False


def wait_until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    parent = Path(tempfile.mkdtemp(prefix="hexiao-test-", dir="/tmp"))
    started = Run(parent / "data", free_port())
    try:
        started.start()
        yield started
    finally:
        if started.process is not None and started.process.poll() is None:
            started.send(signal.SIGTERM)
            started.ended()
        if started.folder.exists():
            lease.stop_unused(at=addresses(data=started.folder))
        shutil.rmtree(parent)


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
