"""A batch that nobody has had anything of is undone; its stock comes back."""

from typing import Any

import pytest
from django.db.models import Sum

from coupons import issuing, jobs, undoing
from coupons.errors import WrongState
from coupons.models import Code, CodeBatch, CouponCounter, Job, JournalEntry, Role
from redemption.reconciling import differences
from reports import rollups
from reports.models import DailyFigure
from tests.people import Person, person
from tests.shop import NOW, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(issuing, "CHUNK", 10)
    monkeypatch.setattr(undoing, "CHUNK", 10)
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", "OTHER1")
    assert shop.api.post("coupons/ten/codes", {"count": 25}).status == 202
    return shop


@pytest.fixture
def bob(shop: Shop) -> Person:
    return person("bob", shop.merchant, Role.OPERATOR)


def the_batch() -> CodeBatch:
    rows = CodeBatch.objects.select_related("job", "undoing", "coupon", "merchant")
    return rows.get(total=25)


def work(job: Job, pieces: int = 100) -> Job:
    while pieces and jobs.work_on(job_id=job.pk, at=NOW):
        pieces -= 1
    job.refresh_from_db()
    return job


def made() -> CodeBatch:
    work(the_batch().job)
    return the_batch()


def undo() -> Job:
    return undoing.undo_batch(batch=the_batch(), by="staff:bob", at=NOW)


def counts() -> tuple[int, int]:
    return CouponCounter.objects.get().issued, Code.objects.count()


def told() -> list[Any]:
    return list(JournalEntry.objects.filter(type="codes.undone").values_list("data", flat=True))


def first() -> str:
    return str(Code.objects.filter(batch=the_batch()).order_by("id").first())


def test_an_undone_batch_is_gone_and_its_stock_is_back(shop: Shop) -> None:
    batch = made()
    assert counts() == (26, 26)
    job = work(undo())
    assert (job.status, job.done, job.total, job.kind) == ("done", 25, 25, "undo")
    assert counts() == (1, 1)
    assert told() == [{"batch": batch.pk, "count": 25}]
    assert differences() == []
    with nothing_changes(), pytest.raises(WrongState, match="undone already"):
        undo()


def test_the_figures_forget_the_codes_of_an_undone_batch(shop: Shop) -> None:
    made()
    work(undo())
    rollups.catch_up()
    figures = DailyFigure.objects.values("coupon__slug").annotate(all=Sum("issued"))
    assert set(figures.values_list("coupon__slug", "all")) == {("ten", 1), (None, 1)}


def redeem(shop: Shop, code: str) -> None:
    assert shop.api.post("redemptions", order(code)).status == 201


def redeem_and_return(shop: Shop, code: str) -> None:
    redemption = shop.api.post("redemptions", order(code)).body["id"]
    assert shop.api.post(f"redemptions/{redemption}/reversals").status == 201


def hold(shop: Shop, code: str) -> None:
    assert shop.api.post("redemptions", order(code, hold=True)).status == 201


def hold_and_release(shop: Shop, code: str) -> None:
    held = shop.api.post("redemptions", order(code, hold=True)).body["id"]
    assert shop.api.post(f"redemptions/{held}/release").status == 200


def try_as_a_test_customer(shop: Shop, code: str) -> None:
    assert shop.api.put("customers/T-1", {"is_test": True}).status == 200
    redeem_by = order(code, customer="T-1")
    assert shop.api.post("redemptions", redeem_by).status == 201


def give_for_another(shop: Shop, code: str) -> None:
    new = issuing.replace_code(code=Code.objects.get(text=code), expires_at=None)
    Code.objects.filter(text="OTHER1").update(replaced_by=new)


def revoke(shop: Shop, code: str) -> None:
    Code.objects.filter(text=code).update(state="revoked")


@pytest.mark.parametrize(
    "touch",
    [
        redeem,
        redeem_and_return,
        hold,
        hold_and_release,
        try_as_a_test_customer,
        give_for_another,
        revoke,
    ],
)
def test_one_code_that_somebody_has_had_keeps_all(shop: Shop, touch: Any) -> None:
    made()
    touch(shop, first())
    before = counts()
    job = work(undo())
    assert (job.status, job.done) == ("failed", 0)
    assert job.problem == "Somebody has had a code of this batch; all of them stay."
    assert (counts(), told()) == (before, [])


def test_a_code_that_is_used_after_the_first_round_stays(shop: Shop) -> None:
    made()
    job = work(undo(), pieces=4)
    assert job.done == 10
    kept = Code.objects.filter(batch=the_batch()).latest("id").text
    assert shop.api.post("redemptions", order(kept)).status == 201
    work(job)
    assert (job.status, job.done) == ("failed", 24)
    assert job.problem == "Codes that somebody has had meanwhile stay; all others are deleted."
    assert set(Code.objects.values_list("text", flat=True)) == {"OTHER1", kept}
    assert (counts(), told()) == ((2, 2), [{"batch": the_batch().pk, "count": 24}])
    assert differences() == []


def test_an_undoing_that_was_stopped_tells_what_it_deleted_and_may_begin_anew(shop: Shop) -> None:
    made()
    job = work(undo(), pieces=4)
    jobs.cancel(job=job, at=NOW)
    assert (counts(), [each["count"] for each in told()]) == ((16, 16), [10])
    again = work(undo())
    assert (again.status, again.done) == ("done", 15)
    assert (counts(), [each["count"] for each in told()]) == ((1, 1), [10, 15])
    assert differences() == []


def test_a_batch_in_the_making_is_stopped_before_it_is_undone(shop: Shop) -> None:
    jobs.work_on(job_id=the_batch().job_id, at=NOW)
    with nothing_changes(), pytest.raises(WrongState, match="still being made"):
        undo()
    answer = shop.api.post(f"jobs/{the_batch().job_id}/cancel")
    assert (answer.status, answer.body["status"], answer.body["done"]) == (200, "cancelled", 10)
    assert work(undo()).done == 10
    assert counts() == (1, 1)


def test_a_list_that_somebody_brought_is_undone_too(shop: Shop) -> None:
    batch = CodeBatch.objects.select_related("job", "coupon", "merchant").get(pattern="")
    job = undoing.undo_batch(batch=batch, by="staff:bob", at=NOW)
    assert work(job).done == 1
    assert not Code.objects.filter(text="OTHER1").exists()


def test_a_job_that_is_over_is_not_cancelled(shop: Shop) -> None:
    made()
    with nothing_changes():
        answer = shop.api.post(f"jobs/{the_batch().job_id}/cancel")
    assert (answer.status, answer.code) == (409, "wrong_state")


# --- The console -------------------------------------------------------------------


def page(bob: Person) -> str:
    return str(bob.get(f"/coupons/codebatch/{the_batch().pk}/change/").content.decode())


def test_a_batch_is_stopped_and_undone_on_its_page(shop: Shop, bob: Person) -> None:
    jobs.work_on(job_id=the_batch().job_id, at=NOW)
    address = f"/coupons/codebatch/{the_batch().pk}/"
    assert "Stop this job" in page(bob)
    assert "Undo this batch" not in page(bob)
    bob.post(f"/coupons/job/{the_batch().job_id}/cancel/")
    assert "Undo this batch" in page(bob)
    assert bob.post(f"{address}undo/")["Location"] == f"{address}change/"
    assert "Undoing a batch" in page(bob)
    work(Job.objects.get(kind="undo"))
    shown = page(bob)
    assert "This batch is undone: its codes are deleted." in shown
    assert "Undo this batch" not in shown
    assert "Undone" in bob.get("/coupons/codebatch/").content.decode()
    with nothing_changes():
        answer = bob.client.post(f"{address}undo/", follow=True)
    assert "The batch is undone already." in answer.content.decode()


def test_a_clerk_undoes_nothing(shop: Shop) -> None:
    made()
    clerk = person("cleo", shop.merchant, Role.CLERK)
    with nothing_changes():
        answer = clerk.post(f"/coupons/codebatch/{the_batch().pk}/undo/")
    assert answer.status_code in (403, 404)


@pytest.mark.parametrize(
    ("count", "pattern", "said"),
    [
        ("1000", "", ["Good", "500,246,412 hits a code", "500,246,412,961 combinations"]),
        ("1000", "SUMMER-######", ["Weak", "One guess in 594,823 hits", "add a # or two"]),
        ("1000", "S-##", ["Too weak", "One guess in 0 hits", "too easily guessed"]),
        ("1", "[A-Z]#", ["Not possible", "[A-Z] has I L O U V, taken for other characters"]),
        ("10000001", "", ["Not possible", "From 1 to 10,000,000 codes."]),
        ("", "####", ["Type how many codes you want"]),
        ("x", "####", ["Type how many codes you want"]),
    ],
)
def test_the_form_says_how_safe_codes_are_while_one_types(
    bob: Person, count: str, pattern: str, said: list[str]
) -> None:
    with nothing_changes():
        answer = bob.get("/coupons/codebatch/safety/", count=count, pattern=pattern)
    shown = " ".join(answer.content.decode().split())
    assert [text for text in said if text not in shown] == []
