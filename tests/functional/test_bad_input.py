"""Bodies and addresses that make no sense: told exactly, and nothing changes."""

import json
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


def line(**changes: Any) -> dict[str, Any]:
    """Return a sound line of a cart, changed."""
    return {"id": "1", "sku": "A", "quantity": 1, "unit_price": "10.00", **changes}


def one_line(**changes: Any) -> dict[str, Any]:
    """Return an order of one line, changed, with the code TEN-OFF."""
    return order("ten-off", lines=[line(**changes)])


def without(body: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != key}


MONEY = "lines.0.unit_price"
WRONG_CARTS: dict[str, tuple[Any, list[str]]] = {
    "no currency": (without(order("ten-off"), "currency"), ["currency"]),
    "no lines": (without(order("ten-off"), "lines"), ["lines"]),
    "null lines": (order("ten-off", lines=None), ["lines"]),
    "lines is an object": (order("ten-off", lines={}), ["lines"]),
    "a line is a text": (order("ten-off", lines=["A"]), ["lines.0"]),
    "unknown currency": (order("ten-off", currency="XXZ"), ["currency"]),
    "lower-case currency": (order("ten-off", currency="usd"), ["currency"]),
    "a currency of the past": (order("ten-off", currency="DEM"), ["currency"]),
    "empty currency": (order("ten-off", currency=""), ["currency"]),
    "currency is a number": (order("ten-off", currency=840), ["currency"]),
    "too many decimals": (one_line(unit_price="10.001"), [MONEY]),
    "decimals of a currency without any": (
        order("ten-off", currency="JPY", lines=[line(unit_price="10.0")]),
        [MONEY],
    ),
    "money is a number": (one_line(unit_price=10.0), [MONEY]),
    "money is a whole number": (one_line(unit_price=10), [MONEY]),
    "money is null": (one_line(unit_price=None), [MONEY]),
    "money is empty": (one_line(unit_price=""), [MONEY]),
    "negative price": (one_line(unit_price="-1.00"), [MONEY]),
    "price with a plus": (one_line(unit_price="+1.00"), [MONEY]),
    "price with a comma": (one_line(unit_price="1,00"), [MONEY]),
    "price with an exponent": (one_line(unit_price="1e3"), [MONEY]),
    "price with a blank": (one_line(unit_price=" 1.00"), [MONEY]),
    "price of another script": (one_line(unit_price="１９.99"), [MONEY]),
    "price not a number": (one_line(unit_price="NaN"), [MONEY]),
    "huge price": (one_line(unit_price="9" * 13), [MONEY]),
    "a text of digits": (one_line(unit_price="9" * 30), [MONEY]),
    "a cart worth too much": (
        one_line(unit_price="999999999999.99", quantity=1_000_000),
        ["lines"],
    ),
    "negative shipping": (order("ten-off", shipping="-0.01"), ["shipping"]),
    "shipping is a number": (order("ten-off", shipping=8), ["shipping"]),
    "no quantity": (order("ten-off", lines=[without(line(), "quantity")]), ["lines.0.quantity"]),
    "quantity of none": (one_line(quantity=0), ["lines.0.quantity"]),
    "negative quantity": (one_line(quantity=-1), ["lines.0.quantity"]),
    "half a quantity": (one_line(quantity=0.5), ["lines.0.quantity"]),
    "quantity is a text": (one_line(quantity="1"), ["lines.0.quantity"]),
    "quantity is true": (one_line(quantity=True), ["lines.0.quantity"]),
    "huge quantity": (one_line(quantity=10**30), ["lines.0.quantity"]),
    "no line id": (order("ten-off", lines=[without(line(), "id")]), ["lines.0.id"]),
    "line id is a number": (one_line(id=1), ["lines.0.id"]),
    "empty line id": (one_line(id=""), ["lines.0.id"]),
    "long line id": (one_line(id="x" * 101), ["lines.0.id"]),
    "no sku": (order("ten-off", lines=[without(line(), "sku")]), ["lines.0.sku"]),
    "empty sku": (one_line(sku=""), ["lines.0.sku"]),
    "the same line id twice": (order("ten-off", lines=[line(), line()]), ["lines.1.id"]),
    "member discount above its line": (
        one_line(quantity=2, member_discount="20.01"),
        ["lines.0.member_discount"],
    ),
    "negative member discount": (
        one_line(member_discount="-1.00"),
        ["lines.0.member_discount"],
    ),
    "on sale is a text": (one_line(on_sale="yes"), ["lines.0.on_sale"]),
    "category is a list": (one_line(category=["shoes"]), ["lines.0.category"]),
    "501 lines": (order("ten-off", lines=[line(id=str(i)) for i in range(501)]), ["lines"]),
    "21 codes": (order(*[f"C{i}" for i in range(21)]), ["codes"]),
    "codes is a text": (order(codes="ten-off"), ["codes"]),
    "codes is null": (order(codes=None), ["codes"]),
    "a code is a number": (order(codes=[1]), ["codes.0"]),
    "a code is long": (order(codes=["x" * 201]), ["codes.0"]),
    "empty customer": (order("ten-off", customer=""), ["customer"]),
    "long customer": (order("ten-off", customer="c" * 101), ["customer"]),
    "customer is a number": (order("ten-off", customer=7), ["customer"]),
    "long country": (order("ten-off", country="USA"), ["country"]),
    "long device": (order("ten-off", device="d" * 201), ["device"]),
    "three wrong amounts": (
        order(
            "ten-off",
            shipping="x",
            lines=[line(unit_price="y"), line(id="2", member_discount="z")],
        ),
        ["shipping", MONEY, "lines.1.member_discount"],
    ),
}


@pytest.mark.parametrize("path", ["validations", "redemptions"])
def test_wrong_carts_are_refused(shop: Shop, path: str, subtests: pytest.Subtests) -> None:
    with nothing_changes():
        for case, (body, fields) in WRONG_CARTS.items():
            with subtests.test(case):
                refused(shop.api.post(path, body), 422, "invalid", *fields)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"order": None}, "order"),
        ({"order": ""}, "order"),
        ({"order": 1}, "order"),
        ({"order": "x" * 101}, "order"),
        ({"codes": []}, "codes"),
        ({"partial": "yes"}, "partial"),
        ({"hold": 1}, "hold"),
        ({"hold_minutes": 0}, "hold_minutes"),
        ({"hold_minutes": 10_081}, "hold_minutes"),
    ],
)
def test_wrong_redemptions_are_refused(shop: Shop, change: dict[str, Any], field: str) -> None:
    with nothing_changes():
        refused(shop.api.post("redemptions", order("ten-off") | change), 422, "invalid", field)


def test_the_largest_cart_allowed_is_priced(shop: Shop) -> None:
    lines = [line(id=str(i), unit_price="999999999.99") for i in range(500)]
    codes = ["ten-off", *[f"NONE{i}" for i in range(19)]]
    answer = shop.api.post("validations", cart(*codes, lines=lines))
    assert answer.status == 200, answer
    assert answer.body["subtotal"] == "499999999995.00"
    assert answer.body["discount"] == "10.00"
    assert len(answer.body["rejected"]) == 19


BROKEN = {
    "nothing": b"",
    "half an object": b'{"currency": "USD"',
    "no JSON": b"currency=USD",
    "not a number": b'{"currency": NaN}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"currency": "USD"}'.encode("utf-16"),
    "bytes that are no UTF-8": b'{"currency": "\xff", "lines": []}',
    "a lone surrogate": b'{"currency": "USD", "lines": [], "codes": ["\\ud800"]}',
    "a raw NUL": b'{"currency": "USD", "lines": [], "codes": ["\x00"]}',
    "a trailing comma": b'{"currency": "USD", "lines": [],}',
}
#: An id that nothing has.
NO_ID = "0199aaaa-0000-7000-8000-000000000000"
#: Every address that reads a body.
WITH_A_BODY = [
    ("POST", "validations"),
    ("POST", "redemptions"),
    ("POST", "coupons"),
    ("PATCH", "coupons/ten-off"),
    ("POST", "coupons/ten-off/codes"),
    ("PUT", "customers/C-1"),
    ("POST", "customers/bulk"),
    ("PUT", "products/P-1"),
    ("POST", "products/bulk"),
    ("POST", "qualifications"),
    ("POST", f"redemptions/{NO_ID}/confirmation"),
    ("POST", f"redemptions/{NO_ID}/reversals"),
    ("POST", "orders/O-1/refunds"),
    ("POST", "events"),
    ("POST", "webhook-endpoints"),
    ("POST", "codes/lookup"),
    ("PUT", "channels/web"),
    ("PUT", "exchange-rates"),
    ("PUT", "tax-rates/DE"),
]


def test_what_is_no_json_is_a_400_everywhere(shop: Shop, subtests: pytest.Subtests) -> None:
    with nothing_changes():
        for case, body in BROKEN.items():
            for method, path in WITH_A_BODY:
                if not body and path.endswith("/confirmation"):
                    continue  # confirms as it was held
                with subtests.test(case, path=path):
                    refused(shop.api.call(method, path, body), 400, "broken_json")


def test_one_body_is_one_value(shop: Shop) -> None:
    two = json.dumps(cart("ten-off")) + "{}"
    refused(shop.api.post("validations", two), 400, "broken_json")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"true"])
def test_json_that_is_no_object_is_a_422_everywhere(shop: Shop, body: bytes) -> None:
    with nothing_changes():
        for method, path in WITH_A_BODY:
            refused(shop.api.call(method, path, body), 422, "invalid", "")


def test_a_nul_character_is_refused_everywhere(shop: Shop) -> None:
    body = json.dumps({"name": "a\0b", "source": "a\0b", "codes": ["a\0b"]})
    with nothing_changes():
        for method, path in WITH_A_BODY:
            refused(shop.api.call(method, path, body), 422, "invalid")
            refused(shop.api.call(method, path, b'{"x": "\\\\\\u0000"}'), 422, "invalid")


def test_a_backslash_before_u0000_is_no_nul_character(shop: Shop) -> None:
    kept = shop.api.put("customers/C-1", {"source": "\\u0000"})
    assert kept.status == 200, kept
    assert kept.body["source"] == "\\u0000"


#: Where something deep may stand in a body that is sound otherwise.
DEEP = [
    ("POST", "validations", '{"currency": "USD", "lines": %s}'),
    ("POST", "redemptions", '{"currency": "USD", "lines": [], "order": "O", "codes": %s}'),
    ("POST", "coupons", '{"slug": "s", "name": "S", "kind": "pass", "names": %s}'),
    ("POST", "coupons", '{"slug": "s", "name": "S", "kind": "tiered", "tiers": [%s]}'),
    ("PATCH", "coupons/ten-off", '{"limits": %s}'),
    ("PATCH", "coupons/ten-off", '{"value": %s}'),
    ("POST", "coupons/ten-off/codes", '{"codes": %s}'),
    ("PUT", "customers/C-1", '{"consents": {"a": %s}}'),
    ("PUT", "products/P-1", '{"name": %s}'),
    ("POST", "products/bulk", '{"products": %s}'),
    ("POST", f"redemptions/{NO_ID}/confirmation", '{"currency": "USD", "lines": %s}'),
    ("POST", f"redemptions/{NO_ID}/reversals", '{"lines": %s}'),
    ("POST", "orders/O-1/refunds", '{"reference": %s}'),
    ("POST", "events", '{"events": %s}'),
    ("POST", "webhook-endpoints", '{"url": "https://1.1.1.1/", "types": %s}'),
    ("POST", "codes/lookup", '{"code": %s}'),
    ("PUT", "channels/web", '{"name": %s}'),
]


@pytest.mark.parametrize("depth", [60, 400, 900, 20_000])
def test_deep_nesting_never_overflows(shop: Shop, depth: int, subtests: pytest.Subtests) -> None:
    nests = {"lists": "[" * depth + "]" * depth, "objects": '{"a":' * depth + "1" + "}" * depth}
    with nothing_changes():
        for method, path, body in DEEP:
            for name, nest in nests.items():
                with subtests.test(f"{name} {body}"):
                    answer = shop.api.call(method, path, body % nest)
                    assert answer.status in (400, 422), answer
                    assert answer.code in ("broken_json", "invalid")


def test_a_row_that_is_nested_deeply_spoils_no_other(shop: Shop) -> None:
    # How deep one can read depends on how deep one stands; 800 is within reach from anywhere.
    for depth in (9, 400, 800):
        nest = "[" * depth + "]" * depth
        deep = f'{{"id": "deep", "consents": {{"a": {nest}}}}}'
        body = f'{{"customers": [{deep}, {{"id": "flat"}}]}}'
        answer = shop.api.post("customers/bulk", body)
        assert answer.status == 200, answer
        assert [error["index"] for error in answer.body["errors"]] == [0]
        assert shop.api.get("customers/deep").status == 404
    assert shop.api.get("customers/flat").status == 200


def test_a_body_above_a_mebibyte_is_too_large_and_one_of_a_mebibyte_is_not(shop: Shop) -> None:
    mebibyte = 1024 * 1024
    body = json.dumps({"source": "x"})
    with nothing_changes():
        for method, path in WITH_A_BODY:
            refused(shop.api.call(method, path, body.ljust(mebibyte + 1)), 413, "too_large")
    assert shop.api.call("PUT", "customers/C-1", body.ljust(mebibyte)).status == 200
