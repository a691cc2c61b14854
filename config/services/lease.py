"""Who uses the embedded servers: the first one starts them, the last one stops them.

Every user holds a shared lock on one file. The kernel drops it when the process
ends, however it ends, so nobody has to keep a list of process ids. Whoever can take
the lock alone was the last. Servers that nobody stopped (the last user was killed)
are found and used by the next.
"""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from config.services import postgres, valkey
from config.services.addresses import Addresses
from config.services.processes import ServiceError, give, open_way, server_user


@contextlib.contextmanager
def borrowed(*, at: Addresses, durable: bool = True) -> Iterator[int]:
    """Have the servers running for the length of a `with` block.

    Yields the lock's descriptor: a child process that inherits it is a user too, even
    after its parent was killed. `durable=False` (tests only) starts PostgreSQL without
    waiting for the disk.
    """
    with _users_file(at=at) as users:
        with _gate(at=at):
            fcntl.flock(users, fcntl.LOCK_SH)
            start(at=at, durable=durable)
        try:
            yield users.fileno()
        finally:
            with _gate(at=at):
                if _alone(users):
                    stop(at=at)


def revive(*, at: Addresses) -> bool:
    """Start again what died under its users; tell whether anything had."""
    if all(_listens(path) for path in (at.postgres_socket, at.valkey_socket)):
        return False
    with _gate(at=at):
        start(at=at)
    return True


def start_and_leave(*, at: Addresses) -> None:
    """Start the servers and let them run; the next user who is the last one stops them."""
    with _users_file(at=at), _gate(at=at):
        start(at=at)


def stop_unused(*, at: Addresses) -> None:
    """Stop the servers; raise ServiceError while somebody uses them."""
    with _users_file(at=at) as users, _gate(at=at):
        if not _alone(users):
            raise ServiceError("Somebody uses the servers: end `run` or the command first.")
        stop(at=at)


def start(*, at: Addresses, durable: bool = True) -> None:
    """Start what is not running. The caller holds the gate."""
    user = server_user(owned=at.postgres)
    if user is not None:
        # Passable, not readable; what is private in it has its own mode.
        at.data.chmod(0o711)
        open_way(target=at.postgres)
    for folder in (at.sockets, at.valkey):
        give(folder=folder, user=user)
    (at.data / "log").mkdir(mode=0o700, exist_ok=True)
    postgres.ensure(at=at, user=user, durable=durable)
    valkey.ensure(at=at, user=user)


def stop(*, at: Addresses) -> None:
    """Stop what is running. The caller holds the gate."""
    valkey.stop(at=at)
    postgres.stop(at=at)


@contextlib.contextmanager
def _gate(*, at: Addresses) -> Iterator[None]:
    """Let one process at a time start or stop the servers."""
    with _open(at.data / "starting.lock") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _users_file(*, at: Addresses) -> Iterator[IO[bytes]]:
    at.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _open(at.data / "users.lock") as users:
        yield users


def _open(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _alone(users: IO[bytes]) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
