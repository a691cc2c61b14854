"""What reading and writing spreadsheets costs beside the bare libraries, and their memory."""

import io
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
import python_calamine
import xlsxwriter

from coupons.sheets.reading import open_rows

pytestmark = pytest.mark.timeout(900)

ROWS, MANY, ROUNDS = 100_000, 1_000_000, 3
MOST_MB = 300
#: How much of bare Calamine's speed is kept, with all checks and in a process of its own.
GOAL = 0.5

READ = """
import sys
from coupons.sheets.reading import open_rows
with open(sys.argv[1], "rb") as file:
    count = sum(1 for _ in open_rows(file=file, name=sys.argv[1]))
print(count, open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""
WRITE = """
import sys
from zoneinfo import ZoneInfo
from django.conf import settings
settings.configure(USE_I18N=False)
from coupons.sheets.columns import Column, Holds
from coupons.sheets.writing import write_workbook
columns = [Column(n, n, "", h) for n, h in zip("abcde", [Holds.CODE, Holds.AMOUNT, Holds.WHOLE,
           Holds.TEXT, Holds.TEXT])]
rows = ([f"CODE{n}", "19.99", n, f"note {n}", "the same"] for n in range(int(sys.argv[2])))
with open(sys.argv[1], "wb") as file:
    write_workbook(file=file, columns=columns, rows=rows, zone=ZoneInfo("UTC"))
print(sys.argv[2], open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""


def told(program: str, *arguments: object) -> tuple[int, int, float]:
    """Run a program of its own; return the rows and the MB it tells, and its seconds."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    count, most = map(int, done.stdout.split())
    return count, most // 1024, time.perf_counter() - begun


def workbook() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [f"Column {n}" for n in range(10)])
        for n in range(1, ROWS + 1):
            sheet.write_row(n, 0, [f"CODE-{n:08}", n, n / 100, "some words", f"O-{n}"] * 2)
    return file.getvalue()


def test_reading_a_workbook_against_bare_calamine() -> None:
    content = workbook()
    bare, ours = [], []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        book = python_calamine.load_workbook(io.BytesIO(content))
        assert sum(1 for _ in book.get_sheet_by_index(0).iter_rows()) == ROWS + 1
        bare.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        assert sum(1 for _ in open_rows(file=io.BytesIO(content), name="x")) == ROWS + 1
        ours.append(time.perf_counter() - begun)
    ratio = sorted(bare)[ROUNDS // 2] / sorted(ours)[ROUNDS // 2]
    print(
        f"\nread {ROWS} rows of xlsx  {sorted(ours)[1]:.2f} s  bare {sorted(bare)[1]:.2f} s  "
        f"ratio {ratio:.2f} (goal {GOAL:.2f})"
    )
    assert ratio >= GOAL


def test_a_million_rows_of_csv_are_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "million.csv"
    with path.open("w") as file:
        file.write("Code,Amount,Order,Note\n")
        file.writelines(f"CODE-{n:08},19.99,O-{n},some words\n" for n in range(MANY))
    count, most, seconds = told(READ, path)
    print(f"\nread {count} rows of CSV  {seconds:.1f} s  {most} MB (goal {MOST_MB})")
    assert (count, most < MOST_MB) == (MANY + 1, True)


def test_a_million_rows_of_xlsx_are_written_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "million.xlsx"
    count, most, seconds = told(WRITE, path, MANY)
    print(f"\nwrote {count} rows of xlsx  {seconds:.1f} s  {most} MB (goal {MOST_MB})")
    assert most < MOST_MB
    count, most, seconds = told(READ, path)
    print(f"\nread {count} rows of xlsx  {seconds:.1f} s  {most} MB, its child not counted")
    assert (count, most < MOST_MB) == (MANY + 1, True)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(f"the largest child had {children} MB")
