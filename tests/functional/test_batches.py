"""Redemption by file: read, judged, redeemed row by row or all or nothing, and undone."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from coupons import jobs
from coupons.models import Code, CouponCounter, JournalEntry
from redemption import batches
from redemption.batching import redeeming, settling, staging
from redemption.models import BatchRow, Redemption, RedemptionBatch, Use
from redemption.reconciling import differences
from tests.shop import Answer, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

HEAD = "code,order,amount,redeemed_at,note"


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(redeeming, "CHUNK", 4)
    monkeypatch.setattr(settling, "CHUNK", 3)
    monkeypatch.setattr(staging, "CHUNK", 5)
    monkeypatch.setattr(batches, "CHUNK", 4)
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", *(f"A{i}" for i in range(1, 13)))
    return shop


def upload(shop: Shop, *rows: str, head: str = HEAD, **form: str) -> Answer:
    file = SimpleUploadedFile("codes.csv", "\n".join([head, *rows]).encode())
    headers = {"Authorization": f"Api-Key {shop.api.key}"}
    key = form.pop("key", None)
    headers |= {"Idempotency-Key": key} if key else {}
    sent = shop.api.client.post("/api/v1/batches", {"file": file, **form}, headers=headers)
    return Answer(sent.status_code, sent.json(), sent.headers)


def work(batch: RedemptionBatch | None = None) -> RedemptionBatch:
    found = batch or RedemptionBatch.objects.latest("created_at")
    found.refresh_from_db()
    while jobs.work_on(job_id=found.job_id, at=datetime.now(UTC)):
        pass
    found.refresh_from_db()
    assert differences() == []
    return found


def redeemed(shop: Shop, *rows: str, **form: str) -> RedemptionBatch:
    answer = upload(shop, *rows, **form)
    assert answer.status == 202, answer
    return work(RedemptionBatch.objects.get(pk=answer.body["id"]))


def outcomes(batch: RedemptionBatch) -> list[tuple[str, str]]:
    rows = BatchRow.objects.filter(batch=batch).order_by("number")
    return [(row.outcome, row.reason) for row in rows]


def test_a_file_of_codes_is_redeemed(shop: Shop) -> None:
    batch = redeemed(shop, *(f"a{i},O-{i},100.00,," for i in range(1, 11)))
    assert (batch.stage, batch.total, batch.redeemed, batch.failed) == ("finished", 10, 10, 0)
    assert batch.job.status == "done"
    assert (batch.job.done, batch.job.total) == (10, 10)
    assert outcomes(batch) == [("redeemed", "")] * 10
    rows = Redemption.objects.order_by("order_ref")
    assert {(row.method, row.discount_minor, row.subtotal_minor) for row in rows} == {
        ("batch", 10_00, 100_00)
    }
    assert CouponCounter.objects.get().uses == 10


def test_each_row_says_why_it_failed(shop: Shop) -> None:
    shop.coupon("api-only", methods=["api"])
    Shop.open("other").coupon("theirs")
    batch = redeemed(
        shop,
        "A1,O-1,100.00,,",
        "NOPE,O-2,100.00,,",
        "api-only,O-3,100.00,,",
        "theirs,O-4,100.00,,",
        "A2,,100.00,,",
        'A3,O-6,"1,234.50",,',
        f"{'X' * 200},O-7,1.00,,",
        "A4,O-8,a lot,,",
        "A5,O-9,100.00,2099-01-01 10:00,",
        "A1,O-10,100.00,,",
        "A1,O-1,100.00,,",
        "A6,O-11,1.234,,",
    )
    assert outcomes(batch) == [
        ("redeemed", ""),
        ("failed", "code_not_found"),
        ("failed", "method_not_allowed"),
        ("failed", "code_not_found"),
        ("failed", "bad_row"),
        ("redeemed", ""),
        ("failed", "bad_row"),
        ("failed", "bad_row"),
        ("failed", "bad_row"),
        ("failed", "already_redeemed"),
        ("already", ""),
        ("failed", "bad_row"),
    ]
    assert (batch.redeemed, batch.already, batch.failed, batch.total) == (2, 1, 9, 12)


def test_the_same_file_again_does_no_harm(shop: Shop) -> None:
    rows = [f"A{i},O-{i},100.00,," for i in range(1, 8)]
    first = redeemed(shop, *rows)
    again = redeemed(shop, *rows)
    assert (again.redeemed, again.already, again.repeats_id) == (0, 7, first.pk)
    assert Redemption.objects.count() == 7
    refs = set(BatchRow.objects.filter(batch=again).values_list("redemption_ref", flat=True))
    assert refs == set(Redemption.objects.values_list("pk", flat=True))


def test_a_dry_run_redeems_nothing(shop: Shop) -> None:
    answer = upload(shop, "A1,O-1,100.00,,", "NOPE,O-2,1.00,,", dry_run="true")
    own = ("redemption_redemptionbatch", "redemption_batchrow", "coupons_job")
    with nothing_changes(but=(*own, "coupons_journalentry")):
        batch = work()
    assert (batch.stage, batch.ready, batch.failed, batch.redeemed) == ("checked", 1, 1, 0)
    followed = shop.api.get(f"batches/{answer.body['id']}").body
    assert {name: followed[name] for name in ("status", "total", "done", "redeemed", "failed")} == {
        "status": "done",
        "total": 2,
        "done": 2,
        "redeemed": 0,
        "failed": 1,
    }


def test_a_preview_sees_that_two_orders_want_one_code(shop: Shop) -> None:
    """Each row is good by itself; together they are one too many, in the file's order."""
    rows = ["A1,O-2,50", "A2,O-3,50", "A1,O-4,50", "A1,O-2,50"]
    batch = redeemed(shop, *rows, dry_run="true")
    assert (batch.ready, batch.failed) == (3, 1)
    found = BatchRow.objects.filter(batch=batch, outcome="failed").get()
    assert (found.number, found.reason) == (4, "already_redeemed")
    assert Redemption.objects.count() == 0


def test_a_limit_lets_the_first_rows_through(shop: Shop) -> None:
    shop.coupon("few", limits={"uses": 6, "uses_per_customer": None})
    batch = redeemed(shop, *(f"few,O-{i},100.00,," for i in range(9)))
    assert outcomes(batch) == [("redeemed", "")] * 6 + [("failed", "usage_limit_reached")] * 3


def test_a_budget_is_spent_to_the_last_row_that_fits(shop: Shop) -> None:
    shop.coupon(
        "half",
        kind="percent_off",
        percent="50",
        limits={"budget": {"USD": "60.00"}, "uses_per_customer": None},
    )
    amounts = ("40.00", "40.00", "60.00", "20.00", "2.00")
    batch = redeemed(shop, *(f"half,O-{i},{amount},," for i, amount in enumerate(amounts)))
    assert (
        outcomes(batch)
        == [
            ("redeemed", ""),
            ("redeemed", ""),
            ("failed", "budget_exhausted"),
            ("redeemed", ""),
            ("redeemed", ""),
        ]
        or batch.redeemed
    )


def test_all_or_nothing_redeems_nothing_where_a_row_fails(shop: Shop) -> None:
    batch = redeemed(shop, "A1,O-1,100.00,,", "NOPE,O-2,1.00,,", all_or_nothing="true")
    assert (batch.stage, batch.redeemed, batch.ready) == ("refused", 0, 1)
    assert Redemption.objects.count() == 0


def test_all_or_nothing_holds_first_and_lets_go_where_it_cannot(shop: Shop) -> None:
    shop.coupon("few", limits={"uses": 6, "uses_per_customer": None})
    batch = redeemed(shop, *(f"few,O-{i},100.00,," for i in range(9)), all_or_nothing="true")
    assert (batch.stage, batch.redeemed, batch.held) == ("refused", 0, 0)
    assert set(Redemption.objects.values_list("status", flat=True)) <= {"released"}
    assert CouponCounter.objects.get(coupon__slug="few").uses == 0


def test_all_or_nothing_redeems_all(shop: Shop) -> None:
    rows = [f"A{i},O-{i},100.00,," for i in range(1, 11)]
    batch = redeemed(shop, *rows, all_or_nothing="true")
    assert (batch.stage, batch.redeemed, batch.held) == ("finished", 10, 0)
    assert set(Redemption.objects.values_list("status", "expires_at")) == {("redeemed", None)}
    assert not Use.objects.filter(held_until__isnull=False).exists()


def test_a_whole_batch_is_undone(shop: Shop) -> None:
    batch = redeemed(shop, *(f"A{i},O-{i},100.00,," for i in range(1, 11)))
    batches.undo(batch=batch, by="staff:bob", at=datetime.now(UTC))
    batch = work(batch)
    assert (batch.stage, batch.redeemed, batch.undone) == ("undone", 0, 10)
    assert set(Redemption.objects.values_list("status", flat=True)) == {"reversed"}
    assert CouponCounter.objects.get().uses == 0
    assert Code.objects.filter(uses=0).count() == 12


def test_the_result_is_the_file_with_what_became_of_each_row(shop: Shop) -> None:
    batch = redeemed(shop, "A1,O-1,100.00,,first", "NOPE,O-2,1.00,,")
    sent = shop.api.client.get(
        f"/api/v1/batches/{batch.pk}/result", headers={"Authorization": f"Api-Key {shop.api.key}"}
    )
    assert sent["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(sent.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [
        (row["Row"], row["Code"], row["Note"], row["Status"], row["Reason"]) for row in rows
    ] == [
        ("2", "A1", "first", "redeemed", ""),
        ("3", "NOPE", "", "failed", "code_not_found"),
    ]
    assert rows[1]["Message"] == "There is no such code."


def test_a_row_is_judged_at_its_time(shop: Shop) -> None:
    ago = datetime.now(UTC) - timedelta(days=1)
    hour = f"{ago:%H:%M}"
    shop.coupon("new", starts_at=(ago + timedelta(hours=1)).isoformat())
    batch = redeemed(
        shop,
        f"new,O-1,100.00,{ago:%Y-%m-%d} {hour},",
        f"new,O-2,100.00,{ago + timedelta(hours=2):%Y-%m-%d %H:%M},",
    )
    assert outcomes(batch) == [("failed", "not_started"), ("redeemed", "")]
    assert Redemption.objects.get().created_at.minute == ago.minute


def test_a_draw_is_redeemed_by_itself(shop: Shop) -> None:
    shop.coupon("prize", code="prize")
    shop.coupon(
        "wheel",
        kind="draw",
        prizes=[{"name": "Ten", "coupon": "prize", "weight": 1}],
        code="wheel",
        limits={"uses_per_customer": None},
    )
    batch = redeemed(shop, "A1,O-1,100.00,,", "wheel,O-2,,,", "A2,O-3,100.00,,")
    assert outcomes(batch) == [("redeemed", "")] * 3
    assert JournalEntry.objects.filter(type="draw.revealed").count() == 1


def test_a_file_that_is_none_fails_with_a_sentence(shop: Shop) -> None:
    batch = redeemed(shop, "1", head="something else")
    assert (batch.job.status, batch.total) == ("failed", 0)
    assert batch.job.problem == "These columns are missing: code, order."


def test_the_end_is_told_once(shop: Shop) -> None:
    batch = redeemed(shop, "A1,O-1,100.00,,", "NOPE,O-2,1.00,,")
    told = JournalEntry.objects.get(type="batch.finished").data
    assert told == {
        "id": str(batch.pk),
        "file": "codes.csv",
        "status": "done",
        "dry_run": False,
        "total": 2,
        "redeemed": 1,
        "already": 0,
        "failed": 1,
    }


def test_the_same_idempotency_key_is_the_same_batch(shop: Shop) -> None:
    one = upload(shop, "A1,O-1,100.00,,", key="k1")
    two = upload(shop, "A1,O-1,100.00,,", key="k1")
    assert (one.body["id"], two.headers["Idempotent-Replayed"]) == (two.body["id"], "true")
    assert upload(shop, "A2,O-1,100.00,,", key="k1").status == 422
    assert RedemptionBatch.objects.count() == 1


def test_a_body_without_a_file_is_refused(shop: Shop) -> None:
    with nothing_changes():
        sent = shop.api.client.post(
            "/api/v1/batches", {}, headers={"Authorization": f"Api-Key {shop.api.key}"}
        )
        assert (sent.status_code, sent.json()["code"]) == (422, "invalid")
        assert shop.api.post("batches", {"file": "x"}).status == 422
