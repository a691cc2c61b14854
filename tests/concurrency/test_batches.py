"""The same file twice at once, a checkout in between, a file that is just being removed."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connections

from coupons import jobs
from coupons.caller import Caller
from coupons.errors import WrongState
from coupons.models import Code, CouponCounter
from redemption import batches
from redemption.batching import redeeming, removing, taking
from redemption.models import BatchRow, Redemption, RedemptionBatch
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


def undone(batch: RedemptionBatch) -> Any:
    def undo() -> str:
        try:
            batches.undo(batch=batch, by="staff:bob", at=datetime.now(UTC))
        except WrongState:
            return "refused"
        finally:
            connections.close_all()
        return "undoing"

    return undo


def removed(batch: RedemptionBatch) -> Any:
    def remove() -> str:
        try:
            while removing.remove_piece(job=batch.job, most=10, at=datetime.now(UTC)):
                pass
        finally:
            connections.close_all()
        return "removed"

    return remove


def test_without_its_condition_a_file_is_undone_of_which_nothing_is_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = started(shop, CODES)
    worked(batch)()
    rows = type(RedemptionBatch.objects.all())
    guarded = rows.filter

    def unguarded(self: Any, *conditions: Any, **named: Any) -> Any:
        named.pop("removed_at", None)
        return guarded(self, *conditions, **named)

    monkeypatch.setattr(rows, "filter", unguarded)
    met = Meeting(monkeypatch).before(batches, "_job").of(undone(batch), removed(batch))
    assert met == ["undoing", "removed"]
    monkeypatch.setattr(rows, "filter", guarded)
    batch.refresh_from_db()
    worked(batch)()
    assert batch.stage == RedemptionBatch.Stage.UNDONE
    assert {each.status for each in Redemption.objects.all()} == {"redeemed"}


def test_a_file_is_removed_or_undone_whichever_comes_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = started(shop, CODES)
    worked(batch)()
    met = Meeting(monkeypatch).before(batches, "_job").of(undone(batch), removed(batch))
    assert met == ["refused", "removed"]
    batch.refresh_from_db()
    assert (batch.stage, BatchRow.objects.count()) == (RedemptionBatch.Stage.FINISHED, 0)

    shop.codes("ten", "B1", "B2")
    later = started(shop, ["B1", "B2"])
    worked(later)()
    before = BatchRow.objects.filter(batch=later).count()
    job = later.job
    assert undone(later)() == "undoing"
    assert removing.remove_piece(job=job, most=10, at=datetime.now(UTC)) is False
    assert BatchRow.objects.filter(batch=later).count() == before
