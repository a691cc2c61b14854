"""What a running batch costs the checkouts beside it, and how much memory its worker takes.

`BENCH_ROWS=2000 BENCH_MANY=20000` for trying.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from django.core.files.base import ContentFile, File

from coupons.caller import Caller
from coupons.models import Code, CouponCounter
from redemption import batches
from redemption.models import RedemptionBatch
from redemption.reconciling import differences
from tests.benchmarks.checkouts import body
from tests.benchmarks.filling import add_codes
from tests.benchmarks.load import Measured, request, run
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(3_600)]

ROWS = int(os.environ.get("BENCH_ROWS", "100000"))
MANY = int(os.environ.get("BENCH_MANY", "1000000"))
ROUNDS, REQUESTS, CONNECTIONS = 7, 200, 4
#: What a checkout keeps of its rate beside a batch.
GOAL = 0.5
MOST_MB = 400

# A worker on one job, which rests while there is a file of the name given.
WORKER = """
import sys, time
from pathlib import Path
from uuid import UUID
import django
django.setup()
from django.utils import timezone
from coupons import jobs
rest, resting = Path(sys.argv[2]), Path(sys.argv[2] + ".resting")
print("ready", flush=True)
while True:
    while rest.exists():
        resting.touch()
        time.sleep(0.01)
    resting.unlink(missing_ok=True)
    if not jobs.work_on(job_id=UUID(sys.argv[1]), at=timezone.now()):
        break
print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
"""


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def batch_of(shop: Shop, file: File) -> RedemptionBatch:
    caller = Caller(merchant=shop.merchant, actor="system")
    return batches.start(caller=caller, file=file, name="codes.csv", at=NOW, at_once=True)


def lines(rows: int) -> Iterator[str]:
    yield "code,order,amount,redeemed_at,note\n"
    codes = Code.objects.filter(coupon__slug="filed").values_list("text", flat=True)[:rows]
    for number, text in enumerate(codes.iterator()):
        yield f"{text},B-{number},49.90,,\n"


def worker(batch: RedemptionBatch, rest: Path, environ: dict[str, str]) -> "subprocess.Popen[str]":
    started = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(batch.job_id), str(rest)],
        cwd=Path(__file__).parents[2],
        env=environ | {"HEXIAO_LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def settled(there: bool, resting: Path, of: "subprocess.Popen[str]") -> None:
    until = monotonic() + 120
    while resting.exists() is not there and of.poll() is None and monotonic() < until:
        sleep(0.01)


def fill(shop: Shop, rows: int) -> None:
    shop.coupon("filed", code=None)
    add_codes(coupon="filed", codes=rows)
    CouponCounter.objects.filter(coupon__slug="filed").update(issued=rows)


def ratios(
    shop: Shop, port: int, rest: Path, beside: "subprocess.Popen[str]"
) -> Iterator[tuple[Measured, Measured]]:
    """Yield rates alone and beside the batch, measured in turns, while the batch is not over."""
    resting = Path(f"{rest}.resting")
    for number in range(ROUNDS):
        measured = []
        for name in ("alone", "beside"):
            if name == "alone":
                rest.touch()
            else:
                rest.unlink()
            settled(name == "alone", resting, beside)
            asked = [
                request(
                    "/api/v1/redemptions",
                    body(f"TILL{number}{name[0]}{i}", order=f"{name}-{number}-{i}"),
                    key=shop.api.key or "",
                )
                for i in range(REQUESTS)
            ]
            measured.append(run(port=port, requests=asked, connections=CONNECTIONS))
        if beside.poll() is not None:
            break  # it ended meanwhile, so this round tells nothing
        yield measured[0], measured[1]


def test_redemptions_keep_half_of_their_rate_beside_a_batch(
    shop: Shop, port: int, process_environ: dict[str, str], tmp_path: Path
) -> None:
    fill(shop, ROWS)
    # The coupon that the file redeems too: its counter is what both want.
    texts = [f"TILL{n}{name}{i}" for n in range(ROUNDS) for name in "ab" for i in range(REQUESTS)]
    for start in range(0, len(texts), 1_000):
        shop.codes("filed", *texts[start : start + 1_000])
    batch = batch_of(shop, ContentFile("".join(lines(ROWS)).encode()))
    rest = tmp_path / "rest"
    with worker(batch, rest, process_environ) as beside:
        try:
            while batch.stage != RedemptionBatch.Stage.REDEEMING and beside.poll() is None:
                sleep(0.05)
                batch.refresh_from_db()
            found = list(ratios(shop, port, rest, beside))
            rest.unlink(missing_ok=True)
            assert beside.wait(1_800) == 0
        finally:
            beside.kill()
    assert found, "The batch was over before anything was measured; try more rows."
    assert all(one.statuses == {201: REQUESTS} for pair in found for one in pair)
    rates = sorted((two.rate / one.rate, one.rate, two.rate) for one, two in found)
    ratio, alone, both = rates[len(rates) // 2]
    slowest = max(two.percentile(0.99) for _, two in found) * 1000
    print(
        f"\nredemptions beside a batch of {ROWS} rows  {both:.0f}/s  alone {alone:.0f}/s  "
        f"ratio {ratio:.2f} (goal {GOAL:.2f}, {len(found)} rounds)  p99 {slowest:.0f} ms"
    )
    batch.refresh_from_db()
    assert (batch.redeemed, differences()) == (ROWS, [])
    assert ratio >= GOAL


def test_a_million_rows_are_redeemed_in_little_memory(
    shop: Shop, process_environ: dict[str, str], tmp_path: Path
) -> None:
    fill(shop, MANY)
    path = tmp_path / "many.csv"
    with path.open("w") as file:
        file.writelines(lines(MANY))
    with path.open("rb") as stored:
        batch = batch_of(shop, File(stored, name="many.csv"))
    begun = monotonic()
    with worker(batch, tmp_path / "rest", process_environ) as of:
        told, _ = of.communicate()
    most = int(told) // 1024
    batch.refresh_from_db()
    print(
        f"\nredeemed {batch.redeemed} rows of CSV  {monotonic() - begun:.0f} s  {most} MB  "
        f"ratio {most / MOST_MB:.2f} of the goal ({MOST_MB} MB)"
    )
    assert (batch.redeemed, batch.total) == (MANY, MANY)
    assert most < MOST_MB
