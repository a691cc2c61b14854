"""Starting, finding and ending server processes that outlive whoever started them."""

import atexit
import contextlib
import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

# Servers that this process started. subprocess complains about a running child that is
# forgotten, so they are kept in mind here, until this process ends and they live on.
_started: list[subprocess.Popen[bytes]] = []


@atexit.register
def _let_them_live() -> None:
    for process in _started:
        process.returncode = 0


class ServiceError(Exception):
    """A server that does not start or stop, told in words for whoever sits in front of it."""


def say(text: str) -> None:
    """Tell whoever waits what is going on, apart from a command's own output."""
    print(f"hexiao: {text}", file=sys.stderr, flush=True)  # noqa: T201


def spawn(
    *, command: Sequence[str | os.PathLike[str]], folder: Path, log: Path, user: str | None
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that no Ctrl-C reaches it."""
    _started[:] = [process for process in _started if process.poll() is None]
    with log.open("ab") as output:
        process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603
            [os.fspath(part) for part in command],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **identity(user=user),
        )
    _started.append(process)
    return process


def end(*, process: psutil.Process, by: signal.Signals, seconds: float) -> bool:
    """Send a signal and wait; tell whether the process has ended.

    One whose parent has not looked yet (a zombie) has ended too.
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(by)
        deadline = time.monotonic() + seconds
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
    return True


def identity(*, user: str | None) -> dict[str, Any]:
    """Return what subprocess needs to become that user, groups included."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _environment() -> dict[str, str]:
    """Keep PG* and locale variables of the caller away from the servers."""
    kept = {"PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
    return {k: v for k, v in os.environ.items() if k in kept} | {"LC_ALL": "C", "TZ": "UTC"}


def living(*, name: str, folder: Path) -> list[psutil.Process]:
    """List the processes of that name that work in that folder.

    A server stays in its data folder for life, so this finds it whoever started it,
    and never mistakes a recycled process id for it.
    """
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] != name:
            continue
        try:
            if Path(process.cwd()) == folder.resolve() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def tail(*, path: Path, lines: int = 15) -> str:
    """Return the end of a log, for an error message."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def server_user(*, owned: Path) -> str | None:
    """Return who runs the servers: None for oneself; as root, somebody without power.

    A folder made earlier keeps the owner that it has.
    """
    if os.geteuid() != 0:
        return None
    if owned.exists() and (owner := owned.stat().st_uid) != 0:
        return pwd.getpwuid(owner).pw_name
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise ServiceError("PostgreSQL does not run as root, and there is no user `nobody` here.")


def give(*, folder: Path, user: str | None) -> None:
    """Make a private folder that belongs to the user who runs the servers.

    Under /tmp anybody may have been there first: a link, or a folder of somebody
    else's, is refused instead of given away.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = os.geteuid() if user is None else pwd.getpwnam(user).pw_uid
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
        raise ServiceError(f"{folder} belongs to somebody else; remove it or set HEXIAO_DATA.")
    if user is not None:
        os.chown(folder, owner, pwd.getpwnam(user).pw_gid, follow_symlinks=False)
    folder.chmod(0o700)


def open_way(*, target: Path) -> None:
    """Let others pass through (not read) the folders above, where they cannot yet."""
    for folder in target.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            say(f"the database runs as another user; letting it pass through {folder} (o+x)")
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
