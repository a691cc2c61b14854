"""Every limit, with many at once: first without its guard, to see the race, then with it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import connection, connections

from coupons.models import CouponCounter
from redemption import ledger, taking
from redemption.models import Use
from tests.shop import Answer, Api, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

SHOPPERS = 12


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def at_once(shop: Shop, bodies: list[dict], patch: pytest.MonkeyPatch) -> list[Answer]:
    """Redeem all bodies at the same moment, each on a connection of its own.

    Nobody writes before everybody has looked: the worst that can happen.
    """
    together = threading.Barrier(len(bodies))
    first = threading.local()
    write = ledger.write

    def write_together(*args: Any, **more: Any) -> None:
        if not hasattr(first, "done"):
            first.done = True
            with suppress(threading.BrokenBarrierError):
                together.wait(10)
        write(*args, **more)

    patch.setattr(ledger, "write", write_together)

    def call(body: dict) -> Answer:
        try:
            return Api(shop.api.key).post("redemptions", body)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(call, bodies))


@contextmanager
def constraint_dropped(table: str, name: str, counted: str = "uses") -> Iterator[None]:
    """Take away the last guard as well, so that a race can be seen; put it back empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name]
        )
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            # The race has broken these rows; without their counts the guard fits again.
            money = ", budget_used_minor = 0" if table == "coupons_couponcounter" else ""
            cursor.execute(f"UPDATE {table} SET {counted} = 0{money}")  # noqa: S608
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def without(guard: str, statement: str) -> str:
    """Return a take without its guard: it reads nothing and always takes."""
    assert guard in statement
    return statement.replace(guard, "%s::bigint IS NOT NULL" if "%s" in guard else "true")


CASES = {
    "a code with one use": (
        {"code": None},
        ("TAKE_CODE", "uses < max_uses"),
        ("coupons_code", "code_uses_within_limit"),
        1,
        "already_redeemed",
    ),
    "a shared code with a limit of uses": (
        {"limits": {"uses": 3}},
        ("TAKE_COUPON", "uses < max_uses"),
        ("coupons_couponcounter", "coupon_uses_within_limit"),
        3,
        "usage_limit_reached",
    ),
    "a budget": (
        {"limits": {"budget": {"USD": "25.00"}}},
        ("TAKE_COUPON", "budget_used_minor + %s <= budget_minor"),
        ("coupons_couponcounter", "coupon_budget_holds"),
        2,
        "budget_exhausted",
    ),
    "a daily limit": (
        {"limits": {"uses_per_day": 2}},
        ("TAKE_DAY", "d.uses < excluded.max_uses"),
        ("coupons_couponday", "coupon_day_uses_within_limit"),
        2,
        "daily_limit_reached",
    ),
    "one customer's limit": (
        {"limits": {"uses_per_customer": 1}},
        ("TAKE_CUSTOMER", "c.uses < excluded.max_uses"),
        ("redemption_customercounter", "customer_uses_within_limit"),
        1,
        "customer_limit_reached",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_is_passed_without_its_guard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    definition, (take, guard), (table, constraint), limit, _ = CASES[name]
    bodies = prepare(shop, definition)
    monkeypatch.setattr(taking, take, without(guard, getattr(taking, take)))
    with constraint_dropped(table, constraint):
        answers = at_once(shop, bodies, monkeypatch)
    assert sum(answer.status == 201 for answer in answers) > limit


@pytest.mark.parametrize("name", CASES)
def test_holds_with_many_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    definition, _, _, limit, reason = CASES[name]
    answers = at_once(shop, prepare(shop, definition), monkeypatch)
    assert [answer.status for answer in answers].count(201) == limit
    losers = [answer for answer in answers if answer.status != 201]
    for loser in losers:
        told = loser.body["rejected"][0]["reason"] if loser.status == 422 else loser.code
        assert told in (reason, "try_again")
    assert Use.objects.count() == limit
    assert CouponCounter.objects.get().uses == limit


def prepare(shop: Shop, definition: dict) -> list[dict]:
    """Publish the coupon, and return the orders of the shoppers who want it."""
    shop.coupon("wanted", **definition)
    code = "wanted"
    if "code" in definition:
        shop.codes("wanted", "ONLYONE")
        code = "onlyone"
    same_customer = "uses_per_customer" in definition.get("limits", {})
    bodies = [
        order(code, ref=f"O-{i}", customer="C-1" if same_customer else f"C-{i}")
        for i in range(SHOPPERS)
    ]
    if same_customer:
        assert shop.api.put("customers/C-1", {}).status == 200
    return bodies


def test_a_click_twice_on_one_order_redeems_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.coupon("wanted")
    answers = at_once(shop, [order("wanted", ref="O-1", customer="C-1")] * 6, monkeypatch)
    assert sorted(answer.status for answer in answers)[-1] == 201
    assert {answer.status for answer in answers} <= {200, 201}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert Use.objects.count() == 1


def test_two_codes_in_opposite_order_never_wait_in_a_circle(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slug in ("first", "second"):
        shop.coupon(slug, stacking_group="all", stacks_with=["all"], limits={"uses": 1000})
    orders = [
        order(*(("first", "second") if i % 2 else ("second", "first")), ref=f"O-{i}")
        for i in range(SHOPPERS)
    ]
    answers = at_once(shop, orders, monkeypatch)
    assert [answer.status for answer in answers] == [201] * SHOPPERS
    assert {counter.uses for counter in CouponCounter.objects.all()} == {SHOPPERS}
