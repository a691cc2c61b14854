"""Redemption by file in the console: uploaded, looked at, redeemed, paused, undone."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from coupons import jobs
from coupons.models import Role
from redemption.models import Redemption, RedemptionBatch
from redemption.reconciling import differences
from tests.people import Person, person
from tests.shop import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "/redemption/redemptionbatch/"
ROWS = "券码,订单号,金额\nA1,O-1,100.00\nA2,O-2,100.00\nNOPE,O-3,100.00\n"


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", "A1", "A2", "A3")
    return shop


@pytest.fixture
def bob(shop: Shop) -> Person:
    return person("bob", shop.merchant, Role.OPERATOR)


def the_batch() -> RedemptionBatch:
    return RedemptionBatch.objects.select_related("job").latest("created_at")


def work() -> RedemptionBatch:
    while jobs.work_on(job_id=the_batch().job_id, at=datetime.now(UTC)):
        pass
    return the_batch()


def uploaded(who: Person, text: str = ROWS) -> str:
    """Upload a file and have it checked; return the address of its page."""
    file = SimpleUploadedFile("codes.csv", text.encode())
    answer = who.client.post(f"{HERE}upload/", {"file": file})
    assert answer.status_code == 302
    work()
    return str(answer["Location"]).removesuffix("change/")


def page(who: Person, address: str) -> str:
    return str(who.get(f"{address}change/").content.decode())


def test_a_file_is_looked_at_before_anything_is_redeemed(bob: Person) -> None:
    address = uploaded(bob)
    shown = page(bob, address)
    assert "2 of 3 rows can be redeemed" in shown
    assert "There is no such code." in shown
    assert Redemption.objects.count() == 0
    bob.post(f"{address}run/")
    assert work().redeemed == 2
    shown = page(bob, address)
    assert "Return 2 redemptions" in shown
    assert "Redeem them" not in shown
    assert set(Redemption.objects.values_list("actor", flat=True)) == {"staff:bob"}


def test_a_batch_is_paused_goes_on_and_is_stopped(bob: Person) -> None:
    address = uploaded(bob)
    bob.post(f"{address}run/")
    bob.post(f"{address}pause/")
    with nothing_changes():
        assert work().job.status == "paused"
    assert "Go on" in page(bob, address)
    bob.post(f"{address}resume/")
    assert the_batch().job.status == "queued"
    bob.post(f"{address}cancel/")
    assert the_batch().job.status == "cancelled"
    assert work().redeemed == 0
    assert differences() == []


def test_a_batch_is_undone(bob: Person) -> None:
    address = uploaded(bob)
    bob.post(f"{address}run/")
    work()
    bob.post(f"{address}undo/")
    assert work().undone == 2
    assert set(Redemption.objects.values_list("status", flat=True)) == {"reversed"}
    assert differences() == []


def test_a_second_click_redeems_nothing_more(bob: Person) -> None:
    address = uploaded(bob)
    bob.post(f"{address}run/")
    with nothing_changes():
        answer = bob.client.post(f"{address}run/", follow=True)
    assert "or it is under way" in answer.content.decode()


def test_all_or_nothing_is_refused_where_a_row_failed(bob: Person) -> None:
    address = uploaded(bob)
    with nothing_changes():
        answer = bob.client.post(f"{address}run/", {"all_or_nothing": "on"}, follow=True)
    assert "all together cannot be either" in answer.content.decode()


def test_holds_of_a_stopped_batch_are_let_go(bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redemption.batching.redeeming.CHUNK", 1)
    address = uploaded(bob, "code,order,amount\nA1,O-1,100.00\nA2,O-2,100.00\n")
    bob.post(f"{address}run/", all_or_nothing="on")
    assert jobs.work_on(job_id=the_batch().job_id, at=datetime.now(UTC))
    assert Redemption.objects.get().status == "held"
    bob.post(f"{address}cancel/")
    assert work().stage == "refused"
    assert Redemption.objects.get().status == "released"
    assert differences() == []


def test_the_result_is_in_the_readers_language(bob: Person) -> None:
    address = uploaded(bob)
    sent = bob.client.get(f"{address}result/", headers={"Accept-Language": "zh-hans"})
    text = b"".join(sent.streaming_content).decode()
    assert "券码" in text
    assert "code_not_found" in text


def test_an_analyst_looks_and_does_nothing(shop: Shop, bob: Person) -> None:
    address = uploaded(bob)
    anna = person("anna", shop.merchant, Role.ANALYST)
    assert "Redeem them" not in page(anna, address)
    with nothing_changes():
        for step in ("run", "pause", "resume", "cancel", "undo"):
            assert anna.post(f"{address}{step}/").status_code == 404
        assert anna.get(f"{HERE}upload/").status_code == 404


def test_the_template_comes_as_a_workbook_and_as_csv(bob: Person) -> None:
    assert bob.get(f"{HERE}template/", **{"as": "csv"})["Content-Type"].startswith("text/csv")
    assert "spreadsheet" in bob.get(f"{HERE}template/")["Content-Type"]
