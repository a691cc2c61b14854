"""Events told by two programs at once: first without the guard, to see the race, then with it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection, connections

from campaigns import activity, customers
from campaigns.models import Activity, Customer
from redemption import orders
from redemption.models import Order
from tests.shop import Answer, Api, Shop

pytestmark = pytest.mark.django_db(transaction=True)

TELLERS = 6


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def told(id: str, type: str, **more: Any) -> dict:
    data = {"order": "O-1", "currency": "USD", "total": "10.00", "refunded_total": "10.00"}
    if type != "refunded":
        del data["refunded_total"]
    at = "2026-03-04T12:00:00Z"
    return {"id": id, "type": f"order.{type}", "occurred_at": at, "data": data, **more}


def at_once(
    shop: Shop, bodies: list[list[dict]], patch: pytest.MonkeyPatch, module: Any, verb: str
) -> list[Answer]:
    """Tell all at the same moment; nobody goes into the verb before everybody has come to it."""
    together = threading.Barrier(len(bodies))
    original: Callable[..., Any] = getattr(module, verb)

    def meet(**arguments: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            together.wait(10)
        return original(**arguments)

    patch.setattr(module, verb, meet)

    def call(events: list[dict]) -> Answer:
        try:
            return Api(shop.api.key).post("events", {"events": events})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = list(pool.map(call, bodies))
    assert [answer.status for answer in answers] == [200] * len(bodies), answers
    return answers


def payments(count: int = TELLERS) -> list[list[dict]]:
    """Tell of one payment under many ids; without a customer nobody waits for its row."""
    return [[told(f"paid-{i}", "paid")] for i in range(count)]


def test_a_payment_told_at_once_counts_twice_without_the_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.api.post("events", {"events": [told("placed", "placed", customer="C-1")]})
    # A moment between the look at the order and its change, as long as it may ever be.
    unlocked = orders.KEEP.replace(orders.LOCK, "").replace(
        "WHERE o.id = m.id", "WHERE o.id = m.id AND (SELECT pg_sleep(0.2)) IS NOT NULL"
    )
    monkeypatch.setattr(orders, "KEEP", unlocked)
    at_once(shop, payments(), monkeypatch, orders, "keep")
    customer = Customer.objects.get()
    assert customer.paid_orders > 1
    assert orders.miscounted(merchant=shop.merchant) == {customer.pk: (customer.paid_orders, 1)}


def test_a_payment_told_at_once_counts_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.api.post("events", {"events": [told("placed", "placed", customer="C-1")]})
    at_once(shop, payments(), monkeypatch, orders, "keep")
    assert Customer.objects.get().paid_orders == 1


def test_an_order_first_told_of_at_once_is_one_order(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = payments()
    bodies[0][0]["customer"] = "C-1"
    at_once(shop, bodies, monkeypatch, orders, "keep")
    assert Order.objects.get().status == "paid"
    assert Customer.objects.get().paid_orders == 1


def test_payment_and_refund_at_once_come_to_nothing_paid(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.api.post("events", {"events": [told("placed", "placed", customer="C-1")]})
    bodies = [[told(f"{type}-{i}", type)] for i in range(3) for type in ("paid", "refunded")]
    at_once(shop, bodies, monkeypatch, orders, "keep")
    assert Order.objects.get().status == "refunded"
    assert Customer.objects.get().paid_orders == 0


def test_an_event_told_at_once_is_kept_twice_without_its_constraint(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "activity_counts_once"
    conflict = "ON CONFLICT (merchant_id, event_id) DO NOTHING"
    assert conflict in activity.RECORD
    monkeypatch.setattr(activity, "RECORD", activity.RECORD.replace(conflict, ""))
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE campaigns_activity DROP CONSTRAINT {name}")
    try:
        at_once(shop, [[told("e1", "paid")]] * TELLERS, monkeypatch, activity, "record")
        assert Activity.objects.count() == TELLERS
    finally:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE campaigns_activity")
            guard = f"CONSTRAINT {name} UNIQUE (merchant_id, event_id)"
            cursor.execute(f"ALTER TABLE campaigns_activity ADD {guard}")


def test_an_event_told_at_once_counts_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    event = [told("e1", "paid", customer="C-1")]
    answers = at_once(shop, [event] * TELLERS, monkeypatch, customers, "known_or_new")
    assert sorted(answer.body["accepted"] for answer in answers) == [0] * (TELLERS - 1) + [1]
    assert sum(answer.body["duplicates"] for answer in answers) == TELLERS - 1
    assert Activity.objects.count() == 1
    assert Customer.objects.get().paid_orders == 1


def test_the_same_customers_and_orders_in_opposite_order_never_wait_in_a_circle(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = []
    for teller in range(TELLERS):
        events = []
        for i in range(40):
            each = told(f"e-{teller}-{i}", "paid", customer=f"C-{i}")
            each["data"]["order"] = f"O-{i}"
            events.append(each)
        bodies.append(events if teller % 2 else events[::-1])
    together = threading.Barrier(TELLERS)

    def call(events: list[dict]) -> Answer:
        try:
            together.wait(10)
            return Api(shop.api.key).post("events", {"events": events})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(TELLERS) as pool:
        answers = list(pool.map(call, bodies))
    assert [answer.status for answer in answers] == [200] * TELLERS
    assert set(Customer.objects.values_list("paid_orders", flat=True)) == {1}
    assert orders.miscounted(merchant=shop.merchant) == {}
