"""Kill -9 to whoever reads or applies a file: the next one ends with the exact rows."""

import pytest
from django.core.files.base import ContentFile

from coupons import importing, jobs
from coupons.models import Code, Coupon, CouponCounter, SheetImport, StagedRow
from redemption.reconciling import differences
from tests.faults.killing import killed
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

ROWS = 60_000


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
