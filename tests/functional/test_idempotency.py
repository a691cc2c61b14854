"""The same `Idempotency-Key`: the same answer, and everything counts once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from coupons import tasks
from coupons.api import idempotency
from coupons.models import Code, IdempotentAnswer, Job, JournalEntry
from redemption.models import Redemption
from tests.shop import NOW, Answer, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

ANSWERS = "coupons_idempotentanswer"


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten-off")
    return shop


def replayed(again: Answer, first: Answer) -> None:
    """Check that an answer is the first one again, and says so."""
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Content-Type"] == first.headers["Content-Type"]


def test_the_same_key_and_body_give_the_same_answer_and_redeem_once(shop: Shop) -> None:
    first = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
    assert first.status == 201, first
    assert "Idempotent-Replayed" not in first.headers
    with nothing_changes():
        again = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
    replayed(again, first)
    assert Redemption.objects.count() == 1


def test_without_a_key_nothing_is_kept(shop: Shop) -> None:
    assert shop.api.post("redemptions", order("ten-off")).status == 201
    assert IdempotentAnswer.objects.count() == 0


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("coupons", {"slug": "new", "name": "New", "kind": "pass"}, 201),
        ("coupons/ten-off/pause", {}, 200),
        ("coupons/ten-off/end", None, 200),
        ("coupons/ten-off/codes", {"codes": ["A1", "A2"]}, 202),
        ("customers/bulk", {"customers": [{"id": "C-1"}]}, 200),
        ("products/bulk", {"products": [{"sku": "P-1"}]}, 200),
        ("redemptions", order("ten-off"), 201),
    ],
)
def test_every_post_that_changes_something_counts_once(
    shop: Shop, path: str, body: Any, status: int
) -> None:
    first = shop.api.post(path, body, Idempotency_Key="k")
    assert first.status == status, first
    with nothing_changes():
        replayed(shop.api.post(path, body, Idempotency_Key="k"), first)


def test_a_batch_of_codes_is_ordered_once(shop: Shop) -> None:
    first = shop.api.post("coupons/ten-off/codes", {"count": 5}, Idempotency_Key="k")
    assert first.body["status"] == "queued"
    replayed(shop.api.post("coupons/ten-off/codes", {"count": 5}, Idempotency_Key="k"), first)
    assert Job.objects.count() == 1
    assert Code.objects.filter(shared=False).count() == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("redemptions", order("ten-off", ref="O-2")),
        ("customers/bulk", {"customers": [{"id": "C-1"}]}),
        ("coupons/ten-off/pause", order("ten-off")),
    ],
)
def test_the_same_key_with_another_request_is_refused(shop: Shop, path: str, body: Any) -> None:
    first = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
    with nothing_changes():
        other = shop.api.post(path, body, Idempotency_Key="k")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    replayed(shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k"), first)


def test_keys_of_two_programs_and_two_merchants_do_not_meet(shop: Shop) -> None:
    second = shop.with_scopes("redeem")
    other = Shop.open("other")
    other.coupon("ten-off")
    for number, api in enumerate((shop.api, second, other.api)):
        done = api.post("redemptions", order("ten-off", ref=f"O-{number}"), Idempotency_Key="k")
        assert done.status == 201, done
        assert "Idempotent-Replayed" not in done.headers
    assert Redemption.objects.count() == 3


def test_a_refusal_is_kept_like_any_answer(shop: Shop) -> None:
    with nothing_changes(but=(ANSWERS,)):
        first = shop.api.post("redemptions", order("NONE"), Idempotency_Key="k")
    assert (first.status, first.code) == (422, "coupon_rejected")
    shop.coupon("none")
    with nothing_changes():
        replayed(shop.api.post("redemptions", order("NONE"), Idempotency_Key="k"), first)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("coupons/nothing/pause", {}, 404, "not_found"),
        ("coupons/ten-off/resume", {}, 409, "wrong_state"),
        ("coupons", {"slug": "ten-off", "name": "N", "kind": "pass"}, 409, "already_exists"),
        ("coupons", {"slug": "new", "kind": "pass"}, 422, "invalid"),
        ("coupons/ten-off/codes", {"codes": ["TENOFF"]}, 409, "already_exists"),
        ("redemptions", order("ten-off", lines=[]), 422, "coupon_rejected"),
    ],
)
def test_every_kind_of_refusal_is_kept_and_nothing_else(
    shop: Shop, path: str, body: Any, status: int, code: str
) -> None:
    with nothing_changes(but=(ANSWERS,)):
        first = shop.api.post(path, body, Idempotency_Key="k")
    assert (first.status, first.code) == (status, code)
    assert IdempotentAnswer.objects.count() == 1
    with nothing_changes():
        replayed(shop.api.post(path, body, Idempotency_Key="k"), first)


def test_a_body_that_cannot_be_read_takes_no_key(shop: Shop) -> None:
    with nothing_changes():
        assert shop.api.post("redemptions", b"{", Idempotency_Key="k").status == 400
        assert shop.api.post("redemptions", {}, Idempotency_Key="k").status == 422
    done = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
    assert done.status == 201


class TestAfterADay:
    """A key is free again when 24 hours have passed."""

    @pytest.fixture(autouse=True)
    def clock(self, settings: Any) -> None:
        settings.HEXIAO_TEST_CLOCK = True

    def at(self, shop: Shop, body: Any, **later: int) -> Answer:
        when = (NOW + timedelta(days=365) + timedelta(**later)).isoformat()
        return shop.api.post("redemptions", body, Idempotency_Key="k", X_Test_Clock=when)

    def test_until_then_the_answer_is_kept(self, shop: Shop) -> None:
        first = self.at(shop, order("ten-off"))
        assert first.status == 201
        replayed(self.at(shop, order("ten-off"), hours=23, minutes=59), first)

    def test_then_the_key_may_come_with_another_request(self, shop: Shop) -> None:
        first = self.at(shop, order("ten-off"))
        second = self.at(shop, order("ten-off", ref="O-2"), hours=24)
        assert second.status == 201, second
        assert second.body["id"] != first.body["id"]
        assert "Idempotent-Replayed" not in second.headers
        replayed(self.at(shop, order("ten-off", ref="O-2"), hours=47), second)
        assert IdempotentAnswer.objects.count() == 1

    def test_then_the_same_order_is_still_redeemed_once(self, shop: Shop) -> None:
        first = self.at(shop, order("ten-off"))
        second = self.at(shop, order("ten-off"), hours=24)
        assert (second.status, second.body) == (200, first.body)
        assert "Idempotent-Replayed" not in second.headers
        assert Redemption.objects.count() == 1

    def test_then_a_refusal_is_told_and_kept_as_well(self, shop: Shop) -> None:
        self.at(shop, order("ten-off"))
        refused = self.at(shop, order("NONE"), hours=24)
        assert (refused.status, refused.code) == (422, "coupon_rejected")
        assert "Idempotent-Replayed" not in refused.headers
        replayed(self.at(shop, order("NONE"), hours=25), refused)


def test_while_the_first_is_under_way_the_second_is_told_to_wait(shop: Shop) -> None:
    key = shop.api.key or ""
    lock = f"{shop.merchant.pk} key:{key[:8]} k"
    with psycopg.connect(_dsn()) as first:
        first.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [lock])
        with nothing_changes():
            second = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
        assert (second.status, second.code) == (409, "idempotency_in_progress")
        assert second.headers["Retry-After"] == "1"
        assert (
            shop.api.post(
                "redemptions", order("ten-off", ref="O-2"), Idempotency_Key="another"
            ).status
            == 201
        )
    # Not kept: with the first one gone the key is free.
    done = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
    assert done.status == 201, done


def _dsn() -> str:
    return connection.connection.info.dsn


@pytest.mark.parametrize("key", ["k", "x" * 255, "8e03978e-40d5-43dd-bc93-6894a57f9324", "a b;c"])
def test_keys_of_up_to_255_printable_characters_will_do(shop: Shop, key: str) -> None:
    first = shop.api.post("redemptions", order("ten-off"), Idempotency_Key=key)
    assert first.status == 201
    replayed(shop.api.post("redemptions", order("ten-off"), Idempotency_Key=key), first)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_other_keys_are_refused(shop: Shop, key: str) -> None:
    with nothing_changes():
        answer = shop.api.post("redemptions", order("ten-off"), Idempotency_Key=key)
    assert (answer.status, answer.code) == (422, "invalid")
    assert [error["field"] for error in answer.body["errors"]] == ["Idempotency-Key"]


def test_the_journal_tells_of_the_work_once(shop: Shop) -> None:
    before = JournalEntry.objects.count()
    for _ in range(3):
        shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
    told = JournalEntry.objects.order_by("id").values_list("type", flat=True)[before:]
    assert list(told) == ["redemption.created", "code.redeemed"]


def _kept(shop: Shop, ages: list[timedelta], at: datetime) -> None:
    IdempotentAnswer.objects.bulk_create(
        IdempotentAnswer(
            merchant=shop.merchant, caller="key:x", key=str(n), request_hash=b"", status=201,
            content_type="application/json", body=b"{}", created_at=at - age,
        )
        for n, age in enumerate(ages)
    )  # fmt: skip


def test_old_answers_are_removed_in_chunks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    day = idempotency.KEPT_FOR + idempotency.MARGIN
    assert day == timedelta(hours=25)
    _kept(shop, [day * 2, day + timedelta(seconds=1), day * 3, day, timedelta(0)], NOW)
    monkeypatch.setattr(idempotency, "CHUNK", 1)
    assert idempotency.forget(at=NOW, chunks=2) == 2
    assert idempotency.forget(at=NOW, chunks=2) == 1
    assert idempotency.forget(at=NOW, chunks=2) == 0
    left = IdempotentAnswer.objects.order_by("created_at").values_list("created_at", flat=True)
    assert list(left) == [NOW - day, NOW]


def test_beat_removes_them_by_itself(shop: Shop) -> None:
    schedule = settings.CELERY_BEAT_SCHEDULE["forget old idempotent answers"]
    assert schedule["task"] == tasks.forget_idempotent_answers.name
    _kept(shop, [timedelta(hours=26), timedelta(hours=24)], datetime.now(UTC))
    assert tasks.forget_idempotent_answers() == 1
    assert IdempotentAnswer.objects.get().key == "1"
