"""A code is redeemed while its coupon is being replaced: on the old one, or moved, never both."""

from typing import Any

import pytest
from django.db import connections

from coupons import jobs, moving
from coupons.models import Code, CouponCounter, Job
from redemption import ledger, taking
from redemption.models import Use
from redemption.reconciling import differences
from tests.concurrency.meeting import Meeting
from tests.shop import NOW, Answer, Api, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

GUARD = "coupon_id = %s"


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("old", code=None)
    shop.codes("old", "A1", "ONLY1")
    assert shop.api.post("coupons/old/replacement", {"slug": "new"}).status == 201
    assert shop.api.patch("coupons/new", {"value": {"USD": "3.00"}}).status == 200
    assert shop.api.post("coupons/new/publish").status == 200
    return shop


def move() -> Any:
    job = Job.objects.get(replacement__isnull=False)
    try:
        return jobs.work_on(job_id=job.pk, at=NOW)
    finally:
        connections.close_all()


def meeting(shop: Shop, patch: pytest.MonkeyPatch) -> Answer:
    """Redeem; the codes go over once everything has been read for it."""
    calls = [lambda: Api(shop.api.key).post("redemptions", order("only1")), move]
    return Meeting(patch).before(ledger, "write").of(*calls)[0]


def test_a_code_that_has_gone_over_is_redeemed_on_the_old_one_without_the_guard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    always = taking.TAKE_CODE.replace(GUARD, "%s::bigint IS NOT NULL")
    assert always != taking.TAKE_CODE
    monkeypatch.setattr(taking, "TAKE_CODE", always)
    answer = meeting(shop, monkeypatch)
    assert (answer.status, answer.body["applied"][0]["coupon"]) == (201, "old")
    assert Code.objects.get(text="ONLY1").coupon.slug == "new"


def test_a_code_that_has_gone_over_is_redeemed_on_the_new_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = meeting(shop, monkeypatch)
    assert (answer.status, answer.body["applied"][0]["coupon"]) == (201, "new")
    assert answer.body["discount"] == "3.00"
    use = Use.objects.select_related("code").get()
    assert use.code.coupon_id == use.coupon_id
    assert issued() == {"old": 0, "new": 2}
    assert differences() == []


def test_a_code_that_was_redeemed_first_stays(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes first has the code: the move looks when it is used already."""
    calls = [lambda: Api(shop.api.key).post("redemptions", order("only1")), move]
    answer, _ = Meeting(monkeypatch).after(ledger, "rows").before(moving, "_move").of(*calls)
    assert (answer.status, answer.body["applied"][0]["coupon"]) == (201, "old")
    assert Code.objects.get(text="ONLY1").coupon.slug == "old"
    assert issued() == {"old": 1, "new": 1}
    assert differences() == []


def issued() -> dict[str, int]:
    return dict(CouponCounter.objects.values_list("coupon__slug", "issued"))
