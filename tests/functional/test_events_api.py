"""Events over the API: each counts once, and orders come out right in whatever order told."""

from itertools import permutations
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from campaigns.models import Activity, Customer
from redemption import orders
from redemption.models import Order, OrderLine
from tests.round_trips import counted
from tests.shop import Answer, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = "2026-03-04T12:{:02}:00Z"
LINES = cart()["lines"]


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def event(id: str, type: str = "product.viewed", *, minute: int = 0, **more: Any) -> dict:
    body = {"id": id, "type": type, "customer": "C-1", "occurred_at": MINUTE.format(minute)}
    return {**body, "data": {"sku": "HAT"}, **more}


def told(id: str, type: str, *, minute: int, **data: Any) -> dict:
    """Tell of the order O-1 of 99.98 USD."""
    whole = {"order": "O-1", "currency": "USD", "total": "99.98", "lines": LINES, **data}
    kept = {name: value for name, value in whole.items() if value is not None}
    return event(id, f"order.{type}", minute=minute, data=kept)


def tell(shop: Shop, *events: dict) -> Answer:
    answer = shop.api.post("events", {"events": list(events)})
    assert answer.status == 200, answer
    return answer


def counts(answer: Answer) -> tuple[int, int, list]:
    return answer.body["accepted"], answer.body["duplicates"], answer.body["errors"]


def wrong(answer: Answer) -> list[tuple[int, str]]:
    return [(error["index"], error["field"]) for error in answer.body["errors"]]


def state(ref: str = "O-1") -> tuple[str, int, int]:
    """Return an order's status and refund, and the paid orders of its customer."""
    row = Order.objects.select_related("customer").get(ref=ref)
    assert row.customer is not None
    return row.status, row.refunded_minor, row.customer.paid_orders


def test_an_event_is_kept_with_its_customer(shop: Shop) -> None:
    assert counts(tell(shop, event("e1", minute=5))) == (1, 0, [])
    kept = Activity.objects.get()
    assert (kept.merchant, kept.event_id, kept.type) == (shop.merchant, "e1", "product.viewed")
    assert kept.customer == Customer.objects.get(ref="C-1")
    assert kept.occurred_at.minute == 5
    assert kept.data == {"sku": "HAT"}


def test_a_known_customer_stays_as_it_is(shop: Shop) -> None:
    shop.api.put("customers/C-1", {"tier": "gold"})
    with nothing_changes(but=("campaigns_activity",)):
        tell(shop, event("e1"))


@pytest.mark.parametrize("type", Activity.Type.values)
def test_every_type_of_the_contract_is_accepted(shop: Shop, type: str) -> None:
    body = told("e1", "placed", minute=0) | {"type": type}
    if type == "order.refunded":
        body["data"]["refunded_total"] = "1.00"
    assert counts(tell(shop, body)) == (1, 0, [])
    assert Activity.objects.get().type == type


def test_an_id_counts_once_within_a_call_and_between_calls(shop: Shop) -> None:
    assert counts(tell(shop, event("e1"), event("e1"), event("e2"))) == (2, 1, [])
    with nothing_changes():
        assert counts(tell(shop, event("e2", "shop.followed"), event("e1"))) == (0, 2, [])


def test_an_id_of_another_merchant_is_free(shop: Shop) -> None:
    tell(shop, event("e1"))
    other = Shop.open("other")
    assert counts(tell(other, event("e1"))) == (1, 0, [])
    assert Activity.objects.of(other.merchant).get().customer.merchant == other.merchant


def test_bad_events_are_told_one_by_one_and_the_good_are_kept(shop: Shop) -> None:
    deep: dict = {}
    for _ in range(9):
        deep = {"in": deep}
    answer = tell(
        shop,
        event("e0"),
        event("e1", "shop.burned"),
        event("", "shop.followed"),
        event("e3", occurred_at="2026-03-04T12:00:00"),
        event("e4", customer=None),
        event("e5", data=deep),
        {"id": "e6"},
        told("e7", "paid", minute=1, total="1.999"),
        told("e8", "paid", minute=1, order=None),
        told("e9", "paid", minute=1, lines=[{**LINES[0], "quantity": 0}]),
        told("e10", "paid", minute=1, lines=[LINES[0], LINES[0]]),
        told("e11", "refunded", minute=1),
        told("e12", "paid", minute=1, currency="XXX"),
        event("e13"),
        event("e14", occurred_at="1066-10-14T09:00:00Z"),
    )
    assert counts(answer)[:2] == (2, 0)
    assert wrong(answer) == [
        (1, "type"),
        (2, "id"),
        (3, "occurred_at"),
        (4, "customer"),
        (5, "data"),
        (6, "type"),
        (7, "data.total"),
        (8, "data.order"),
        (9, "data.lines.0.quantity"),
        (10, "data.lines.1.id"),
        (11, "data.refunded_total"),
        (12, "data.currency"),
        (14, "occurred_at"),
    ]
    assert sorted(Activity.objects.values_list("event_id", flat=True)) == ["e0", "e13"]
    assert Order.objects.count() == 0


def test_more_than_500_or_none_are_refused_whole(shop: Shop) -> None:
    for count in (0, 501):
        with nothing_changes():
            answer = shop.api.post("events", {"events": [event(str(i)) for i in range(count)]})
        assert (answer.status, answer.code) == (422, "invalid")


def test_500_events_cost_as_many_queries_as_two(shop: Shop) -> None:
    def call(prefix: str, count: int) -> int:
        body = {"events": []}
        for i in range(count):
            ref = f"{prefix}{i}"
            each = told(ref, "paid", minute=1, order=ref, lines=LINES[:1])
            body["events"].append(each | {"customer": ref})
        with counted() as traffic:
            assert counts(shop.api.post("events", body)) == (count, 0, [])
        return traffic.queries

    call("warm", 2)
    # The key, BEGIN, the orders known; the customers looked up, created and locked; the
    # events; the orders created and changed, their lines, the paid orders; COMMIT.
    assert call("few", 2) == call("many", 500) == 12
    assert Order.objects.filter(status="paid").count() == 504
    assert set(Customer.objects.values_list("paid_orders", flat=True)) == {1}


def test_activities_are_append_only(shop: Shop) -> None:
    tell(shop, event("e1"))
    for change in (Activity.objects.all().delete, lambda: Activity.objects.update(type="x")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    assert Activity.objects.count() == 1


def test_the_same_key_gets_the_same_answer(shop: Shop) -> None:
    body = {"events": [event("e1")]}
    first = shop.api.post("events", body, Idempotency_Key="k")
    again = shop.api.post("events", body, Idempotency_Key="k")
    assert (counts(again), again.headers["Idempotent-Replayed"]) == (counts(first), "true")


# --- Orders ------------------------------------------------------------------------


def test_an_order_goes_from_placed_to_refunded(shop: Shop) -> None:
    tell(shop, told("e1", "placed", minute=1))
    assert state() == ("placed", 0, 0)
    tell(shop, told("e2", "paid", minute=2))
    assert state() == ("paid", 0, 1)
    tell(shop, told("e3", "refunded", minute=3, refunded_total="60.00"))
    assert state() == ("paid", 6000, 1)
    tell(shop, told("e4", "refunded", minute=4, refunded_total="99.98"))
    assert state() == ("refunded", 9998, 0)
    row = Order.objects.get()
    assert (row.total_minor, row.currency, row.placed_at.minute) == (9998, "USD", 1)
    lines = OrderLine.objects.order_by("ref").values_list("ref", "sku", "quantity")
    assert list(lines) == [("1", "SHOE", 2), ("2", "HAT", 1)]


STORIES = {
    "paid": (["placed", "paid"], ("paid", 0, 1)),
    "cancelled": (["placed", "cancelled"], ("cancelled", 0, 0)),
    "paid and cancelled": (["placed", "paid", "cancelled"], ("cancelled", 0, 0)),
    "cancelled and paid after all": (["placed", "cancelled", "paid"], ("paid", 0, 1)),
    "refunded in part": (["placed", "paid", "60.00"], ("paid", 6000, 1)),
    "refunded in steps": (["placed", "paid", "60.00", "99.98"], ("refunded", 9998, 0)),
    "cancelled with a refund": (["placed", "paid", "cancelled", "9.00"], ("cancelled", 900, 0)),
    "refunded and cancelled": (["paid", "99.98", "cancelled"], ("refunded", 9998, 0)),
}


@pytest.mark.parametrize("story", STORIES)
def test_whatever_the_order_of_telling_the_order_comes_out_the_same(story: str) -> None:
    steps, expected = STORIES[story]
    events = [
        told(f"e{i}", "refunded", minute=i, refunded_total=step)
        if step[0].isdigit()
        else told(f"e{i}", step, minute=i)
        for i, step in enumerate(steps)
    ]
    for number, telling in enumerate(permutations(events)):
        shop = Shop.open(f"single-{number}")
        for each in telling:
            assert counts(tell(shop, each)) == (1, 0, [])
        together = Shop.open(f"together-{number}")
        assert counts(tell(together, *telling, *telling)) == (len(events), len(events), [])
        for merchant in (shop.merchant, together.merchant):
            row = Order.objects.of(merchant).select_related("customer").get()
            assert row.customer is not None
            assert (row.status, row.refunded_minor, row.customer.paid_orders) == expected
            assert row.placed_at.minute == 0
            assert OrderLine.objects.of(merchant).count() == 2
            assert orders.miscounted(merchant=merchant) == {}


def test_telling_again_counts_nothing_twice(shop: Shop) -> None:
    tell(shop, told("e1", "paid", minute=1))
    tell(shop, told("e2", "paid", minute=1))
    assert state() == ("paid", 0, 1)
    tell(shop, told("e3", "placed", minute=9))
    assert state() == ("paid", 0, 1)


def test_a_known_order_needs_no_total_again(shop: Shop) -> None:
    short = {"total": None, "currency": None, "lines": None}
    answer = tell(shop, told("e1", "cancelled", minute=2, **short))
    assert counts(answer)[0] == 0
    assert wrong(answer) == [(0, "data.currency")]
    # In the same call it may come before the event that says everything.
    tell(
        shop,
        told("e2", "refunded", minute=3, refunded_total="9.99", **short),
        told("e3", "paid", minute=1),
    )
    assert state() == ("paid", 999, 1)
    tell(shop, told("e1", "cancelled", minute=4, **short))
    assert state() == ("cancelled", 999, 0)


def test_the_newest_total_holds(shop: Shop) -> None:
    tell(shop, told("e1", "paid", minute=5, total="80.00"))
    tell(shop, told("e2", "placed", minute=1))
    assert Order.objects.get().total_minor == 8000
    tell(shop, told("e3", "refunded", minute=6, total="50.00", refunded_total="50.00"))
    assert state() == ("refunded", 5000, 0)


def test_lines_are_kept_as_first_told(shop: Shop) -> None:
    tell(shop, told("e1", "placed", minute=1, lines=None))
    tell(shop, told("e2", "paid", minute=2, lines=LINES[:1]))
    tell(shop, told("e3", "paid", minute=3))
    assert list(OrderLine.objects.values_list("ref", flat=True)) == ["1"]
    assert "lines" not in Activity.objects.get(event_id="e3").data


def test_another_currency_is_told_and_changes_nothing(shop: Shop) -> None:
    tell(shop, told("e1", "placed", minute=1))
    with nothing_changes():
        answer = tell(shop, told("e2", "paid", minute=2, currency="EUR"))
    assert counts(answer) == (
        0,
        0,
        [{"index": 0, "field": "data.currency", "message": "The order is in USD."}],
    )


def test_a_guests_order_has_no_customer_until_one_is_named(shop: Shop) -> None:
    assert counts(tell(shop, told("e1", "paid", minute=1) | {"customer": None})) == (1, 0, [])
    assert Order.objects.get().customer is None
    assert Customer.objects.count() == 0
    tell(shop, told("e2", "paid", minute=2))
    assert state() == ("paid", 0, 1)
    # An order stays with the customer it has.
    tell(shop, told("e3", "paid", minute=3) | {"customer": "C-2"})
    assert state() == ("paid", 0, 1)
    assert Customer.objects.get(ref="C-2").paid_orders == 0


def test_an_order_is_of_the_channel_of_the_key(shop: Shop) -> None:
    from coupons.models import Channel

    till = Channel.objects.create(merchant=shop.merchant, slug="till", name="Till")
    api = shop.with_scopes("events", channel=till)
    api.post("events", {"events": [told("e1", "paid", minute=1)]})
    assert Order.objects.get().channel == till


def test_a_paid_order_makes_a_returning_customer(shop: Shop) -> None:
    shop.coupon("new-only", customers={"who": "new"})
    asked = order("new-only", customer="C-1", ref="O-2")
    assert shop.api.post("validations", asked).body["valid"] is True
    tell(shop, told("e1", "paid", minute=1))
    quote = shop.api.post("validations", asked).body
    assert [r["reason"] for r in quote["rejected"]] == ["customer_not_eligible"]
    tell(shop, told("e2", "refunded", minute=2, refunded_total="99.98"))
    assert shop.api.post("validations", asked).body["valid"] is True


def test_a_cancelled_order_keeps_its_redemption(shop: Shop) -> None:
    shop.coupon()
    done = shop.api.post("redemptions", order("ten-off", customer="C-1"))
    tell(shop, told("e1", "placed", minute=1), told("e2", "cancelled", minute=2))
    assert shop.api.get(f"redemptions/{done.body['id']}").body["status"] == "redeemed"


def test_a_recount_names_the_customers_who_differ(shop: Shop) -> None:
    tell(shop, told("e1", "paid", minute=1))
    tell(shop, told("e2", "placed", minute=1, order="O-2") | {"customer": "C-2"})
    one, two = Customer.objects.order_by("ref")
    assert orders.miscounted(merchant=shop.merchant) == {}
    Customer.objects.filter(pk=one.pk).update(paid_orders=4)
    Customer.objects.filter(pk=two.pk).update(paid_orders=1)
    assert orders.miscounted(merchant=shop.merchant) == {one.pk: (4, 1), two.pk: (1, 0)}
    assert orders.miscounted(merchant=Shop.open("other").merchant) == {}


@pytest.mark.parametrize(
    ("digits", "status", "kept"), [(30, 200, 1), (4_000, 200, 1), (200_000, 422, 0)]
)
def test_a_number_is_kept_whole_or_refused(shop: Shop, digits: int, status: int, kept: int) -> None:
    body = '{"events": [{"id": "e1", "type": "shop.followed", "customer": "C-1", "occurred_at": '
    body += f'"2026-03-04T12:00:00Z", "data": {{"n": {"9" * digits}}}}}]}}'
    answer = shop.api.post("events", body)
    assert (answer.status, Activity.objects.count()) == (status, kept)
