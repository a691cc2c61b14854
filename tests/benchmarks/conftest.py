"""The server under measurement: as `make run` starts it, with one web process."""

import gc
import subprocess
from collections.abc import Iterator

import pytest

from config.collecting import leave_what_is_loaded
from config.launch import web_command
from tests.ports import free_port, wait_for_port


@pytest.fixture(scope="session")
def durable() -> bool:
    """Measure what is acknowledged and stays, as `make run` starts PostgreSQL."""
    return True


@pytest.fixture(autouse=True)
def as_a_worker() -> Iterator[None]:
    """Collect garbage as the processes of ours do: a test runner has loaded even more."""
    leave_what_is_loaded()
    yield
    gc.unfreeze()


@pytest.fixture
def port(process_environ: dict[str, str]) -> Iterator[int]:
    """Have granian serve the project on loopback."""
    port = free_port()
    environ = process_environ | {
        "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
        "HEXIAO_LOG_LEVEL": "ERROR",
    }
    server = subprocess.Popen(web_command(port=port, workers=1), env=environ)
    try:
        wait_for_port(port)
        yield port
    finally:
        server.terminate()
        server.wait(20)
