"""A process of ours leaves what it has loaded out of the collection of garbage."""

import subprocess
import sys

_COUNT = """
import gc
{begin}
print(gc.get_freeze_count(), len(gc.get_objects()))
"""
_WEB = "import config.wsgi"
_WORKER = """
from config.celery import app
from celery.signals import worker_init
import django; django.setup()
worker_init.send(sender=None)
"""


def counted(begin: str, environ: dict[str, str]) -> list[int]:
    command = [sys.executable, "-c", _COUNT.format(begin=begin)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


def test_nothing_that_was_loaded_is_looked_at_again(process_environ: dict[str, str]) -> None:
    for begin in (_WEB, _WORKER):
        frozen, looked_at = counted(begin, process_environ)
        assert frozen > 100_000
        assert looked_at < frozen / 100


def test_without_that_all_of_it_would_be(process_environ: dict[str, str]) -> None:
    frozen, looked_at = counted("import django; django.setup()", process_environ)
    assert frozen < 1_000
    assert looked_at > 50_000
