"""Counting what really travels between us and PostgreSQL."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection


@dataclass
class Traffic:
    """How often the database was asked and had answered: one is one round trip."""

    messages: list[str] = field(default_factory=list)

    @property
    def round_trips(self) -> int:
        """Count the answers' ends: `ReadyForQuery` closes each round trip."""
        return self.messages.count("ReadyForQuery")

    @property
    def queries(self) -> int:
        """Count the statements executed, BEGIN and COMMIT among them."""
        return self.messages.count("Execute") + self.messages.count("Query")


@contextmanager
def counted() -> Iterator[Traffic]:
    """Have libpq write down every message of this thread's connection."""
    connection.ensure_connection()
    traffic = Traffic()
    with tempfile.TemporaryFile("w+") as log:
        pgconn = connection.connection.pgconn
        pgconn.trace(log.fileno())
        try:
            yield traffic
        finally:
            pgconn.untrace()
        log.seek(0)
        traffic.messages = [line.split("\t")[3].strip() for line in log if line.count("\t") >= 3]
