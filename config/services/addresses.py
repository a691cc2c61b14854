"""Where the embedded servers answer: a pure function of the data folder.

Settings, the launcher, the web, the worker and a shell all compute the same
addresses from the same folder, so nobody has to ask anybody.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PROJECT = Path(__file__).resolve().parents[2]
DATABASE = "hexiao"
ROLE = "hexiao"

# The longest path a unix socket takes: 107 bytes on Linux, 103 on macOS.
LONGEST_SOCKET_PATH = 103
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The folders and sockets that belong to one data folder."""

    data: Path
    sockets: Path

    @property
    def postgres(self) -> Path:
        """Return PostgreSQL's own folder."""
        return self.data / "postgres"

    @property
    def valkey(self) -> Path:
        """Return Valkey's own folder."""
        return self.data / "valkey"

    @property
    def postgres_socket(self) -> Path:
        """Return the socket that PostgreSQL listens on."""
        return self.sockets / POSTGRES_SOCKET

    @property
    def valkey_socket(self) -> Path:
        """Return the socket that Valkey listens on."""
        return self.sockets / VALKEY_SOCKET

    @property
    def database_url(self) -> str:
        """Return the database's address in the form of `DATABASE_URL`."""
        return f"postgresql://{ROLE}@{quote(str(self.sockets), safe='')}/{DATABASE}"

    @property
    def redis_url(self) -> str:
        """Return Valkey's address in the form of `REDIS_URL`."""
        return f"unix://{quote(str(self.valkey_socket))}"


def addresses(*, data: Path) -> Addresses:
    """Return where the servers of a data folder live."""
    data = Path(os.path.abspath(data))
    sockets = data / "run"
    if len(os.fsencode(sockets / POSTGRES_SOCKET)) > LONGEST_SOCKET_PATH:
        digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
        sockets = Path("/tmp") / f"hexiao-{digest}"  # noqa: S108
    return Addresses(data=data, sockets=sockets)


def data_folder(*, environ: Mapping[str, str]) -> Path:
    """Return the data folder: `HEXIAO_DATA`, or `.data` beside manage.py."""
    return Path(os.path.abspath(environ.get("HEXIAO_DATA") or PROJECT / ".data"))


def celery_url(*, url: str) -> str:
    """Return a Redis address in the one dialect that differs: Celery's.

    Django's cache and redis-py say `unix:///path`, Celery `redis+socket:///path`.
    """
    if url.startswith("unix://"):
        return "redis+socket://" + url.removeprefix("unix://")
    if url.startswith("valkey"):
        return "redis" + url.removeprefix("valkey")
    return url


def cache_url(*, url: str) -> str:
    """Return a Redis address as redis-py reads it."""
    return "redis" + url.removeprefix("valkey") if url.startswith("valkey") else url
