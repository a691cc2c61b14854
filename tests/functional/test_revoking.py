"""Codes are withdrawn with a reason, and leaked ones given anew."""

from typing import Any

import pytest

from coupons import jobs, pooling, reissuing, revoking, walking
from coupons.errors import Invalid, WrongState
from coupons.models import Code, CodeBatch, Coupon, CouponCounter, Job, JournalEntry
from redemption.models import Redemption
from redemption.reconciling import differences
from tests.shop import NOW, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

BY = {"by": "staff:alice", "at": NOW}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(walking, "CHUNK", 2)
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", *(f"L{i}" for i in range(5)))
    return shop


def code(text: str) -> Code:
    return Code.objects.get(text=text)


def revoke(text: str, reason: str = "stolen") -> Code:
    return revoking.revoke(code=code(text), reason=reason, **BY)


def batch() -> CodeBatch:
    return CodeBatch.objects.select_related("coupon", "merchant").get()


def finish(job: Job) -> Job:
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    job.refresh_from_db()
    return job


def lines_of(job: Job) -> list[str]:
    with job.result.open("rb") as file:
        return file.read().decode("utf-8-sig").split()


def told(type: str) -> list[tuple[Any, Any]]:
    rows = JournalEntry.objects.filter(type=type).order_by("id")
    return [(entry.code_id, entry.data) for entry in rows]


def test_a_revoked_code_is_refused_and_its_reason_is_in_the_journal(shop: Shop) -> None:
    revoke("L0", "  Posted in a forum ")
    answer = shop.api.post("redemptions", order("L0"))
    assert [r["reason"] for r in answer.body["rejected"]] == ["code_revoked"]
    assert told("code.revoked") == [(code("L0").pk, {"reason": "Posted in a forum"})]
    assert CouponCounter.objects.get().issued == 5
    assert differences() == []


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_revocation_says_why(shop: Shop, reason: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        revoke("L0", reason)
    assert [error.field for error in refused.value.errors] == ["reason"]


def test_a_used_or_revoked_code_is_not_revoked(shop: Shop) -> None:
    assert shop.api.post("redemptions", order("L0")).status == 201
    revoke("L1")
    for text in ("L0", "L1"):
        with nothing_changes(), pytest.raises(WrongState):
            revoke(text)


def test_a_held_code_of_several_uses_is_confirmed_though_revoked(shop: Shop) -> None:
    shop.coupon("twice", code=None, limits={"uses_per_code": 2})
    shop.codes("twice", "TW")
    held = shop.api.post("redemptions", order("TW", hold=True)).body["id"]
    revoke("TW")
    paid = {**cart("TW")}
    assert shop.api.post(f"redemptions/{held}/confirmation", paid).status == 200
    assert Redemption.objects.get().status == "redeemed"
    assert (code("TW").uses, code("TW").state) == (1, "revoked")
    assert differences() == []


def test_a_shared_code_can_be_revoked(shop: Shop) -> None:
    shop.coupon("all")
    revoke("ALL")
    answer = shop.api.post("redemptions", order("all"))
    assert [r["reason"] for r in answer.body["rejected"]] == ["code_revoked"]


def test_the_rest_of_a_batch_is_revoked_and_what_is_used_stays(shop: Shop) -> None:
    assert shop.api.post("redemptions", order("L1")).status == 201
    revoke("L2")
    job = finish(revoking.revoke_rest(of=batch(), reason="leaked", **BY))
    assert (job.status, job.done, job.total) == ("done", 3, 3)
    assert set(Code.objects.filter(state="active").values_list("text", flat=True)) == {"L1"}
    assert [data["count"] for _, data in told("codes.revoked")] == [3]
    assert len(told("code.revoked")) == 4
    assert differences() == []


def test_the_rest_of_a_pool_is_revoked_and_no_other_code(shop: Shop) -> None:
    coupon = Coupon.objects.get(slug="ten")
    pool = pooling.reserve(coupon=coupon, partner="Bakery", purpose="", count=2, **BY)
    finish(revoking.revoke_rest(of=pool, reason="leaked", **BY))
    assert list(Code.objects.filter(state="revoked").values_list("text", flat=True)) == ["L0", "L1"]


def test_a_leaked_batch_is_given_anew(shop: Shop) -> None:
    assert shop.api.post("redemptions", order("L1")).status == 201
    held = shop.api.post("redemptions", order("L2", ref="H", hold=True)).body["id"]
    job = finish(reissuing.reissue(of=batch(), reason="leaked", **BY))
    assert (job.status, job.done) == ("done", 3)
    old = {text: code(text) for text in ("L0", "L3", "L4")}
    assert {each.state for each in old.values()} == {"revoked"}
    pairs = [f"{text},{each.replaced_by.text}" for text, each in old.items()]
    assert lines_of(job) == ["old_code,new_code", *pairs]
    assert shop.api.post("redemptions", order("L0", ref="A")).status == 422
    new = old["L0"].replaced_by.text
    assert shop.api.post("redemptions", order(new, ref="A")).status == 201
    assert shop.api.post(f"redemptions/{held}/confirmation").status == 200
    assert (code("L2").state, code("L2").replaced_by) == ("active", None)
    assert CouponCounter.objects.get().issued == 5
    assert [pk for pk, _ in told("code.replaced")] == [each.pk for each in old.values()]
    assert [data["count"] for _, data in told("codes.reissued")] == [3]
    assert differences() == []


def test_a_new_code_has_the_uses_the_pool_and_the_end_of_the_old_one(shop: Shop) -> None:
    shop.coupon("thrice", code=None, limits={"uses_per_code": 3})
    shop.codes("thrice", "TR")
    coupon = Coupon.objects.get(slug="thrice")
    pool = pooling.reserve(coupon=coupon, partner="Bakery", purpose="", count=1, **BY)
    Code.objects.filter(text="TR").update(expires_at=NOW)
    assert shop.api.post("redemptions", order("TR")).status == 422
    Code.objects.filter(text="TR").update(uses=0)
    finish(reissuing.reissue(of=pool, reason="leaked", **BY))
    new = code("TR").replaced_by
    assert (new.max_uses, new.uses, new.pool_id, new.expires_at) == (3, 0, pool.pk, NOW)
    assert new.coupon == coupon
    job = pooling.export(pool=pool, again=False, format="csv", language="en", **BY)
    with job.result.open("rb") as file:
        lines = file.read().decode().splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == [new.text]


def test_a_killed_job_goes_on_exactly_where_it_was(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = reissuing.reissue(of=batch(), reason="leaked", **BY)
    assert jobs.work_on(job_id=job.pk, at=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(walking, "reach", lambda **_: 1 // 0)
        with nothing_changes(but=("coupons_job",)), pytest.raises(ZeroDivisionError):
            jobs.work_on(job_id=job.pk, at=NOW)
    job = finish(job)
    assert (job.done, Code.objects.count()) == (5, 10)
    assert Code.objects.filter(state="revoked", replaced_by__isnull=False).count() == 5
    assert differences() == []


def test_a_second_round_replaces_the_new_codes_and_tells_of_those_alone(shop: Shop) -> None:
    finish(reissuing.reissue(of=batch(), reason="leaked", **BY))
    job = finish(reissuing.reissue(of=batch(), reason="again", **BY))
    assert job.done == 5
    olds = [line.split(",")[0] for line in lines_of(job)[1:]]
    assert not {"L0", "L1"}.intersection(olds)
    assert len(olds) == 5
    assert differences() == []


def test_two_jobs_never_work_on_the_same_codes(shop: Shop) -> None:
    reissuing.reissue(of=batch(), reason="leaked", **BY)
    with nothing_changes(), pytest.raises(WrongState):
        revoking.revoke_rest(of=batch(), reason="leaked", **BY)


def test_a_stopped_job_tells_what_it_came_to(shop: Shop) -> None:
    job = reissuing.reissue(of=batch(), reason="leaked", **BY)
    assert jobs.work_on(job_id=job.pk, at=NOW)
    stopped = jobs.cancel(job=job, at=NOW)
    assert (stopped.status, stopped.done) == ("cancelled", 2)
    assert len(lines_of(Job.objects.get(pk=job.pk))) == 3
    assert [data["count"] for _, data in told("codes.reissued")] == [2]
