"""Files of work that is over are kept for their time, then removed; what they came to stays."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from coupons import exporting, importing, jobs, retention
from coupons.caller import Caller
from coupons.errors import WrongState
from coupons.models import Job, Role, SheetImport, StagedRow
from redemption import batches
from redemption.models import BatchRow, RedemptionBatch
from tests.people import Person, person
from tests.shop import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

#: After the coupon is published.
NOW = datetime.now(UTC) + timedelta(hours=1)
AFTER = timedelta(days=settings.HEXIAO_FILE_DAYS, seconds=1)
LATER = NOW + AFTER
ROWS = "code,order,amount\nA1,O-1,100.00\nA2,O-2,100.00\nNOPE,O-3,100.00\n"


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", "A1", "A2", "A3")
    return shop


@pytest.fixture
def bob(shop: Shop) -> Person:
    return person("bob", shop.merchant, Role.OPERATOR)


def exported(shop: Shop) -> Job:
    return exporting.start(
        merchant=shop.merchant, sheet="codes", format="csv", filters={}, language="en",
        by="staff:bob", at=NOW,
    )  # fmt: skip


def imported(shop: Shop, text: str = "sku,name\nS1,Hat\n,none\n", **more: Any) -> SheetImport:
    file = ContentFile(text.encode(), name="products.csv")
    return importing.upload(
        merchant=shop.merchant, sheet="products", file=file, by="staff:bob", at=NOW, **more
    )


def redeemed(shop: Shop, *, at_once: bool = True) -> RedemptionBatch:
    batch = batches.start(
        caller=Caller(merchant=shop.merchant, actor="staff:bob"),
        file=io.BytesIO(ROWS.encode()),
        name="till.csv",
        at_once=at_once,
        at=NOW,
    )
    return worked(batch)


def worked(batch: RedemptionBatch) -> RedemptionBatch:
    while jobs.work_on(job_id=batch.job_id, at=NOW):
        pass
    return RedemptionBatch.objects.select_related("job", "merchant").get(pk=batch.pk)


def remove(at: datetime = LATER, chunks: int = 100) -> int:
    return retention.remove_old(at=at, chunks=chunks)


def page(who: Person, path: str, language: str = "en") -> str:
    answer = who.client.get(path, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "files are kept for 30 days"), ("zh-hans", "文件保留 30 天")],
)
def test_a_file_that_was_made_goes_after_its_time(
    shop: Shop, bob: Person, language: str, told: str
) -> None:
    job = exported(shop)
    name = str(job.result.name)
    with nothing_changes():
        assert remove(at=NOW + AFTER - timedelta(seconds=2)) == 0
    assert default_storage.exists(name)
    assert remove() == 1
    assert not default_storage.exists(name)
    job.refresh_from_db()
    assert (job.status, job.done, bool(job.result)) == ("done", 3, False)
    assert (job.files_removed_at, job.is_cleared) == (LATER, True)
    bob.user.language = language
    bob.user.save()
    shown = page(bob, f"/coupons/job/{job.pk}/change/", language)
    assert told in shown
    assert f"/coupons/job/{job.pk}/result/" not in shown
    answer = bob.get(f"/coupons/job/{job.pk}/result/")
    assert (answer.status_code, answer["Location"]) == (302, f"/coupons/job/{job.pk}/change/")
    with nothing_changes():
        assert remove() == 0


def test_an_import_loses_its_file_and_rows_and_keeps_its_counts(shop: Shop, bob: Person) -> None:
    found = imported(shop)
    importing.confirm(imported=found, by="staff:bob", at=NOW)
    while jobs.work_on(job_id=found.job_id, at=NOW):
        pass
    found = SheetImport.objects.select_related("job").get()
    names = [str(found.file.name), str(found.job.result.name)]
    assert all(default_storage.exists(name) for name in names)
    remove()
    assert not any(default_storage.exists(name) for name in names)
    assert StagedRow.objects.of(shop.merchant).count() == 0
    found = SheetImport.objects.select_related("job").get()
    assert (found.stage, found.new, found.bad, bool(found.file)) == ("applied", 1, 1, False)
    shown = page(bob, f"/coupons/sheetimport/{found.pk}/change/")
    assert "The file was removed on" in shown
    assert "Download the bad rows" not in shown


def test_what_nobody_confirms_is_cancelled_and_removed(shop: Shop) -> None:
    found = imported(shop)
    name = str(found.file.name)
    with nothing_changes():
        assert remove(at=NOW + AFTER - timedelta(seconds=2)) == 0
    remove()
    found.refresh_from_db()
    assert (found.stage, bool(found.file)) == ("stopped", False)
    assert Job.objects.get(pk=found.job_id).status == "cancelled"
    assert StagedRow.objects.of(shop.merchant).count() == 0
    assert not default_storage.exists(name)


@pytest.mark.parametrize("status", ["queued", "running", "paused"])
def test_what_is_not_over_keeps_its_files(shop: Shop, status: str) -> None:
    imported(shop, at_once=True)
    batches.start(
        caller=Caller(merchant=shop.merchant, actor="staff:bob"),
        file=io.BytesIO(ROWS.encode()),
        name="till.csv",
        at=NOW,
    )
    Job.objects.filter(finished_at=None).update(status=status)
    with nothing_changes():
        assert remove() == 0
    assert default_storage.exists(str(SheetImport.objects.get().file.name))
    assert default_storage.exists(str(RedemptionBatch.objects.get().file.name))


def test_a_batch_loses_its_rows_and_keeps_its_counts(shop: Shop, bob: Person) -> None:
    batch = redeemed(shop)
    name = str(batch.file.name)
    assert shop.api.get(f"batches/{batch.pk}/result").status == 200
    told = shop.api.get(f"batches/{batch.pk}").body
    remove()
    assert not default_storage.exists(name)
    assert BatchRow.objects.of(shop.merchant).count() == 0
    assert shop.api.get(f"batches/{batch.pk}").body == told
    assert (told["redeemed"], told["failed"], told["total"]) == (2, 1, 3)
    gone = shop.api.get(f"batches/{batch.pk}/result")
    assert (gone.status, gone.code) == (410, "file_removed")
    here = f"/redemption/redemptionbatch/{batch.pk}/"
    shown = page(bob, f"{here}change/")
    assert "they are kept for 30 days" in shown
    assert "Download the result" not in shown
    assert "Undo the whole file" not in shown
    assert bob.get(f"{here}result/").status_code == 302


def test_a_batch_whose_rows_are_gone_is_neither_undone_nor_run(shop: Shop) -> None:
    done, waits = redeemed(shop), redeemed(shop, at_once=False)
    remove()
    for batch in (done, waits):
        fresh = RedemptionBatch.objects.get(pk=batch.pk)
        # Whoever has read it before it was removed comes too late all the same.
        for each in (fresh, batch):
            with nothing_changes(), pytest.raises(WrongState):
                batches.undo(batch=each, by="staff:bob", at=LATER)
            with nothing_changes(), pytest.raises(WrongState):
                batches.run(batch=each, all_or_nothing=False, by="staff:bob", at=LATER)


def test_a_batch_that_is_taken_up_again_keeps_its_rows(shop: Shop) -> None:
    batch = redeemed(shop)
    batch = batches.undo(batch=batch, by="staff:bob", at=LATER)
    remove()
    batch = worked(batch)
    assert (batch.stage, batch.undone, batch.removed_at) == ("undone", 2, None)
    assert BatchRow.objects.of(shop.merchant).count() == 3
    assert default_storage.exists(str(batch.file.name))


def test_rows_go_piece_by_piece(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    batch = redeemed(shop)
    assert remove(chunks=1) == 1
    assert list(BatchRow.objects.of(shop.merchant).values_list("number", flat=True)) == [4]
    # Nobody is offered half of them.
    assert shop.api.get(f"batches/{batch.pk}/result").status == 410
    assert remove(chunks=1) == 1
    assert (BatchRow.objects.of(shop.merchant).count(), worked(batch).job.is_cleared) == (0, False)
    assert remove(chunks=1) == 1
    batch = worked(batch)
    assert (bool(batch.file), batch.job.is_cleared) == (False, True)
    assert remove(chunks=1) == 0


def test_a_kill_after_a_file_is_deleted_loses_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, found, job = redeemed(shop), imported(shop), exported(shop)
    importing.cancel(imported=found, at=NOW)
    files = [str(each.name) for each in (batch.file, found.file, job.result)]
    delete = type(default_storage._wrapped).delete

    def killed(storage: Any, name: str) -> None:
        delete(storage, name)
        raise KeyboardInterrupt

    for left in (2, 1, 0):
        with monkeypatch.context() as patch:
            patch.setattr(type(default_storage._wrapped), "delete", killed)
            with pytest.raises(KeyboardInterrupt):
                remove()
        assert sum(map(default_storage.exists, files)) == left
        # The rest of the job is done by the next run, which takes one job at a time here.
        over = Job.objects.filter(files_removed_at=LATER, is_cleared=False)
        retention._remove(job=over.get(), at=LATER, chunks=10)
    assert not Job.objects.filter(finished_at__isnull=False, is_cleared=False).exclude(kind="codes")
    with nothing_changes():
        assert remove() == 0
