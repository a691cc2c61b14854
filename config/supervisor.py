"""Several processes as one: all start, one that dies ends all, Ctrl-C ends all.

Not honcho: it notices the end of a process by the end of its output, and the workers
of a killed web server keep that open, so a dead server would pass for a living one.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType

from config.instance import PART

# A worker finishes the chunk that it is at; what is cut off here is queued again.
STOP_SECONDS = 12
LOOK_SECONDS = 0.2


class Stopped(Exception):
    """Somebody asked this process to end, by Ctrl-C or a signal."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Turn SIGINT, SIGTERM and SIGHUP into `Stopped`, once; more of them change nothing."""

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def supervise(
    *,
    parts: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    look_after: Callable[[], None],
    inherit: Sequence[int] = (),
) -> str:
    """Run the parts until one ends, and return a sentence saying which and how.

    `look_after` is called several times a second in between; `inherit` are open files
    that the parts hold as well.
    Whatever ends this, `Stopped` included, ends the parts first. They write to this
    process's own output, so that killing it does not break theirs.
    """
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in parts.items():
            running[name] = subprocess.Popen(  # noqa: S603
                command,
                env={**environ, PART: name},
                stdin=subprocess.DEVNULL,
                # Away from the terminal's Ctrl-C: the parts end when told to, in order.
                start_new_session=True,
                pass_fds=inherit,
            )
        while True:
            for name, process in running.items():
                if process.poll() is not None:
                    return f"{name} ended {_how(process.returncode)}; stopping the others"
            look_after()
            time.sleep(LOOK_SECONDS)
    finally:
        _end(running)


def _how(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _end(running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Ask each part to end, then end what is left of it, its own children included."""
    for process in running.values():
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for name, process in running.items():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            print(f"hexiao: {name} took too long to stop; killing it", file=sys.stderr)  # noqa: T201
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
