"""A refused redemption leaves nothing but a record of itself, for a while."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from coupons.models import Coupon, Merchant
from coupons.pricing.trace import trace
from redemption import evidence, refusing, tasks
from redemption.models import Redemption, RefusedAttempt
from tests.round_trips import counted
from tests.shop import NOW, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten-off", min_spend={"USD": "100.00"})
    return shop


def refused_attempt(merchant: Merchant, at: datetime) -> RefusedAttempt:
    return RefusedAttempt(
        merchant=merchant, at=at, order_ref="O", actor="system", reason="expired", told=[],
        evidence={},
    )  # fmt: skip


def test_it_is_kept_with_what_it_was_judged_on(shop: Shop) -> None:
    with nothing_changes():
        answer = shop.api.post("redemptions", order("ten-off", customer="C-1"))
    assert (answer.status, answer.code) == (422, "coupon_rejected")
    row = RefusedAttempt.objects.get()
    assert (row.merchant, row.order_ref, row.customer_ref) == (shop.merchant, "O-1", "C-1")
    assert (row.reason, row.codes, row.method) == ("min_spend_not_met", ["TENOFF"], "automatic")
    assert row.coupons == [Coupon.objects.get().pk]
    assert row.told == [["TENOFF", ["min_spend_not_met"]]]
    assert row.actor.startswith("key:")
    found = trace(case=evidence.case_of(kept=evidence.evidence(stored=row.evidence)))
    assert refusing.told_of(quote=found.quote) == row.told
    assert found.quote.rejected[0].refusals[0].missing == 2


def test_a_version_made_later_does_not_judge_it(shop: Shop) -> None:
    shop.coupon("one", limits={"uses": 1})
    statuses = [shop.api.post("redemptions", order("one", ref=ref)).status for ref in "AB"]
    assert statuses == [201, 422]
    changed = {"version": 1, "limits": {"uses": 5}}
    assert shop.api.patch("coupons/one", changed).status == 200
    assert shop.api.post("redemptions", order("one", ref="B")).status == 201
    row = RefusedAttempt.objects.get()
    found = trace(case=evidence.case_of(kept=evidence.evidence(stored=row.evidence)))
    assert row.told == [["ONE", ["usage_limit_reached"]]]
    assert refusing.told_of(quote=found.quote) == row.told


def test_of_a_guess_no_more_than_its_beginning_is_kept(shop: Shop) -> None:
    assert shop.api.post("redemptions", order("hunter2-secret", "x")).status == 422
    row = RefusedAttempt.objects.get()
    assert (row.codes, row.coupons) == (["HUN…", "X…"], [])
    assert row.told == [["HUN…", ["code_not_found"]], ["X…", ["code_not_found"]]]
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM redemption_refusedattempt t")
        assert "HUNT" not in cursor.fetchone()[0]


def test_the_same_answer_given_again_is_no_second_attempt(shop: Shop) -> None:
    first = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
    again = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
    assert (first.status, again.status) == (422, 422)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert RefusedAttempt.objects.count() == 1


def test_it_costs_one_round_trip(shop: Shop) -> None:
    for ref in ("O-1", "O-2"):
        shop.api.post("redemptions", order("ten-off", ref=ref))
    with counted() as traffic:
        assert shop.api.post("redemptions", order("ten-off", ref="O-3")).status == 422
    with_record = traffic.round_trips
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refusing, "keep", lambda **_: None)
        with counted() as traffic:
            assert shop.api.post("redemptions", order("ten-off", ref="O-4")).status == 422
    assert with_record == traffic.round_trips + 1


def test_a_refusal_that_cannot_be_kept_is_answered_all_the_same(shop: Shop) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE redemption_refusedattempt RENAME TO elsewhere")
    try:
        answer = shop.api.post("redemptions", order("ten-off"))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE elsewhere RENAME TO redemption_refusedattempt")
    assert (answer.status, answer.code) == (422, "coupon_rejected")
    assert RefusedAttempt.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (order("ten-off", partial=True) | {"lines": "nonsense"}, 422),
        (order(), 422),
        (order("ten-off") | {"currency": "XXX"}, 422),
    ],
)
def test_what_is_no_attempt_is_not_kept(shop: Shop, body: Any, status: int) -> None:
    assert shop.api.post("redemptions", body).status == status
    assert shop.api.post("validations", cart("ten-off")).status == 200
    assert RefusedAttempt.objects.count() == 0


def test_what_applies_of_several_is_a_redemption_and_no_attempt(shop: Shop) -> None:
    shop.coupon("plain")
    assert shop.api.post("redemptions", order("plain", "ten-off", partial=True)).status == 201
    assert (Redemption.objects.count(), RefusedAttempt.objects.count()) == (1, 0)
    assert shop.api.post("redemptions", order("ten-off", ref="O-2", partial=True)).status == 422
    assert RefusedAttempt.objects.get().told == [["TENOFF", ["min_spend_not_met"]]]


def test_old_ones_are_removed_in_chunks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    month = timedelta(days=settings.HEXIAO_KEEP_REFUSALS_DAYS)
    assert month == timedelta(days=30)
    ages = [month * 2, month + timedelta(seconds=1), month * 3, month, timedelta(0)]
    rows = [refused_attempt(shop.merchant, NOW - age) for age in ages]
    RefusedAttempt.objects.bulk_create(rows)
    monkeypatch.setattr(refusing, "CHUNK", 1)
    assert refusing.forget(at=NOW, chunks=2) == 2
    assert refusing.forget(at=NOW, chunks=2) == 1
    assert refusing.forget(at=NOW, chunks=2) == 0
    left = RefusedAttempt.objects.order_by("at").values_list("at", flat=True)
    assert list(left) == [NOW - month, NOW]


def test_beat_removes_them_by_itself(shop: Shop) -> None:
    schedule = settings.CELERY_BEAT_SCHEDULE["forget old refused attempts"]
    assert schedule["task"] == tasks.forget_refused_attempts.name
    old = datetime.now(UTC) - timedelta(days=31)
    RefusedAttempt.objects.bulk_create([refused_attempt(shop.merchant, old)])
    assert tasks.forget_refused_attempts() == 1
    assert RefusedAttempt.objects.count() == 0
