"""A code is redeemed while its batch is being undone: it stays, or it is gone, never both."""

from typing import Any

import pytest
from django.db import connections

from coupons import jobs, undoing
from coupons.errors import WrongState
from coupons.models import Code, CodeBatch, CouponCounter, Job
from redemption import ledger
from redemption.models import Use
from redemption.reconciling import differences
from tests.concurrency.meeting import Meeting
from tests.shop import NOW, Answer, Api, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", "A1", "ONLY1")
    return shop


def the_batch() -> CodeBatch:
    return CodeBatch.objects.select_related("job", "undoing", "coupon", "merchant").get()


def undo() -> Any:
    try:
        return undoing.undo_batch(batch=the_batch(), by="staff:bob", at=NOW)
    except WrongState:
        return None
    finally:
        connections.close_all()


def look() -> Job:
    """Start the undoing and do its first round."""
    job = undo()
    assert jobs.work_on(job_id=job.pk, at=NOW)
    return job


def delete(job: Job) -> Any:
    try:
        return jobs.work_on(job_id=job.pk, at=NOW)
    finally:
        connections.close_all()


def redeem(shop: Shop) -> Answer:
    return Api(shop.api.key).post("redemptions", order("only1"))


def test_without_looking_after_the_lock_a_code_goes_that_is_being_redeemed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left then is the foreign key of the ledger: the piece dies."""
    job = look()
    monkeypatch.setattr(undoing, "_DELETE", undoing._DELETE.replace("AND NOT", "AND TRUE OR NOT"))
    monkeypatch.setattr(undoing, "_LOCK", undoing._LOCK.replace("FOR UPDATE", ""))

    def dies() -> str:
        with pytest.raises(Exception, match="foreign key"):
            delete(job)
        return "died"

    met = Meeting(monkeypatch).after(ledger, "rows").before(undoing, "_lock")
    answer, died = met.of(lambda: redeem(shop), dies)
    assert (answer.status, died) == (201, "died")


def test_a_code_that_is_redeemed_first_stays(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = look()
    met = Meeting(monkeypatch).after(ledger, "rows").before(undoing, "_lock")
    answer, _ = met.of(lambda: redeem(shop), lambda: delete(job))
    assert answer.status == 201
    assert list(Code.objects.values_list("text", "uses")) == [("ONLY1", 1)]
    assert (Use.objects.count(), CouponCounter.objects.get().issued) == (1, 1)
    assert differences() == []


def test_a_code_that_has_gone_is_not_redeemed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = look()
    met = Meeting(monkeypatch).before(ledger, "write")
    answer, _ = met.of(lambda: redeem(shop), lambda: delete(job))
    assert (answer.status, answer.code) == (422, "coupon_rejected")
    assert answer.body["rejected"][0]["reason"] == "code_not_found"
    assert (Use.objects.count(), Code.objects.count()) == (0, 0)
    assert CouponCounter.objects.get().issued == 0
    assert differences() == []


def test_without_the_comparison_a_batch_is_being_undone_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = CodeBatch.objects.filter
    monkeypatch.setattr(CodeBatch.objects, "filter", lambda pk, **_: rows(pk=pk))
    met = Meeting(monkeypatch).before(jobs, "start").of(undo, undo)
    assert [job is None for job in met] == [False, False]
    assert Job.objects.filter(kind="undo").count() == 2


def test_of_two_who_undo_a_batch_one_does(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    met = Meeting(monkeypatch).before(jobs, "start").of(undo, undo)
    assert sorted(job is None for job in met) == [False, True]
    assert Job.objects.filter(kind="undo").count() == 1
