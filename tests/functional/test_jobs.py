"""Long work in the background: stopped, given up, sent again, looked at."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from coupons import coding, issuing, jobs, tasks
from coupons.models import Code, Coupon, CouponCounter, Job, Role
from redemption.reconciling import differences
from tests.people import Person, person
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(issuing, "CHUNK", 10)
    shop = Shop.open()
    shop.coupon("ten", code=None)
    assert shop.api.post("coupons/ten/codes", {"count": 30}).status == 202
    return shop


@pytest.fixture
def bob(shop: Shop) -> Person:
    return person("bob", shop.merchant, Role.OPERATOR)


def the_job() -> Job:
    return Job.objects.get()


def work() -> bool:
    return jobs.work_on(job_id=the_job().pk, at=NOW)


def issued() -> int:
    return int(CouponCounter.objects.get().issued)


def test_a_stopped_job_keeps_what_it_made_and_gives_back_the_rest(shop: Shop, bob: Person) -> None:
    assert work()
    assert issued() == 30
    bob.post(f"/coupons/job/{the_job().pk}/cancel/")
    job = the_job()
    assert (job.status, job.done, job.failed) == ("cancelled", 10, 20)
    assert (issued(), Code.objects.count()) == (10, 10)
    with nothing_changes():
        assert not work()
    assert differences() == []


def test_a_job_that_is_over_can_not_be_stopped(shop: Shop, bob: Person) -> None:
    while work():
        pass
    with nothing_changes():
        answer = bob.client.post(f"/coupons/job/{the_job().pk}/cancel/", follow=True)
    assert "The job is over already." in answer.content.decode()


def test_a_clerk_stops_no_job(shop: Shop) -> None:
    clerk = person("cleo", shop.merchant, Role.CLERK)
    with nothing_changes():
        answer = clerk.post(f"/coupons/job/{the_job().pk}/cancel/")
    assert answer.status_code in (403, 404)


def test_a_piece_that_always_dies_is_tried_five_times(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coding.Pattern, "lines", lambda _, __: 1 // 0)
    for tries in range(1, jobs.MOST_TRIES):
        with pytest.raises(ZeroDivisionError):
            work()
        assert (the_job().status, the_job().tries) == ("queued", tries)
    with pytest.raises(ZeroDivisionError):
        work()
    job = the_job()
    assert (job.status, job.problem) == ("failed", jobs.UNEXPECTED)
    assert (issued(), Code.objects.count()) == (0, 0)
    assert differences() == []


def test_a_piece_that_went_well_forgets_those_that_died(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(coding.Pattern, "lines", lambda _, __: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            work()
    assert work()
    assert (the_job().tries, the_job().done) == (0, 10)


def test_only_a_silent_job_is_sent_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = the_job()
    Job.objects.update(created_at=NOW - timedelta(hours=1), seen_at=NOW - timedelta(seconds=30))
    assert jobs.silent(at=NOW) == []
    assert jobs.silent(at=NOW + timedelta(seconds=31)) == [job.pk]
    Job.objects.update(seen_at=None)
    assert jobs.silent(at=NOW) == [job.pk]
    sent: list[str] = []
    monkeypatch.setattr(tasks.run_job, "delay", sent.append)
    tasks.resume_jobs()
    assert sent == [str(job.pk)]
    Job.objects.update(status=Job.Status.DONE)
    assert jobs.silent(at=NOW) == []


def test_what_a_job_made_is_taken_away_by_its_merchants_staff_alone(
    shop: Shop, bob: Person
) -> None:
    address = f"/coupons/job/{the_job().pk}/result/"
    assert bob.client.get(address).status_code == 404
    job = the_job()
    job.result.save("codes.csv", ContentFile(b"A1\n"))
    answer = bob.client.get(address)
    assert b"".join(answer.streaming_content) == b"A1\n"
    assert "attachment" in answer["Content-Disposition"]
    stranger = person("eve", Shop.open(slug="other").merchant, Role.OWNER)
    assert stranger.client.get(address).status_code == 404


def test_a_job_names_its_coupon(shop: Shop, bob: Person) -> None:
    page = bob.get("/coupons/job/").content.decode()
    assert "Making codes" in page
    assert Coupon.objects.get().slug == the_job().about
