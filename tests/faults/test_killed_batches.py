"""Kill -9 to whoever redeems a file: the next one ends with each row redeemed once."""

import io
from datetime import UTC, datetime

import pytest

from coupons import jobs
from coupons.caller import Caller
from coupons.models import Code, CouponCounter, JournalEntry
from redemption import batches
from redemption.models import BatchRow, Redemption, RedemptionBatch
from redemption.reconciling import differences
from tests.faults.killing import killed
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

ROWS = 2_000


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    for first in range(0, ROWS, 1_000):
        shop.codes("ten", *(f"A{number}" for number in range(first, first + 1_000)))
    return shop


def uploaded(shop: Shop, *, all_or_nothing: bool) -> RedemptionBatch:
    rows = "".join(f"A{number},O-{number},100.00\n" for number in range(ROWS))
    return batches.start(
        caller=Caller(merchant=shop.merchant, actor="system"),
        file=io.BytesIO(f"code,order,amount\n{rows}".encode()),
        name="codes.csv",
        at_once=True,
        all_or_nothing=all_or_nothing,
        at=datetime.now(UTC),
    )


@pytest.mark.parametrize("all_or_nothing", [False, True])
def test_a_batch_is_redeemed_once_whenever_its_worker_is_killed(
    shop: Shop, process_environ: dict[str, str], all_or_nothing: bool
) -> None:
    batch = uploaded(shop, all_or_nothing=all_or_nothing)
    killed(batch.job_id, environ=process_environ, once=BatchRow.objects.exists)
    killed(batch.job_id, environ=process_environ, once=Redemption.objects.exists)
    assert 0 < Redemption.objects.count() < ROWS

    while jobs.work_on(job_id=batch.job_id, at=datetime.now(UTC)):
        pass
    batch.refresh_from_db()
    assert (batch.stage, batch.total, batch.redeemed) == ("finished", ROWS, ROWS)
    assert Redemption.objects.filter(status="redeemed").count() == ROWS
    assert set(Code.objects.values_list("uses", flat=True)) == {1}
    assert CouponCounter.objects.get().uses == ROWS
    assert JournalEntry.objects.filter(type="redemption.created").count() == ROWS
    assert JournalEntry.objects.filter(type="batch.finished").count() == 1
    assert differences() == []
