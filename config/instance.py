"""One `run` to a data folder: who it is, and what an earlier, killed one left behind."""

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

PART = "HEXIAO_PART"
END_SECONDS = 10


class AlreadyRunning(Exception):
    """Another `run` holds the data folder; `url` and `pid` say which."""

    def __init__(self, *, url: str, pid: int) -> None:
        super().__init__(f"already running at {url} (process {pid})")
        self.url = url
        self.pid = pid


@contextlib.contextmanager
def only_one(*, folder: Path, url: str) -> Iterator[None]:
    """Hold the data folder for this process; raise AlreadyRunning where another does.

    A POSIX record lock, on purpose: unlike flock it belongs to this process alone, so
    a part that outlives a killed supervisor does not pass for it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            told = file.read()
            known: dict[str, Any] = json.loads(told or '{"url": "an unknown address", "pid": 0}')
            raise AlreadyRunning(url=known["url"], pid=known["pid"]) from None
        file.seek(0)
        file.truncate()
        json.dump({"url": url, "pid": os.getpid()}, file)
        file.flush()
        yield


def end_orphans(*, folder: Path) -> list[str]:
    """End the web, worker and beat processes of a `run` that was killed; name them.

    Every part carries its data folder and its name in its environment, as do the
    processes it starts, so none of them can be mistaken and none is missed.
    """
    found = {}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            environment = process.environ()
            ours = environment.get("HEXIAO_DATA") == str(folder) and PART in environment
            if ours and process.pid != os.getpid():
                found[process] = environment[PART]
    # Only the heads are asked; each sees to its own children.
    ids = {process.pid for process in found}
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.ppid() not in ids:
                process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=END_SECONDS)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=END_SECONDS)
    return sorted(set(found.values()))


def port_is_free(*, host: str, port: int) -> bool:
    """Tell whether the web server could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
