"""Two workers get the same job: no piece of it is done twice."""

from typing import Any

import pytest
from django.db import connections

from coupons import issuing, jobs
from coupons.models import Code, Job
from redemption.reconciling import differences
from tests.concurrency.meeting import Meeting
from tests.shop import NOW, Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(issuing, "CHUNK", 10)
    shop = Shop.open()
    shop.coupon("ten", code=None)
    assert shop.api.post("coupons/ten/codes", {"count": 20}).status == 202
    return shop


def work() -> Any:
    try:
        return jobs.work_on(job_id=Job.objects.get().pk, at=NOW)
    finally:
        connections.close_all()


def test_without_the_lock_two_workers_make_the_same_piece_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_taken", lambda pk: Job.objects.get(pk=pk))
    assert Meeting(monkeypatch).before(issuing, "_insert").of(work, work) == [True, True]
    assert (Job.objects.get().done, Code.objects.count()) == (10, 20)


def test_the_second_worker_leaves_a_job_to_the_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = Meeting(monkeypatch).before(issuing, "_insert").of(work, work)
    assert sorted(met) == [False, True]
    assert (Job.objects.get().done, Code.objects.count()) == (10, 10)
    assert work() is False
    assert (Job.objects.get().status, Code.objects.count()) == ("done", 20)
    assert differences() == []
