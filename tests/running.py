"""`manage.py run` on a data folder of its own, for tests to start, kill and start again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from config.instance import PART
from config.services import lease, postgres, valkey
from config.services.addresses import Addresses, addresses
from tests.ports import free_port

PROJECT = Path(__file__).resolve().parents[1]
SECONDS = 60
#: The first start makes a database; on a busy machine that takes its time.
FIRST_START_SECONDS = 180


class Run:
    """One `manage.py run` on a data folder of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[str] | None = None

    def environ(self, **extra: str) -> dict[str, str]:
        """Return the environment of a process of this installation."""
        left_out = {"DATABASE_URL", "REDIS_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE"}
        kept = {k: v for k, v in os.environ.items() if k not in left_out}
        return {**kept, "HEXIAO_DATA": str(self.folder), "PORT": str(self.port), **extra}

    def start(self) -> None:
        """Start it and wait until it serves."""
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
        wait_until(
            lambda: self.process.poll() is not None or "Stop      Ctrl-C" in self.said(),
            seconds=FIRST_START_SECONDS,
        )
        assert self.process.poll() is None, self.said()

    def once_more(self, **extra: str) -> "subprocess.CompletedProcess[str]":
        """Start a second one on the same folder, and wait for its end."""
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
        """Return all that it has written."""
        return self.output.read_text()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for its end; return its exit code."""
        assert self.process is not None
        return self.process.wait(SECONDS)

    def parts(self) -> dict[str, list[int]]:
        """Return the process ids of web, worker and beat, by part."""
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
        """Return the process ids of all parts."""
        return {pid for pids in self.parts().values() for pid in pids}

    @property
    def at(self) -> Addresses:
        """Return where its servers live."""
        return addresses(data=self.folder)

    def servers(self) -> tuple[int | None, int | None]:
        """Return the process ids of PostgreSQL and Valkey."""
        return postgres.running(at=self.at), valkey.running(at=self.at)

    def ready(self) -> bool:
        """Say whether it can serve."""
        try:
            with urllib.request.urlopen(f"{self.url}/health/ready", timeout=5) as answer:  # noqa: S310
                return json.load(answer)["status"] == "ok"
        except (urllib.error.URLError, OSError):
            return False


def wait_until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until that is true; AssertionError after so long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


@contextmanager
def running() -> Iterator[Run]:
    """Have one started in a folder of its own; in the end nothing is left of it."""
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
            lease.stop_unused(at=started.at)
        shutil.rmtree(parent)
