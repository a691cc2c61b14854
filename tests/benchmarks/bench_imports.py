"""Codes from a spreadsheet: how much longer than the least it must take, and in how much room.

The least is to read the same workbook and to COPY the same rows into the same table, with its
indexes and its keys; an import also cleans, checks and stages them, and can be killed anywhere.
"""

import io
import os
import subprocess
import sys
import time
from statistics import median
from typing import Any

import pytest
import xlsxwriter
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection
from python_calamine import CalamineWorkbook

from coupons import importing, jobs
from coupons.models import Code, Coupon, SheetImport
from tests.running import PROJECT
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]

SCALE = float(os.environ.get("BENCH_SCALE", "1"))
ROWS, MANY = int(100_000 * SCALE), int(1_000_000 * SCALE)
RATIO, ROOM_MB = 2.5, 300
ROUNDS = 5
WORKER = """
import resource, sys, django
django.setup()
from coupons import tasks
tasks.run_job(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def workbook(rows: int, prefix: str) -> bytes:
    """Make a workbook of so many codes."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["code", "max_uses"])
        for n in range(rows):
            sheet.write_row(n + 1, 0, [f"{prefix}{n:08}", 1])
    return file.getvalue()


def upload(content: bytes, name: str, **more: Any) -> SheetImport:
    """Upload codes of the one coupon."""
    coupon = Coupon.objects.select_related("merchant").get()
    file = ContentFile(content, name=name)
    return importing.upload(
        merchant=coupon.merchant, sheet="codes", coupon=coupon, file=file, by="system", at=NOW,
        **more,
    )  # fmt: skip


def bare(content: bytes) -> float:
    """Read and COPY; return the seconds."""
    coupon = Coupon.objects.get()
    begun = time.monotonic()
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY coupons_code (merchant_id, coupon_id, text, state, shared, max_uses, uses)"
            " FROM STDIN"
        ) as copy,
    ):
        lines = (f"{coupon.merchant_id}\t{coupon.pk}\t{r[0]}\tactive\tf\t1\t0\n" for r in rows[1:])
        copy.write("".join(lines).encode())
    return time.monotonic() - begun


def whole(content: bytes) -> float:
    """Import it as a program would; return the seconds."""
    begun = time.monotonic()
    imported = upload(content, "codes.xlsx", at_once=True)
    while jobs.work_on(job_id=imported.job_id, at=NOW):
        pass
    return time.monotonic() - begun


def test_an_import_takes_little_longer_than_reading_and_copying() -> None:
    Shop.open().coupon("ten", code=None)
    bare(workbook(1_000, "W"))
    ratios = []
    for n in range(ROUNDS):
        least, took = bare(workbook(ROWS, f"B{n}")), whole(workbook(ROWS, f"I{n}"))
        ratios.append(took / least)
        print(f"\n{ROWS:,} codes: bare {least:.2f} s, imported {took:.2f} s, x {took / least:.2f}")
    assert Code.objects.count() == 1_000 + 2 * ROUNDS * ROWS
    print(f"median x {median(ratios):.2f} (goal {RATIO})")
    assert median(ratios) <= RATIO


def test_a_long_file_needs_little_room(process_environ: dict[str, str]) -> None:
    Shop.open().coupon("ten", code=None)
    lines = "".join(f"LONG{n:08}\n" for n in range(MANY))
    imported = upload(f"code\n{lines}".encode(), "codes.csv", at_once=True)
    begun = time.monotonic()
    worker = subprocess.run(
        [sys.executable, "-c", WORKER, str(imported.job_id)],
        cwd=PROJECT,
        env=process_environ | {"HEXIAO_DATA": str(settings.DATA_DIR)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    peak = int(worker.stdout.split()[-1])
    took = time.monotonic() - begun
    print(f"\n{MANY:,} codes from CSV: {took:.0f} s, {peak} MB at most")
    assert Code.objects.count() == MANY
    assert peak <= ROOM_MB
