"""The same file twice at once, and a checkout in between: nothing is redeemed twice."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections

from coupons import jobs
from coupons.caller import Caller
from coupons.models import Code, CouponCounter
from redemption import batches
from redemption.batching import redeeming, taking
from redemption.models import Redemption, RedemptionBatch
from redemption.reconciling import differences
from tests.concurrency.meeting import Meeting
from tests.shop import Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

CODES = [f"A{i}" for i in range(6)]


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", *CODES)
    return shop


def started(shop: Shop, codes: list[str]) -> RedemptionBatch:
    rows = "\n".join(f"{code},O-{code},100.00" for code in codes)
    return batches.start(
        caller=Caller(merchant=shop.merchant, actor="system"),
        file=io.BytesIO(f"code,order,amount\n{rows}".encode()),
        name="codes.csv",
        at_once=True,
        at=datetime.now(UTC),
    )


def worked(batch: RedemptionBatch) -> Any:
    def work() -> str:
        try:
            while jobs.work_on(job_id=batch.job_id, at=datetime.now(UTC)):
                pass
            batch.refresh_from_db()
            return f"{batch.redeemed} {batch.already} {batch.failed}"
        finally:
            connections.close_all()

    return work


def test_without_its_condition_a_take_counts_codes_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        taking, "_TAKE_CODES", taking._TAKE_CODES.replace("AND c.uses < c.max_uses", "")
    )
    one, two = started(shop, CODES), started(shop, [*reversed(CODES)])
    monkeypatch.setattr(redeeming, "broken_constraint", lambda _: None)
    with pytest.raises(Exception, match=r"use_stands_once|code_uses_within_limit"):
        Meeting(monkeypatch).before(redeeming, "take").of(worked(one), worked(two))


def test_the_same_file_twice_at_once_is_redeemed_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = started(shop, CODES), started(shop, [*reversed(CODES)])
    met = Meeting(monkeypatch).before(redeeming, "take").of(worked(one), worked(two))
    assert sorted(met) == ["0 6 0", "6 0 0"]
    assert Redemption.objects.count() == 6
    assert CouponCounter.objects.get().uses == 6
    assert set(Code.objects.values_list("uses", flat=True)) == {1}
    assert differences() == []


def test_a_checkout_in_between_costs_the_file_one_row(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = started(shop, CODES)

    def quicker() -> str:
        try:
            answer = shop.api.post("redemptions", order("A3", ref="O-web"))
            return str(answer.status)
        finally:
            connections.close_all()

    original = redeeming.take

    def late(**named: Any) -> None:
        if not Redemption.objects.filter(order_ref="O-web").exists():
            assert quicker_in_a_thread(quicker) == "201"
        original(**named)

    monkeypatch.setattr(redeeming, "take", late)
    assert worked(batch)() == "5 0 1"
    assert Redemption.objects.count() == 6
    assert differences() == []


def quicker_in_a_thread(call: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()
