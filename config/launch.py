"""`run`, step by step: from an empty folder to a project that serves."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections

from config.broker import requeue_abandoned
from config.first_login import first_administrator, kept_password
from config.instance import end_orphans, only_one, port_is_free
from config.services.lease import borrowed, revive
from config.supervisor import stoppable, supervise
from config.translations import compile_catalogs

HOST = "127.0.0.1"
WEB_WORKERS = 2
# Of a redemption half the time is spent in the database, some of it on the disk: eight give a
# tenth more redemptions than four. Each has a connection of its own.
WEB_THREADS = 8
# Threads, not processes: one worker process instead of three. Tasks wait for the
# database or a shop's server most of the time; many hosts may choose otherwise.
TASK_THREADS = 2
# How often the embedded servers are looked at.
SERVERS_SECONDS = 2


class CannotRun(Exception):
    """A reason not to start, in words for whoever typed `run`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """One start: where, on which port, with the demo's data or without."""

    folder: Path
    port: int
    demo: bool
    tell: Callable[[str], None]

    @property
    def url(self) -> str:
        """Return the address that the web server listens on."""
        return f"http://{HOST}:{self.port}"


def run(*, launch: Launch) -> str:
    """Prepare and serve until something ends it; return why.

    Raises `AlreadyRunning`, `CannotRun`, `ServiceError`, and `Stopped` when asked to end.
    """
    with contextlib.ExitStack() as held:
        # 1. Nothing is touched while another run has the folder or the port.
        held.enter_context(stoppable())
        held.enter_context(only_one(folder=launch.folder, url=launch.url))
        if orphans := end_orphans(folder=launch.folder):
            launch.tell(f"ended what a killed run had left: {', '.join(orphans)}")
        if not port_is_free(host=HOST, port=launch.port):
            raise CannotRun(
                f"Port {launch.port} is taken by another program. "
                "End it, or choose another port: PORT=8001 make run"
            )
        # 2. The servers, for as long as this block lasts.
        lease: list[int] = []
        if settings.EMBEDDED is not None:
            launch.tell("starting PostgreSQL and Valkey")
            lease = [held.enter_context(borrowed(at=settings.EMBEDDED))]
            if count := requeue_abandoned():
                launch.tell(f"queued {count} unfinished tasks of a killed worker again")
        # 3. What the processes need before they start.
        login = _prepare(launch=launch)
        connections.close_all()
        launch.tell("starting web, worker and beat")
        return supervise(
            parts=_parts(launch=launch),
            environ=_environment(launch=launch),
            look_after=Caretaker(launch=launch, login=login),
            inherit=lease,
        )


def _prepare(*, launch: Launch) -> str | None:
    """Bring database, translations, files and data up to date; return the log-in, if new."""
    launch.tell("bringing the database up to date")
    call_command("migrate", interactive=False, verbosity=1)
    # Beat does this too, but for the first time only after a day.
    call_command("load_rates", verbosity=0)
    with _alone_in_the_project():
        launch.tell("compiling translations")
        compile_catalogs(folders=settings.LOCALE_PATHS)
        launch.tell("collecting static files")
        call_command("collectstatic", interactive=False, verbosity=0)
    if launch.demo:
        return _demo_login(launch=launch)
    return first_administrator(folder=launch.folder)


@contextlib.contextmanager
def _alone_in_the_project() -> Iterator[None]:
    """Have others who start from the same project wait: they would make the same files."""
    folder = os.open(settings.BASE_DIR, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _demo_login(*, launch: Launch) -> str:
    """Load the demo's data where it is missing, and name who may log in."""
    file = launch.folder / "demo-login.txt"
    password = kept_password(file=file)
    launch.tell("loading the demo's data")
    # A process of its own: the tables it reads take memory that this one would keep.
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "load_journey"]
    done = subprocess.run(  # noqa: S603
        command, env=_environment(launch=launch), start_new_session=True, check=False
    )
    if done.returncode != 0:
        raise CannotRun("The demo's data could not be loaded; see above.")
    names = get_user_model().objects.filter(is_staff=True).order_by("pk")
    known = ", ".join(names.values_list("username", flat=True)[:6])
    return f"user {known}, password {password} (kept in {file})"


class Caretaker:
    """What is done while the parts run: one welcome, then a look at the servers."""

    def __init__(self, *, launch: Launch, login: str | None) -> None:
        self.launch = launch
        self.login = login
        self.welcomed = False
        self.next_look = 0.0

    def __call__(self) -> None:
        """Welcome once the web server listens; start a server again that died."""
        if not self.welcomed and not port_is_free(host=HOST, port=self.launch.port):
            self.welcomed = True
            self.launch.tell(_welcome(launch=self.launch, login=self.login))
        if settings.EMBEDDED is not None and time.monotonic() >= self.next_look:
            self.next_look = time.monotonic() + SERVERS_SECONDS
            if revive(at=settings.EMBEDDED):
                self.launch.tell("a server had died and was started again")


def _welcome(*, launch: Launch, login: str | None) -> str:
    """Say where everything is."""
    kept = launch.folder / "login.txt"
    known = f"as before (the first log-in: {kept})" if kept.exists() else "as before"
    return (
        f"\n  Console   {launch.url}/\n"
        f"  API       {launch.url}/api/v1/docs/\n"
        f"  Log in    {login or known}\n"
        f"  Data      {launch.folder}\n"
        "  Stop      Ctrl-C\n"
    )


def web_command(*, port: int, workers: int = WEB_WORKERS) -> list[str]:
    """Return the command of the web server, on loopback."""
    return [
        *(sys.executable, "-m", "granian"),
        "--interface=wsgi",
        f"--host={HOST}",
        f"--port={port}",
        f"--workers={workers}",
        f"--blocking-threads={WEB_THREADS}",
        "--respawn-failed-workers",
        "--respawn-interval=1",
        "--workers-kill-timeout=8",
        "--no-ws",
        # It warns of so many threads; what goes wrong it tells as an error.
        "--log-level=error",
        "config.wsgi:application",
    ]


def _parts(*, launch: Launch) -> dict[str, list[str]]:
    """Return the command of each process."""
    celery = [
        sys.executable,
        # In a container one is root. Only JSON is unpacked here, never a pickle.
        "-W",
        "ignore:You're running the worker with superuser privileges",
        *("-m", "celery", "--app", "config.celery:app", "--quiet"),
    ]
    return {
        "web": web_command(port=launch.port),
        "worker": [
            *celery,
            "worker",
            "--pool=threads",
            f"--concurrency={TASK_THREADS}",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=INFO",
        ],
        # No pid file: the lock on the data folder already keeps a second beat away.
        "beat": [*celery, "beat", "--pidfile=", "--loglevel=INFO"],
    }


def _environment(*, launch: Launch) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "HEXIAO_DATA": str(launch.folder),
        "PORT": str(launch.port),
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(settings.BASE_DIR), os.environ.get("PYTHONPATH")])
        ),
    }
