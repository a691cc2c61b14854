"""Kill -9 to whoever writes a file: the next one ends with the exact file."""

import pytest

from coupons import exporting, jobs
from coupons.models import Code, Coupon, Job, SheetExport
from tests.benchmarks.filling import add_codes
from tests.faults.killing import killed
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

ROWS = 300_000


def test_a_file_is_whole_whenever_its_writer_is_killed(process_environ: dict[str, str]) -> None:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    coupon = Coupon.objects.get()
    add_codes(coupon="ten", codes=ROWS)
    job = exporting.start(
        merchant=shop.merchant, sheet="codes", format="csv", filters={"coupon": str(coupon.pk)},
        language="en", by="staff:alice", at=NOW,
    )  # fmt: skip
    export = SheetExport.objects.filter(job=job, parts__gte=2)
    killed(job.pk, environ=process_environ, once=export.exists)
    assert 2 <= SheetExport.objects.get().parts < ROWS // exporting.PIECE

    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    job = Job.objects.get(pk=job.pk)
    assert (job.status, job.done) == ("done", ROWS)
    with job.result.open("rb") as file:
        lines = file.read().decode().splitlines()[1:]
    kept = Code.objects.order_by("pk").values_list("text", flat=True)
    assert [line.partition(",")[0] for line in lines] == list(kept)
