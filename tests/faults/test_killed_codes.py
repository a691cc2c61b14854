"""Kill -9 to whoever undoes or replaces a batch: the next one ends with every code once."""

import pytest

from coupons import jobs, reissuing, undoing
from coupons.models import Code, CodeBatch, CodeWalk, CouponCounter, Job, JournalEntry
from redemption.reconciling import differences
from tests.faults.killing import killed
from tests.shop import NOW, Shop, order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

CODES = 60_000


@pytest.fixture
def shop() -> Shop:
    """Have a batch of unique codes, made by its job."""
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", "OTHER1")
    made = shop.api.post("coupons/ten/codes", {"count": CODES})
    worked(Job.objects.get(pk=made.body["id"]))
    return shop


def worked(job: Job) -> Job:
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    job.refresh_from_db()
    return job


def batch() -> CodeBatch:
    rows = CodeBatch.objects.select_related("job", "undoing", "coupon", "merchant")
    return rows.get(total=CODES)


def told(type: str) -> list[object]:
    return list(JournalEntry.objects.filter(type=type).values_list("data", flat=True))


def test_a_batch_is_undone_once_whenever_its_worker_is_killed(
    shop: Shop, process_environ: dict[str, str]
) -> None:
    job = undoing.undo_batch(batch=batch(), by="staff:bob", at=NOW)
    looked = CodeBatch.objects.filter(pk=batch().pk, looked_to__gt=0)
    killed(job.pk, environ=process_environ, once=looked.exists)
    assert (Code.objects.count(), batch().deleted_to) == (CODES + 1, 0)
    killed(job.pk, environ=process_environ, once=looked.filter(deleted_to__gt=0).exists)
    left = Code.objects.filter(batch=batch()).count()
    assert 0 < left < CODES
    assert CouponCounter.objects.get().issued == left + 1

    job = worked(job)
    assert (job.status, job.done, job.total) == ("done", CODES, CODES)
    assert list(Code.objects.values_list("text", flat=True)) == ["OTHER1"]
    assert CouponCounter.objects.get().issued == 1
    assert told("codes.undone") == [{"batch": batch().pk, "count": CODES}]
    assert differences() == []


def test_every_code_is_replaced_once_whenever_the_worker_is_killed(
    shop: Shop, process_environ: dict[str, str]
) -> None:
    used = Code.objects.filter(batch=batch()).order_by("id")[CODES // 2]
    assert shop.api.post("redemptions", order(used.text)).status == 201
    job = reissuing.reissue(of=batch(), reason="leaked", by="staff:bob", at=NOW)
    walked = CodeWalk.objects.filter(job=job)
    killed(job.pk, environ=process_environ, once=walked.filter(reached__gt=0).exists)
    killed(job.pk, environ=process_environ, once=walked.filter(parts__gte=3).exists)
    revoked = Code.objects.filter(state="revoked")
    assert 0 < revoked.count() < CODES - 1

    job = worked(job)
    assert (job.status, job.done, job.total) == ("done", CODES - 1, CODES - 1)
    rows = revoked.order_by("id").values_list("text", "replaced_by__text")
    pairs = [f"{old},{new}" for old, new in rows]
    assert len(pairs) == len({new for _, new in rows}) == CODES - 1
    with job.result.open("rb") as file:
        assert file.read().decode("utf-8-sig").splitlines() == ["old_code,new_code", *pairs]
    used.refresh_from_db()
    assert (used.state, used.uses, used.replaced_by) == ("active", 1, None)
    assert Code.objects.count() == 1 + CODES + CODES - 1
    assert CouponCounter.objects.get().issued == CODES + 1
    assert JournalEntry.objects.filter(type="code.replaced").count() == CODES - 1
    assert [data["count"] for data in told("codes.reissued")] == [CODES - 1]
    assert differences() == []
