"""Kill -9 to whoever reads or applies a file: the next one ends with the exact rows."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.files.base import ContentFile

from coupons import importing, jobs
from coupons.models import Code, Coupon, CouponCounter, SheetImport, StagedRow
from redemption.reconciling import differences
from tests.running import PROJECT
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

ROWS = 60_000
#: What the Celery worker does with a job, slowly enough to be met in the middle of it.
WORKER = """
import sys, time, django
django.setup()
from coupons import jobs, tasks
work_on = jobs.work_on
jobs.work_on = lambda **named: (time.sleep(0.05), work_on(**named))[1]
tasks.run_job(sys.argv[1])
"""


@pytest.fixture
def upload(process_environ: dict[str, str]) -> SheetImport:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    lines = "".join(f"IMPORTED-{number}\n" for number in range(ROWS))
    return importing.upload(
        merchant=shop.merchant,
        sheet="codes",
        file=ContentFile(f"code\n{lines}".encode(), name="codes.csv"),
        coupon=Coupon.objects.get(),
        by="staff:alice",
        at=NOW,
    )


def killed(job: object, *, environ: dict[str, str], once: Callable[[], bool]) -> None:
    """Have a process of its own at the job, and kill it as soon as something is so."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(job)],
        cwd=PROJECT,
        env=environ | {"HEXIAO_DATA": str(settings.DATA_DIR)},
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not once():
        assert time.monotonic() < until
        assert worker.poll() is None
        time.sleep(0.005)
    os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL


def test_an_import_is_whole_whenever_its_worker_is_killed(
    upload: SheetImport, process_environ: dict[str, str]
) -> None:
    staged = StagedRow.objects.of(upload.merchant)
    killed(upload.job_id, environ=process_environ, once=staged.exists)
    assert 0 < staged.count() < ROWS

    while jobs.work_on(job_id=upload.job_id, at=NOW):
        pass
    found = SheetImport.objects.select_related("job").get()
    assert (found.stage, found.new, staged.count()) == ("checked", ROWS, ROWS)
    importing.confirm(imported=found, by="staff:alice", at=NOW)
    killed(upload.job_id, environ=process_environ, once=Code.objects.exists)
    assert 0 < Code.objects.count() < ROWS

    while jobs.work_on(job_id=upload.job_id, at=NOW):
        pass
    found.refresh_from_db()
    assert (found.stage, Code.objects.count()) == ("applied", ROWS)
    assert CouponCounter.objects.get().issued == ROWS
    assert differences() == []
