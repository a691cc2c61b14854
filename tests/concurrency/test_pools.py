"""Two reservations at once share no code; a revoked or replaced one is not redeemed as well."""

from typing import Any

import pytest
from django.db import connections

from coupons import jobs, pooling, reissuing, revoking, walking
from coupons.models import Code, CodeBatch, Coupon
from redemption import ledger, taking
from redemption.models import Use
from redemption.reconciling import differences
from tests.concurrency.meeting import Meeting
from tests.shop import NOW, Answer, Api, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

BY = {"by": "staff:alice", "at": NOW}


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", "A1", "ONLY1", "Z1", "Z2")
    return shop


def reserve(partner: str) -> Any:
    coupon = Coupon.objects.get(slug="ten")
    return pooling.reserve(coupon=coupon, partner=partner, purpose="", count=2, **BY)


def pools(patch: pytest.MonkeyPatch) -> list[int]:
    """Reserve twice, each when both have found no pool to begin after; return their sizes."""
    made = (
        Meeting(patch)
        .after(pooling, "_after")
        .of(lambda: reserve("Bakery"), lambda: reserve("Mill"))
    )
    return [Code.objects.filter(pool=pool).count() for pool in made]


def test_two_reservations_give_a_code_to_both_without_the_guard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that comes later takes what the other was told it has."""
    blind = pooling._RESERVE.replace(" AND c.pool_id IS NULL", "")
    monkeypatch.setattr(pooling, "_RESERVE", blind.replace(" FOR NO KEY UPDATE SKIP LOCKED", ""))
    assert sorted(pools(monkeypatch)) == [0, 2]


def test_two_reservations_at_once_share_no_code(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pools(monkeypatch) == [2, 2]


def redeem(key: str | None) -> Answer:
    return Api(key).post("redemptions", order("only1"))


def revoke() -> Any:
    try:
        return revoking.revoke(code=Code.objects.get(text="ONLY1"), reason="leaked", **BY)
    except revoking.WrongState as error:
        return error


def unguarded(patch: pytest.MonkeyPatch) -> None:
    blind = taking.TAKE_CODE.replace("AND state = 'active' ", "")
    assert blind != taking.TAKE_CODE
    patch.setattr(taking, "TAKE_CODE", blind)


def revoked_first(shop: Shop, patch: pytest.MonkeyPatch) -> Answer:
    """Redeem; the code is revoked once everything has been read for it."""
    calls: list[Any] = [lambda: redeem(shop.api.key), revoke]
    answer: Answer = Meeting(patch).before(ledger, "write").of(*calls)[0]
    return answer


def test_a_code_that_was_revoked_is_redeemed_without_the_guard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded(monkeypatch)
    assert revoked_first(shop, monkeypatch).status == 201
    assert Code.objects.get(text="ONLY1").state == "revoked"


def test_a_code_that_was_revoked_first_is_not_redeemed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = revoked_first(shop, monkeypatch)
    assert (answer.status, answer.code) == (422, "coupon_rejected")
    assert [r["reason"] for r in answer.body["rejected"]] == ["code_revoked"]
    assert Use.objects.count() == 0
    assert differences() == []


def test_a_shared_code_that_was_revoked_first_is_not_redeemed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.coupon("only", code="ONLY-ALL")

    def revoke_shared() -> Any:
        code = Code.objects.get(text="ONLYALL")
        return revoking.revoke(code=code, reason="leaked", **BY)

    def redeem_shared() -> Any:
        return Api(shop.api.key).post("redemptions", order("only-all"))

    answer = Meeting(monkeypatch).before(ledger, "write").of(redeem_shared, revoke_shared)[0]
    assert [r["reason"] for r in answer.body["rejected"]] == ["code_revoked"]
    assert Use.objects.count() == 0


def test_a_code_that_was_redeemed_first_is_not_revoked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = [lambda: redeem(shop.api.key), revoke]
    answer, refused = (
        Meeting(monkeypatch).after(ledger, "rows").before(revoking, "checked_reason").of(*calls)
    )
    assert answer.status == 201
    assert isinstance(refused, revoking.WrongState)
    assert Code.objects.get(text="ONLY1").state == "active"


def reissue() -> Any:
    try:
        batch = CodeBatch.objects.select_related("coupon", "merchant").get()
        job = reissuing.reissue(of=batch, reason="leaked", **BY)
        while jobs.work_on(job_id=job.pk, at=NOW):
            pass
    finally:
        connections.close_all()


def test_a_code_that_was_replaced_is_redeemed_too_without_the_guard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded(monkeypatch)
    calls: list[Any] = [lambda: redeem(shop.api.key), reissue]
    assert Meeting(monkeypatch).before(ledger, "write").of(*calls)[0].status == 201
    assert Code.objects.get(text="ONLY1").replaced_by is not None


def test_a_code_that_was_replaced_first_is_not_redeemed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = [lambda: redeem(shop.api.key), reissue]
    answer = Meeting(monkeypatch).before(ledger, "write").of(*calls)[0]
    assert [r["reason"] for r in answer.body["rejected"]] == ["code_revoked"]
    assert Code.objects.filter(state="active").count() == 4
    assert differences() == []


def test_a_code_that_was_redeemed_first_stays_and_is_not_replaced(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = [lambda: redeem(shop.api.key), reissue]
    met = Meeting(monkeypatch).after(ledger, "rows").before(reissuing, "_locked")
    assert met.of(*calls)[0].status == 201
    assert Code.objects.get(text="ONLY1").replaced_by is None
    assert Code.objects.filter(state="active").count() == 4
    assert differences() == []


def test_two_jobs_on_one_batch_at_once_are_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def start() -> Any:
        batch = CodeBatch.objects.select_related("coupon", "merchant").get()
        try:
            return revoking.revoke_rest(of=batch, reason="leaked", **BY)
        except walking.WrongState as error:
            return str(error)

    done = Meeting(monkeypatch).before(walking, "refuse_unfinished").of(start, start)
    assert sorted(isinstance(each, str) for each in done) == [False, True]
