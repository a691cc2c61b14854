"""Codes taken away: how much longer than the least it must take, and in how much room.

The least is a bare COPY of the same columns to a file.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest
from django.conf import settings
from django.db import connection

from coupons import exporting, jobs
from coupons.models import Coupon, Job
from tests.running import PROJECT
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]

ROWS = int(1_000_000 * float(os.environ.get("BENCH_SCALE", "1")))
RATIO, ROOM_MB = 2, 300
WORKER = """
import resource, sys, django
django.setup()
from coupons import tasks
tasks.run_job(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
BARE = """
COPY (SELECT s.text, co.slug, s.expires_at, s.max_uses, s.shared, s.state, s.uses, s.batch_id,
             p.partner, n.text
        FROM coupons_code s JOIN coupons_coupon co ON co.id = s.coupon_id
        LEFT JOIN coupons_codepool p ON p.id = s.pool_id
        LEFT JOIN coupons_code n ON n.id = s.replaced_by_id
       WHERE s.coupon_id = %s ORDER BY s.id) TO STDOUT (FORMAT csv)
"""


@pytest.fixture
def coupon() -> Coupon:
    Shop.open().coupon("ten", code=None)
    coupon = Coupon.objects.select_related("merchant").get()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO coupons_code (merchant_id, coupon_id, text, state, shared, max_uses, uses)"
            " SELECT %s, %s, 'OUT' || lpad(n::text, 9, '0'), 'active', false, 1, 0"
            " FROM generate_series(1, %s) AS n",
            [coupon.merchant_id, coupon.pk, ROWS],
        )
        cursor.execute("VACUUM ANALYZE coupons_code")
    return coupon


def start(coupon: Coupon, format: str) -> Job:
    return exporting.start(
        merchant=coupon.merchant, sheet="codes", format=format,
        filters={"coupon": str(coupon.pk)}, language="en", by="system", at=NOW,
    )  # fmt: skip


def test_a_long_file_takes_little_longer_than_a_bare_copy(coupon: Coupon, tmp_path: Path) -> None:
    ratios = []
    for _ in range(3):
        begun = time.monotonic()
        with (
            (tmp_path / "bare.csv").open("wb") as file,
            connection.cursor() as cursor,
            cursor.copy(BARE, [coupon.pk]) as copy,
        ):
            for line in copy:
                file.write(line)
        least = time.monotonic() - begun
        begun = time.monotonic()
        job = start(coupon, "csv")
        while jobs.work_on(job_id=job.pk, at=NOW):
            pass
        took = time.monotonic() - begun
        ratios.append(took / least)
        print(f"\n{ROWS:,} codes: bare {least:.2f} s, exported {took:.2f} s, x {ratios[-1]:.2f}")
    assert Job.objects.get(pk=job.pk).done == ROWS
    assert median(ratios) <= RATIO


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_long_file_is_written_in_little_room(
    coupon: Coupon, format: str, process_environ: dict[str, str]
) -> None:
    job = start(coupon, format)
    begun = time.monotonic()
    worker = subprocess.run(
        [sys.executable, "-c", WORKER, str(job.pk)],
        cwd=PROJECT,
        env=process_environ | {"HEXIAO_DATA": str(settings.DATA_DIR)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    peak = int(worker.stdout.split()[-1])
    took = time.monotonic() - begun
    print(f"\n{ROWS:,} codes as {format}: {took:.0f} s, {peak} MB at most")
    assert Job.objects.get(pk=job.pk).done == ROWS
    assert peak <= ROOM_MB
