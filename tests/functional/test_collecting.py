"""A process of ours leaves what it has loaded out of the collection of garbage."""

import subprocess
import sys

_COUNT = """
import gc
{begin}
print(gc.get_freeze_count(), len(gc.get_objects()), gc.get_threshold()[0])
"""
_WEB = "import config.wsgi"
_WORKER = """
from config.celery import app
from celery.signals import worker_ready
import django; django.setup()
worker_ready.send(sender=None)
"""


def counted(begin: str, environ: dict[str, str]) -> list[int]:
    command = [sys.executable, "-c", _COUNT.format(begin=begin)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


def test_nothing_that_was_loaded_is_looked_at_again(process_environ: dict[str, str]) -> None:
    for begin in (_WEB, _WORKER):
        frozen, looked_at, young = counted(begin, process_environ)
        assert frozen > 100_000
        assert looked_at < frozen / 100
        assert young == 10_000


def test_without_that_all_of_it_would_be(process_environ: dict[str, str]) -> None:
    frozen, looked_at, _ = counted("import django; django.setup()", process_environ)
    assert frozen < 1_000
    assert looked_at > 50_000
