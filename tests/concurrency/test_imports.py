"""Spreadsheets that meet each other, and codes that come in another way."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connections

from coupons import importing, jobs
from coupons.errors import WrongState
from coupons.models import Code, Coupon, CouponCounter, Job, SheetImport
from coupons.sheets import merging
from redemption.reconciling import differences
from tests.concurrency.meeting import Meeting
from tests.shop import NOW, Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    return shop


def upload(shop: Shop, text: str) -> SheetImport:
    return importing.upload(
        merchant=shop.merchant,
        sheet="codes",
        file=ContentFile(text.encode(), name="codes.csv"),
        coupon=Coupon.objects.get(),
        by="staff:alice",
        at=NOW,
    )


def confirm() -> str:
    try:
        importing.confirm(imported=SheetImport.objects.get(), by="staff:alice", at=NOW)
    except WrongState as error:
        return error.code
    finally:
        connections.close_all()
    return "confirmed"


def finish(imported: SheetImport) -> SheetImport:
    try:
        while jobs.work_on(job_id=imported.job_id, at=NOW):
            pass
    finally:
        connections.close_all()
    return SheetImport.objects.get(pk=imported.pk)


def issued() -> int:
    return int(CouponCounter.objects.get().issued)


def test_without_the_guard_an_import_confirmed_twice_takes_its_stock_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(shop, "code\nA1\nA2\n")
    monkeypatch.setattr(jobs, "go_on", lambda **_: None)
    met = Meeting(monkeypatch).before(importing, "_open").of(confirm, confirm)
    assert met == ["confirmed", "confirmed"]
    assert issued() == 4


def test_an_import_confirmed_twice_is_applied_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = upload(shop, "code\nA1\nA2\n")
    met = Meeting(monkeypatch).before(importing, "_open").of(confirm, confirm)
    assert sorted(met) == ["confirmed", "wrong_state"]
    assert finish(found).stage == "applied"
    assert (issued(), Code.objects.count()) == (2, 2)
    assert differences() == []


def two_files(shop: Shop) -> tuple[SheetImport, SheetImport]:
    one, other = upload(shop, "code\nA1\nA2\n"), upload(shop, "code\nA2\nA1\n")
    for each in (one, other):
        importing.confirm(imported=each, by="staff:alice", at=NOW)
    assert issued() == 4
    return one, other


def test_without_trying_again_two_files_of_the_same_codes_miscount(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two_files(shop)
    monkeypatch.setattr(merging, "_all_there", lambda **_: None)
    Meeting(monkeypatch).before(merging, "write").of(lambda: finish(one), lambda: finish(other))
    assert (Code.objects.count(), issued()) == (2, 4)


def test_two_files_of_the_same_codes_make_each_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two_files(shop)
    met = (
        Meeting(monkeypatch).before(merging, "write").of(lambda: finish(one), lambda: finish(other))
    )
    assert sorted((each.new, each.same) for each in met) == [(0, 2), (2, 0)]
    assert (Code.objects.count(), issued()) == (2, 2)
    assert set(Job.objects.values_list("status", flat=True)) == {"done"}
    assert differences() == []


def test_a_code_typed_in_by_a_program_in_the_middle_of_it_is_made_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = upload(shop, "code\nA1\nA2\n")
    importing.confirm(imported=found, by="staff:alice", at=NOW)
    write, met = merging.write, []

    def typed_in_first(**named: Any) -> None:
        if not met:
            met.append(Meeting(monkeypatch).of(lambda: shop.codes("ten", "A1")))
        write(**named)

    monkeypatch.setattr(merging, "write", typed_in_first)
    found = finish(found)
    assert (found.new, found.same, found.stage) == (1, 1, "applied")
    assert (Code.objects.count(), issued()) == (2, 2)
    assert differences() == []
