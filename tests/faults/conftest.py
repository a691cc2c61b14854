"""A whole installation, as `make run` starts it, with a database that survives a crash."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psycopg
import pytest

from tests.running import PROJECT, Run, running

OPEN_A_SHOP = """
import django
django.setup()
from tests.shop import Shop
print(Shop.open().api.key)
"""


@dataclass
class Installation:
    """One that runs, and a key of its shop."""

    run: Run
    key: str

    def program(self, text: str) -> str:
        """Run a program with the installation's settings; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", text],
            cwd=PROJECT,
            env=self.run.environ(DJANGO_SETTINGS_MODULE="config.settings"),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip()

    def sql(self, statement: str, values: list[object] | None = None) -> list[tuple]:
        """Ask the database itself."""
        with psycopg.connect(self.run.at.database_url, autocommit=True) as connection:
            return connection.execute(statement, values).fetchall()

    def call(self, path: str, body: object) -> httpx.Response:
        """Call the API once."""
        return httpx.post(
            f"{self.run.url}/api/v1/{path}",
            json=body,
            headers={"Authorization": f"Api-Key {self.key}"},
            timeout=30,
        )


@pytest.fixture(scope="package")
def installation() -> Iterator[Installation]:
    """Have it running, with a shop."""
    with running() as run:
        started = Installation(run, "")
        started.key = started.program(OPEN_A_SHOP).splitlines()[-1]
        yield started
