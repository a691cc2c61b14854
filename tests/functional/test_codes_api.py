"""Codes over the API: those that somebody brings, and batches made by a worker."""

import re
import time
from datetime import datetime
from typing import Any

import pytest

from coupons import coding, issuing, jobs
from coupons.models import Code, CodeBatch, Coupon, CouponCounter, Job, JournalEntry
from tests.shop import NOW, Answer, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten-off", code=None)
    return shop


def give(shop: Shop, body: Any, slug: str = "ten-off", **headers: str) -> Answer:
    return shop.api.post(f"coupons/{slug}/codes", body, **headers)


def fields(answer: Answer) -> list[str]:
    return [error["field"] for error in answer.body["errors"]]


def issued(slug: str = "ten-off") -> int:
    return CouponCounter.objects.get(coupon__slug=slug).issued


def test_given_codes_are_there_at_once_in_their_normal_form(shop: Shop) -> None:
    answer = give(shop, {"codes": ["summer-1", " Summer 2 ", "ｓｕｍｍｅｒ３"]})
    assert answer.status == 202
    batch = CodeBatch.objects.get()
    assert answer.body == {
        "id": str(batch.job_id),
        "status": "done",
        "total": 3,
        "done": 3,
        "failed": 0,
        "batch": batch.pk,
    }
    assert shop.api.get(f"jobs/{answer.body['id']}").body == answer.body
    assert set(Code.objects.values_list("text", "shared", "max_uses", "uses", "batch")) == {
        ("SUMMER1", False, 1, 0, batch.pk),
        ("SUMMER2", False, 1, 0, batch.pk),
        ("SUMMER3", False, 1, 0, batch.pk),
    }
    assert issued() == 3
    entry = JournalEntry.objects.get(type="codes.issued")
    assert entry.data == {"batch": batch.pk, "count": 3, "pattern": ""}
    assert entry.coupon == Coupon.objects.get()


def test_a_code_is_found_however_it_is_typed(shop: Shop) -> None:
    give(shop, {"codes": ["SUMMER-1"]})
    for typed in ("summer1", "SUMMER 1", "s-u-m-m-e-r-1", "ＳＵＭＭＥＲ－１", "\u200bsummer1\n"):
        quote = shop.api.post("validations", cart(typed))
        assert quote.body["valid"] is True, typed
        assert quote.body["applied"][0]["code"] == "SUMMER1"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["count"]),
        ({"count": 1, "codes": ["A"]}, ["count"]),
        ({"count": None, "codes": None}, ["count"]),
        ({"codes": []}, ["codes"]),
        ({"codes": ["A", ""]}, ["codes.1"]),
        ({"codes": ["A", " - "]}, ["codes.1"]),
        ({"codes": ["A", "B", "a", "b"]}, ["codes.2", "codes.3"]),
        ({"codes": ["x" * 65]}, ["codes.0"]),
        ({"codes": ["x" * 201]}, ["codes.0"]),
        ({"codes": ["ok", "\ue000"]}, ["codes.1"]),
        ({"codes": [None]}, ["codes.0"]),
        ({"codes": "A"}, ["codes"]),
        ({"count": 0}, ["count"]),
        ({"count": -1}, ["count"]),
        ({"count": 10_000_001}, ["count"]),
        ({"count": 10**40}, ["count"]),
        ({"count": 1.5}, ["count"]),
        ({"count": "7"}, ["count"]),
        ({"count": 1, "pattern": "SUMMER"}, ["pattern"]),
        ({"count": 1, "pattern": "S##"}, ["pattern"]),
        ({"count": 1_000, "pattern": "S-###"}, ["pattern"]),
        ({"count": 1, "pattern": "夏####"}, ["pattern"]),
        ({"count": 1, "pattern": "S_####"}, ["pattern"]),
        ({"count": 1, "pattern": "####\n"}, ["pattern"]),
        ({"count": 1, "pattern": "#" * 65}, ["pattern"]),
    ],
)
def test_an_order_for_codes_that_makes_no_sense_is_refused(
    shop: Shop, body: Any, wrong: list[str]
) -> None:
    with nothing_changes():
        answer = give(shop, body)
    assert (answer.status, answer.code, fields(answer)) == (422, "invalid", wrong)


def test_a_code_that_is_taken_refuses_the_whole_list(shop: Shop) -> None:
    shop.coupon("other", code="SHARED")
    give(shop, {"codes": ["TAKEN"]})
    for slug in ("ten-off", "other"):
        for taken in ("taken", "sha-red"):
            with nothing_changes():
                answer = give(shop, {"codes": ["NEW1", taken]}, slug)
            assert (answer.status, answer.code) == (409, "already_exists")


def test_an_ended_coupon_gets_no_codes(shop: Shop) -> None:
    shop.api.post("coupons/ten-off/end")
    for body in ({"codes": ["A1"]}, {"count": 5}):
        with nothing_changes():
            answer = give(shop, body)
        assert (answer.status, answer.code) == (409, "wrong_state")


def test_no_more_codes_than_the_coupon_may_issue(shop: Shop) -> None:
    shop.coupon("five", limits={"issued": 5})
    assert issued("five") == 1  # its shared code
    assert give(shop, {"codes": ["A1", "A2"]}, "five").status == 202
    with nothing_changes():
        assert fields(give(shop, {"codes": ["A3", "A4", "A5"]}, "five")) == ["codes"]
        assert fields(give(shop, {"count": 3}, "five")) == ["count"]
    assert give(shop, {"count": 1}, "five").status == 202
    assert give(shop, {"codes": ["A4"]}, "five").status == 202
    assert issued("five") == 5
    with nothing_changes():
        assert give(shop, {"count": 1}, "five").status == 422


@pytest.mark.parametrize("uses", [1, 3])
def test_a_code_bears_the_uses_that_the_coupon_gives_it(shop: Shop, uses: int) -> None:
    shop.coupon("more", code=None, limits={"uses_per_code": uses})
    give(shop, {"codes": ["A1"]}, "more")
    for number in range(uses):
        assert shop.api.post("redemptions", order("A1", ref=f"O-{number}")).status == 201
    with nothing_changes():
        answer = shop.api.post("redemptions", order("A1", ref="O-more"))
    assert answer.body["rejected"][0]["reason"] == "already_redeemed"


def test_a_code_whose_uses_are_unlimited_goes_on(shop: Shop) -> None:
    shop.coupon("free", code=None, limits={"uses_per_code": None})
    give(shop, {"codes": ["A1"]}, "free")
    for number in range(3):
        assert shop.api.post("redemptions", order("A1", ref=f"O-{number}")).status == 201
    assert Code.objects.get().uses == 3


@pytest.mark.usefixtures("live")
def test_a_worker_makes_a_batch_of_a_thousand(shop: Shop) -> None:
    ordered = give(shop, {"count": 1_000, "pattern": "summer-######"})
    assert ordered.status == 202
    assert ordered.body | {"id": None, "batch": None} == {
        "id": None,
        "status": "queued",
        "total": 1_000,
        "done": 0,
        "failed": 0,
        "batch": None,
    }
    assert issued() == 1_000
    deadline = time.monotonic() + 30
    while (job := shop.api.get(f"jobs/{ordered.body['id']}").body)["status"] != "done":
        assert time.monotonic() < deadline, job
        time.sleep(0.02)
    assert job == ordered.body | {"status": "done", "done": 1_000}
    texts = list(Code.objects.values_list("text", flat=True))
    assert len(set(texts)) == 1_000
    shape = re.compile(f"SUMMER[{coding.ALPHABET}]{{6}}")
    assert all(shape.fullmatch(text) for text in texts)
    assert set(Code.objects.values_list("max_uses", "uses", "state", "shared")) == {
        (1, 0, "active", False)
    }
    assert shop.api.post("redemptions", order(texts[500])).status == 201


def test_a_batch_started_twice_makes_each_code_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "CHUNK", 40)
    ordered = give(shop, {"count": 100})
    job = Job.objects.get(pk=ordered.body["id"])
    for left in (True, True, False, False):
        assert jobs.work_on(job_id=job.pk, at=NOW) is left
    assert Code.objects.count() == 100
    assert shop.api.get(f"jobs/{job.pk}").body["done"] == 100


def test_without_a_pattern_a_code_has_eight_characters_or_more(shop: Shop) -> None:
    ordered = give(shop, {"count": 10})
    jobs.work_on(job_id=Job.objects.get(pk=ordered.body["id"]).pk, at=NOW)
    shape = re.compile(f"[{coding.ALPHABET}]{{8}}")
    assert all(shape.fullmatch(text) for text in Code.objects.values_list("text", flat=True))


def test_a_pattern_without_unused_codes_fails_and_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered = give(shop, {"count": 3, "pattern": "S-####"})
    monkeypatch.setattr(coding.Pattern, "lines", lambda _, __: "SAME")
    while jobs.work_on(job_id=Job.objects.get().pk, at=NOW):
        pass
    job = shop.api.get(f"jobs/{ordered.body['id']}").body
    assert (job["status"], job["done"], job["failed"]) == ("failed", 1, 2)
    assert (Code.objects.count(), issued()) == (1, 1)


@pytest.mark.parametrize("job", ["0199aaaa-0000-7000-8000-000000000000"])
def test_a_job_that_is_not_there_is_a_404(shop: Shop, job: str) -> None:
    answer = shop.api.get(f"jobs/{job}")
    assert (answer.status, answer.code) == (404, "not_found")


def test_codes_for_a_coupon_that_is_not_there_are_a_404(shop: Shop) -> None:
    with nothing_changes():
        assert give(shop, {"codes": ["A1"]}, "none").status == 404


def test_codes_may_be_given_to_a_draft_and_work_once_it_is_out(shop: Shop) -> None:
    shop.coupon("draft", publish=False, code=None)
    give(shop, {"codes": ["A1"]}, "draft")
    quote = shop.api.post("validations", cart("A1")).body
    assert quote["rejected"][0]["reason"] == "not_published"
    shop.api.post("coupons/draft/publish")
    assert shop.api.post("validations", cart("A1")).body["valid"] is True


# --- Looking codes up --------------------------------------------------------------


def look(shop: Shop, code: str) -> Answer:
    return shop.api.post("codes/lookup", {"code": code})


def test_a_code_is_looked_up_with_its_history(shop: Shop) -> None:
    batch = give(shop, {"codes": ["SUMMER1"]}).body["batch"]
    found = look(shop, " summer-1 ")
    unused = {
        "code": "SUMMER1",
        "coupon": "ten-off",
        "coupon_state": "live",
        "state": "active",
        "shared": False,
        "uses": 0,
        "max_uses": 1,
        "batch": batch,
        "history": [],
    }
    assert (found.status, found.body) == (200, unused)
    done = shop.api.post("redemptions", order("summer1", customer="C-1")).body
    used = look(shop, "SUMMER1").body
    (entry,) = used.pop("history")
    del unused["history"]
    assert used == {**unused, "state": "redeemed", "uses": 1}
    assert datetime.fromisoformat(entry.pop("at")) == datetime.fromisoformat(done["created_at"])
    assert entry == {
        "type": "code.redeemed",
        "actor": JournalEntry.objects.get(type="code.redeemed").actor,
        "customer": "C-1",
        "order": "O-1",
        "redemption": done["id"],
    }


def test_a_shared_code_has_no_uses_of_its_own_to_run_out(shop: Shop) -> None:
    shop.coupon("shared", limits={"uses_per_code": None})
    give(shop, {"codes": ["ENDLESS"]}, "shared")
    for code, shared in (("SHARED", True), ("endless", False)):
        body = look(shop, code).body
        assert (body["shared"], body["max_uses"], body["state"]) == (shared, None, "active")


def test_a_history_is_told_up_to_its_bound(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coupons.api.codes.MAX_HISTORY", 2)
    shop.coupon("shared")
    for i in range(3):
        shop.api.post("redemptions", order("shared", ref=f"O-{i}"))
    assert [entry["order"] for entry in look(shop, "shared").body["history"]] == ["O-2", "O-1"]


@pytest.mark.parametrize("code", ["NONE", "", " - ", "x" * 200])
def test_a_code_that_is_not_there_is_not_found(shop: Shop, code: str) -> None:
    assert look(shop, code).code == "not_found"


def test_another_merchants_code_is_not_found(shop: Shop) -> None:
    give(shop, {"codes": ["SUMMER1"]})
    assert look(Shop.open("other"), "SUMMER1").code == "not_found"


def test_a_coupons_codes_are_listed_by_state_and_batch(shop: Shop) -> None:
    first = give(shop, {"codes": ["A1", "A2", "A3"]}).body["batch"]
    second = give(shop, {"codes": ["B1"]}).body["batch"]
    shop.coupon("other", code="other")
    shop.api.post("redemptions", order("A2"))
    Code.objects.filter(text="A3").update(state="revoked")

    def listed(query: str = "") -> list[str]:
        page = shop.api.get(f"coupons/ten-off/codes{query}")
        assert page.status == 200, page
        return [row["code"] for row in page.body["results"]]

    assert listed() == ["A1", "A2", "A3", "B1"]
    assert listed("?state=active") == ["A1", "B1"]
    assert listed("?state=redeemed") == ["A2"]
    assert listed("?state=revoked") == ["A3"]
    assert listed(f"?batch={first}&state=active") == ["A1"]
    assert listed(f"?batch={second}") == ["B1"]
    assert listed(f"?batch={2**63 - 1}") == []
    (row,) = shop.api.get("coupons/ten-off/codes?state=redeemed").body["results"]
    whole = look(shop, "A2").body
    assert row == {name: whole[name] for name in row}


def test_a_coupons_codes_come_page_by_page(shop: Shop) -> None:
    give(shop, {"codes": ["A1", "A2", "A3"]})
    page = shop.api.get("coupons/ten-off/codes?page_size=2").body
    assert [row["code"] for row in page["results"]] == ["A1", "A2"]
    rest = shop.api.get(page["next"].partition("/api/v1/")[2]).body
    assert ([row["code"] for row in rest["results"]], rest["next"]) == (["A3"], None)


@pytest.mark.parametrize(
    "query", ["state=used", "batch=x", "batch=-1", "batch=²", f"batch={2**63}"]
)
def test_a_list_of_codes_asked_for_wrongly_is_refused(shop: Shop, query: str) -> None:
    answer = shop.api.get(f"coupons/ten-off/codes?{query}")
    assert (answer.status, fields(answer)) == (422, [query.partition("=")[0]])
