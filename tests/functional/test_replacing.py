"""A coupon that is out is replaced with a new one; what nobody holds goes over."""

from typing import Any

import pytest

from coupons import jobs, moving
from coupons.models import Code, CodeBatch, Coupon, CouponCounter, Job, JournalEntry, Replacement
from redemption.reconciling import differences
from tests.shop import NOW, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def replaced(shop: Shop, old: str = "ten", **body: Any) -> str:
    answer = shop.api.post(f"coupons/{old}/replacement", body)
    assert answer.status == 201, answer
    return str(answer.body["slug"])


def moved() -> Job:
    """Do the job to its end, as a worker would."""
    job = Job.objects.get(replacement__isnull=False)
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    job.refresh_from_db()
    return job


def codes(slug: str) -> list[str]:
    rows = Code.objects.filter(coupon__slug=slug).order_by("text")
    return list(rows.values_list("text", flat=True))


def issued(slug: str) -> int:
    return CouponCounter.objects.get(coupon__slug=slug).issued


def told(type: str) -> list[tuple[str, Any]]:
    rows = JournalEntry.objects.filter(type=type).order_by("id")
    return list(rows.values_list("coupon__slug", "data"))


def test_a_replacement_is_a_draft_with_the_same_rules_and_no_code(shop: Shop) -> None:
    shop.coupon("ten", limits={"uses": 5}, min_spend={"USD": "20.00"})
    old = shop.api.get("coupons/ten").body
    new = shop.api.post("coupons/ten/replacement").body
    assert (new["slug"], new["state"], new["version"]) == ("ten-2", "draft", 1)
    apart = {"slug", "state", "version", "counters", "code"}
    same = set(new) - apart
    assert {key: new[key] for key in same} == {key: old[key] for key in same}
    assert new["code"] is None
    links = ("replaces", "replaced_by")
    assert [shop.api.get("coupons/ten").body[name] for name in links] == [None, "ten-2"]
    assert [shop.api.get("coupons/ten-2").body[name] for name in links] == ["ten", None]
    # Nothing has happened to the old one yet.
    assert shop.api.get("coupons/ten").body["state"] == "live"
    assert shop.api.post("redemptions", order("ten")).status == 201


@pytest.mark.parametrize(
    ("slug", "suggested"), [("spring", "spring-2"), ("spring-2", "spring-3"), ("v-9", "v-10")]
)
def test_the_suggested_slug_counts_on(shop: Shop, slug: str, suggested: str) -> None:
    shop.coupon(slug)
    assert replaced(shop, slug) == suggested


def test_a_taken_slug_is_passed_over_and_a_chosen_one_is_used(shop: Shop) -> None:
    shop.coupon("ten")
    shop.coupon("ten-2", code="OTHER")
    shop.coupon("six")
    assert replaced(shop) == "ten-3"
    assert replaced(shop, "six", slug="half-dozen") == "half-dozen"


def test_a_draft_is_not_replaced_and_nothing_is_replaced_twice(shop: Shop) -> None:
    shop.coupon("draft", publish=False)
    shop.coupon("ten")
    replaced(shop)
    with nothing_changes():
        early = shop.api.post("coupons/draft/replacement")
        twice = shop.api.post("coupons/ten/replacement")
        bad = shop.api.post("coupons/draft/replacement", {"when": "now"})
    assert (early.status, early.code) == (409, "wrong_state")
    assert (twice.status, twice.code) == (409, "wrong_state")
    assert twice.body["detail"] == "The coupon is replaced already."
    assert (bad.status, bad.code) == (422, "invalid")


def test_the_publication_ends_the_old_one_and_brings_the_shared_code(shop: Shop) -> None:
    shop.coupon("ten")
    shop.api.post("redemptions", order("ten"))
    replaced(shop, moves_codes=False)
    shop.api.patch("coupons/ten-2", {"value": {"USD": "3.00"}})
    assert shop.api.post("coupons/ten-2/publish").status == 200
    old, new = shop.api.get("coupons/ten").body, shop.api.get("coupons/ten-2").body
    assert (old["state"], old["code"], old["counters"]["issued"]) == ("ended", None, 0)
    assert (new["state"], new["code"], new["counters"]["issued"]) == ("live", "TEN", 1)
    assert (old["version"], new["version"]) == (2, 3)
    quote = shop.api.post("validations", cart("ten")).body
    assert [(one["coupon"], one["discount"]) for one in quote["applied"]] == [("ten-2", "3.00")]
    (first,) = shop.api.post("qualifications", cart()).body["usable"]
    assert first["coupon"] == "ten-2"
    assert told("coupon.replaced") == [("ten", {"by": "ten-2"})]
    data = {"count": 1, "from": "ten", "to": "ten-2"}
    assert told("codes.moved") == [
        ("ten", {**data, "version": 2}),
        ("ten-2", {**data, "version": 3}),
    ]
    assert differences() == []


def test_what_was_redeemed_by_the_old_one_comes_back_by_its_rules(shop: Shop) -> None:
    shop.coupon("ten")
    first = shop.api.post("redemptions", order("ten")).body
    replaced(shop)
    shop.api.patch("coupons/ten-2", {"value": {"USD": "3.00"}})
    shop.api.post("coupons/ten-2/publish")
    back = shop.api.post(f"redemptions/{first['id']}/reversals", {})
    assert back.status == 201, back
    assert CouponCounter.objects.get(coupon__slug="ten").uses == 0
    assert CouponCounter.objects.get(coupon__slug="ten-2").uses == 0
    assert differences() == []


def test_a_hold_of_the_shared_code_is_confirmed_by_the_rules_it_was_held_by(shop: Shop) -> None:
    shop.coupon("ten", limits={"budget": {"USD": "10.00"}})
    held = shop.api.post("redemptions", order("ten", hold_seconds=600)).body
    replaced(shop)
    shop.api.patch("coupons/ten-2", {"value": {"USD": "3.00"}})
    shop.api.post("coupons/ten-2/publish")
    paid = shop.api.post(f"redemptions/{held['id']}/confirmation", cart())
    assert (paid.status, paid.body["discount"]) == (200, "10.00"), paid
    assert CouponCounter.objects.get(coupon__slug="ten").uses == 1
    assert differences() == []


def test_without_the_choice_both_kinds_of_codes_stay(shop: Shop) -> None:
    shop.coupon("ten")
    shop.codes("ten", "A1")
    replaced(shop, moves_codes=False, moves_shared_code=False)
    shop.api.post("coupons/ten-2/publish")
    assert (codes("ten"), codes("ten-2")) == (["A1", "TEN"], [])
    assert not Job.objects.filter(replacement__isnull=False).exists()
    quote = shop.api.post("validations", cart("ten")).body
    assert quote["rejected"][0]["reason"] == "expired"
    assert shop.api.post("redemptions", order("A1")).status == 201


def test_a_shared_code_of_its_own_wins(shop: Shop) -> None:
    shop.coupon("ten")
    replaced(shop)
    shop.api.patch("coupons/ten-2", {"code": "NEWTEN"})
    assert shop.api.post("coupons/ten-2/publish").status == 200
    assert (codes("ten"), codes("ten-2")) == (["TEN"], ["NEWTEN"])
    moved()
    assert differences() == []


def test_only_what_nobody_has_touched_goes_over(shop: Shop) -> None:
    shop.coupon("ten", code=None, limits={"uses_per_code": 2})
    shop.codes("ten", "BACK", "FREE1", "FREE2", "HALF", "HELD", "REVOKED", "TRIED")
    first = shop.api.post("redemptions", order("BACK", ref="O-1")).body
    shop.api.post(f"redemptions/{first['id']}/reversals", {})
    shop.api.post("redemptions", order("HALF", ref="O-2"))
    shop.api.post("redemptions", order("HELD", ref="O-3", hold_seconds=600))
    tried = shop.api.post("redemptions", order("TRIED", ref="O-4", hold_seconds=600)).body
    shop.api.post(f"redemptions/{tried['id']}/release")
    Code.objects.filter(text="REVOKED").update(state=Code.State.REVOKED)
    replaced(shop)
    shop.api.patch("coupons/ten-2", {"limits": {"uses_per_code": 1}})
    shop.api.post("coupons/ten-2/publish")
    job = moved()
    assert (job.status, job.done, job.total) == (Job.Status.DONE, 2, 2)
    assert codes("ten") == ["BACK", "HALF", "HELD", "REVOKED", "TRIED"]
    assert codes("ten-2") == ["FREE1", "FREE2"]
    assert (issued("ten"), issued("ten-2")) == (5, 2)
    assert set(Code.objects.filter(coupon__slug="ten-2").values_list("max_uses", flat=True)) == {1}
    data = {"count": 2, "from": "ten", "to": "ten-2"}
    assert told("codes.moved") == [("ten", data), ("ten-2", data)]
    assert differences() == []
    # What customers have goes on, by the old rules.
    assert shop.api.post("redemptions", order("BACK", ref="O-5")).body["applied"][0]["coupon"] == (
        "ten"
    )


def test_a_code_given_for_a_returned_one_stays_with_its_holder(shop: Shop) -> None:
    shop.coupon("ten", code=None, return_policy="reissue")
    shop.codes("ten", "A1")
    first = shop.api.post("redemptions", order("A1")).body
    shop.api.post(f"redemptions/{first['id']}/reversals", {})
    replaced(shop)
    shop.api.post("coupons/ten-2/publish")
    assert moved().done == 0
    assert codes("ten-2") == []
    assert differences() == []


def test_a_stock_goes_over_in_chunks_and_a_kill_costs_none(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "CHUNK", 2)
    shop.coupon("ten", code=None)
    shop.codes("ten", "A1", "A2", "A3", "A4", "A5")
    replaced(shop)
    shop.api.post("coupons/ten-2/publish")
    job = Job.objects.get(replacement__isnull=False)
    assert jobs.work_on(job_id=job.pk, at=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(moving, "_count", lambda *_, **__: 1 // 0)  # the worker dies here
        with pytest.raises(ZeroDivisionError):
            jobs.work_on(job_id=job.pk, at=NOW)
    job.refresh_from_db()
    assert (job.status, job.done, job.tries) == ("running", 2, 1)
    assert (issued("ten"), issued("ten-2"), len(codes("ten-2"))) == (3, 2, 2)
    assert differences() == []
    assert moved().done == 5
    assert (issued("ten"), issued("ten-2")) == (0, 5)
    with nothing_changes():
        assert not jobs.work_on(job_id=job.pk, at=NOW)


def test_no_more_goes_over_than_the_new_one_may_issue(shop: Shop) -> None:
    shop.coupon("ten", code=None)
    shop.codes("ten", "A1", "A2", "A3")
    replaced(shop)
    shop.api.patch("coupons/ten-2", {"limits": {"issued": 2}})
    shop.api.post("coupons/ten-2/publish")
    job = moved()
    assert (job.status, job.done) == (Job.Status.FAILED, 2)
    assert job.problem == "The new coupon may issue no more codes; the rest stays."
    assert (issued("ten"), issued("ten-2")) == (1, 2)
    assert differences() == []


def test_a_shared_code_that_finds_no_room_stops_the_publication(shop: Shop) -> None:
    shop.coupon("ten", code="TEN")
    replaced(shop)
    shop.codes("ten-2", "A1")
    shop.api.patch("coupons/ten-2", {"limits": {"issued": 1}})
    with nothing_changes():
        answer = shop.api.post("coupons/ten-2/publish")
    assert (answer.status, answer.code) == (422, "not_publishable")
    assert [each["field"] for each in answer.body["errors"]] == ["limits.issued"]


def test_a_batch_still_being_made_is_waited_for(shop: Shop) -> None:
    shop.coupon("ten", code=None)
    answer = shop.api.post("coupons/ten/codes", {"count": 10})
    assert answer.status == 202, answer
    replaced(shop)
    Job.objects.update(status=Job.Status.QUEUED, done=0)
    Code.objects.all().delete()
    shop.api.post("coupons/ten-2/publish")
    job = Job.objects.get(replacement__isnull=False)
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED)
    assert not jobs.work_on(job_id=job.pk, at=NOW)
    assert Job.objects.get(pk=job.pk).status == Job.Status.QUEUED
    while jobs.work_on(job_id=CodeBatch.objects.get().job_id, at=NOW):
        pass
    assert moved().done == 10
    assert differences() == []


def test_a_replacement_can_be_replaced_in_turn(shop: Shop) -> None:
    shop.coupon("ten")
    for slug in ("ten", "ten-2"):
        shop.api.post(f"coupons/{replaced(shop, slug)}/publish")
    chain = Replacement.objects.order_by("id").values_list("old__slug", "new__slug")
    assert list(chain) == [("ten", "ten-2"), ("ten-2", "ten-3")]
    assert codes("ten-3") == ["TEN"]
    assert Coupon.objects.get(slug="ten-3").version == 2
    assert differences() == []
