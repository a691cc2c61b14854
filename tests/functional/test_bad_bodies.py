"""Bodies that make no sense behind the cart: returns, confirmations, events, settings."""

from typing import Any

import pytest

from tests.shop import Shop, cart, order
from tests.unchanged import nothing_changes
from tests.verdicts import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten-off")
    return shop


def event(**changes: Any) -> dict[str, Any]:
    """Return a list of one event, changed."""
    sound = {"id": "e", "type": "customer.registered", "occurred_at": "2026-03-04T12:00:00Z"}
    return {"events": [{**sound, "customer": "C-1", **changes}]}


RETURNS: dict[str, tuple[Any, list[str]]] = {
    "no lines at all": ({"lines": []}, ["lines"]),
    "lines is an object": ({"lines": {}}, ["lines"]),
    "a line is a text": ({"lines": ["1"]}, ["lines.0"]),
    "a line without a quantity": ({"lines": [{"id": "1"}]}, ["lines.0.quantity"]),
    "a line without an id": ({"lines": [{"quantity": 1}]}, ["lines.0.id"]),
    "a quantity of none": ({"lines": [{"id": "1", "quantity": 0}]}, ["lines.0.quantity"]),
    "a negative quantity": ({"lines": [{"id": "1", "quantity": -1}]}, ["lines.0.quantity"]),
    "a huge quantity": ({"lines": [{"id": "1", "quantity": 10**30}]}, ["lines.0.quantity"]),
    "more than was bought": ({"lines": [{"id": "1", "quantity": 3}]}, ["lines.0.quantity"]),
    "a quantity as a text": ({"lines": [{"id": "1", "quantity": "1"}]}, ["lines.0.quantity"]),
    "a line that was not bought": ({"lines": [{"id": "9", "quantity": 1}]}, ["lines.0.id"]),
    "a line twice": ({"lines": [{"id": "1", "quantity": 1}] * 2}, ["lines.1.id"]),
    "a long reference": ({"reference": "r" * 101}, ["reference"]),
    "an empty reference": ({"reference": ""}, ["reference"]),
    "a reference that is a number": ({"reference": 7}, ["reference"]),
    "a long reason": ({"reason": "r" * 501}, ["reason"]),
    "a preview that is a text": ({"preview": "yes"}, ["preview"]),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of", ["redemption", "order"])
def test_wrong_returns_are_refused(shop: Shop, of: str, subtests: pytest.Subtests) -> None:
    made = shop.api.post("redemptions", order("ten-off"))
    path = (
        f"redemptions/{made.body['id']}/reversals" if of == "redemption" else "orders/O-1/refunds"
    )
    with nothing_changes():
        for case, (body, fields) in RETURNS.items():
            with subtests.test(case):
                refused(shop.api.post(path, body), 422, "invalid", *fields)


CONFIRMATIONS: dict[str, tuple[Any, list[str]]] = {
    "no lines": ({"currency": "USD"}, ["lines"]),
    "no currency": ({"lines": cart()["lines"]}, ["currency"]),
    "another currency": (cart(currency="EUR"), ["currency"]),
    "another customer": (cart(customer="C-2"), ["customer"]),
    "another code": (cart("other"), ["codes"]),
    "a number of money": (cart(shipping=8), ["shipping"]),
    "partial is a text": (cart(partial="yes"), ["partial"]),
    "a line twice": (cart(lines=cart()["lines"][:1] * 2), ["lines.1.id"]),
}


@pytest.mark.django_db(transaction=True)
def test_wrong_confirmations_are_refused_and_the_hold_stays(
    shop: Shop, subtests: pytest.Subtests
) -> None:
    held = shop.api.post("redemptions", order("ten-off", hold=True, customer="C-1"))
    path = f"redemptions/{held.body['id']}/confirmation"
    with nothing_changes():
        for case, (body, fields) in CONFIRMATIONS.items():
            with subtests.test(case):
                refused(shop.api.post(path, body), 422, "invalid", *fields)
    assert shop.api.post(path).status == 200


EVENTS: dict[str, tuple[Any, str]] = {
    "no id": (event(id=None), "id"),
    "a long id": (event(id="e" * 101), "id"),
    "an unknown type": (event(type="sneezed"), "type"),
    "no time": (event(occurred_at=None), "occurred_at"),
    "a time without offset": (event(occurred_at="2026-03-04T12:00:00"), "occurred_at"),
    "a time before time": (event(occurred_at="0001-01-01T00:00:00Z"), "occurred_at"),
    "nobody's": (event(customer=None), "customer"),
    "data is a list": (event(data=[]), "data"),
    "an order without its name": (event(type="order.paid", data={}), "data.order"),
    "an order of a wrong amount": (
        event(type="order.paid", data={"order": "O-1", "currency": "USD", "total": "-1"}),
        "data.total",
    ),
}


def test_wrong_events_are_told_one_by_one(shop: Shop, subtests: pytest.Subtests) -> None:
    with nothing_changes():
        for case, (body, field) in EVENTS.items():
            with subtests.test(case):
                answer = shop.api.post("events", body)
                assert (answer.status, answer.body["accepted"]) == (200, 0), answer
                assert [error["field"] for error in answer.body["errors"]] == [field]


@pytest.mark.parametrize("events", [None, [], {}, "e", [event()["events"][0]] * 501])
def test_events_come_in_lists_of_1_to_500(shop: Shop, events: Any) -> None:
    with nothing_changes():
        refused(shop.api.post("events", {"events": events}), 422, "invalid", "events")


OTHERS: list[tuple[str, str, Any, str]] = [
    ("POST", "codes/lookup", {}, "code"),
    ("POST", "codes/lookup", {"code": 7}, "code"),
    ("POST", "codes/lookup", {"code": "c" * 201}, "code"),
    ("PUT", "channels/web", {"name": 7}, "name"),
    ("PUT", "channels/web", {"name": "n" * 300}, "name"),
    ("PUT", "channels/WEB SHOP", {}, "slug"),
    ("POST", "webhook-endpoints", {}, "url"),
    ("POST", "webhook-endpoints", {"url": 7}, "url"),
    ("POST", "webhook-endpoints", {"url": "nonsense"}, "url"),
    ("POST", "webhook-endpoints", {"url": "ftp://1.1.1.1/"}, "url"),
    ("POST", "webhook-endpoints", {"url": "https://127.0.0.1/"}, "url"),
    ("POST", "webhook-endpoints", {"url": "https://1.1.1.1/", "types": "all"}, "types"),
    ("POST", "webhook-endpoints", {"url": "https://1.1.1.1/", "types": ["x" * 41]}, "types.0"),
    ("POST", "webhook-endpoints", {"url": "https://1.1.1.1/", "types": ["nothing"]}, "types"),
    ("POST", "webhook-endpoints", {"url": "https://1.1.1.1/", "coupon": "none"}, "coupon"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), OTHERS)
def test_wrong_settings_are_refused(
    shop: Shop, method: str, path: str, body: Any, field: str
) -> None:
    with nothing_changes():
        refused(shop.api.call(method, path, body), 422, "invalid", field)


NO_ID = "0199aaaa-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"redemptions/{NO_ID}/confirmation"),
        ("POST", f"redemptions/{NO_ID}/release"),
        ("POST", f"redemptions/{NO_ID}/reversals"),
        ("GET", f"redemptions/{NO_ID}/reversals"),
        ("POST", "orders/O-404/refunds"),
        ("GET", f"webhook-endpoints/{NO_ID}"),
        ("DELETE", f"webhook-endpoints/{NO_ID}"),
        ("POST", f"webhook-endpoints/{NO_ID}/secret"),
        ("GET", "channels/nowhere"),
        ("POST", "redemptions/7/release"),
        ("POST", "webhook-endpoints/7/secret"),
    ],
)
def test_what_is_not_there_is_not_found(shop: Shop, method: str, path: str) -> None:
    with nothing_changes():
        refused(shop.api.call(method, path, {}), 404, "not_found")
