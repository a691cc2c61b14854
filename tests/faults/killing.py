"""Kill -9 to whoever works on a job, as soon as something is so."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from django.conf import settings

from tests.running import PROJECT

#: What the Celery worker does with a job, slowly enough to be met in the middle of it.
WORKER = """
import sys, time, django
django.setup()
from coupons import jobs, tasks
work_on = jobs.work_on
jobs.work_on = lambda **named: (time.sleep(0.05), work_on(**named))[1]
tasks.run_job(sys.argv[1])
"""


def killed(job: object, *, environ: dict[str, str], once: Callable[[], bool]) -> None:
    """Have a process of its own at the job, and kill it as soon as something is so."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(job)],
        cwd=PROJECT,
        env=environ | {"HEXIAO_DATA": str(settings.DATA_DIR)},
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 90
    while not once():
        assert time.monotonic() < until
        assert worker.poll() is None
        time.sleep(0.005)
    os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL
