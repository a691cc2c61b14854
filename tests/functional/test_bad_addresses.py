"""Addresses, methods, headers and keys that make no sense: told exactly, and nothing changes."""

from typing import Any

import pytest
from django.test import Client

from tests.shop import Api, Shop, cart, order
from tests.unchanged import nothing_changes
from tests.verdicts import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten-off")
    return shop


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "validations", "POST"),
        ("PUT", "redemptions", "GET, POST, HEAD"),
        ("DELETE", "coupons", "GET, POST, HEAD"),
        ("PUT", "coupons/ten-off", "GET, PATCH, HEAD"),
        ("DELETE", "coupons/ten-off", "GET, PATCH, HEAD"),
        ("OPTIONS", "coupons/ten-off", "GET, PATCH, HEAD"),
        ("TRACE", "coupons/ten-off", "GET, PATCH, HEAD"),
        ("BREW", "coupons/ten-off", "GET, PATCH, HEAD"),
        ("GET", "coupons/ten-off/publish", "POST"),
        ("PUT", "coupons/ten-off/codes", "GET, POST, HEAD"),
        ("DELETE", "customers/C-1", "GET, PUT, HEAD"),
        ("GET", "customers/bulk", "POST"),
        ("GET", "products/P-1", "PUT"),
        ("PUT", "products/bulk", "POST"),
        ("POST", "jobs/0199aaaa-0000-7000-8000-000000000000", "GET, HEAD"),
    ],
)
def test_another_method_is_a_405_that_names_those_allowed(
    shop: Shop, method: str, path: str, allowed: str
) -> None:
    with nothing_changes():
        answer = shop.api.call(method, path, {})
        refused(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == set(allowed.split(", "))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "nothing",
        "validations/",
        "redemptions/",
        "coupons/",
        "coupons/ten-off/",
        "coupons/ten-off/publish/",
        "customers/",
        "customers/C-1/",
        "products/",
        "schema",
        "docs",
        "redemptions/7",
        "jobs/7",
        "coupons/ten off",
        "coupons/%00",
        "COUPONS",
    ],
)
def test_an_unknown_address_is_a_problem_and_no_redirect(shop: Shop, path: str) -> None:
    with nothing_changes():
        for method in ("GET", "POST"):
            answer = shop.api.call(method, path, {})
            refused(answer, 404, "not_found")
            assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "customers/a%00b"), ("PUT", "customers/a%00b"), ("PUT", "products/a%00b")],
)
def test_a_nul_character_in_an_address_names_nothing(shop: Shop, method: str, path: str) -> None:
    with nothing_changes():
        refused(shop.api.call(method, path, {}), 404, "not_found")


@pytest.mark.parametrize("name", ["order", "customer", "code", "cursor", "created_after"])
def test_a_nul_character_in_a_query_is_refused(shop: Shop, name: str) -> None:
    refused(shop.api.get(f"redemptions?{name}=a%00b"), 422, "invalid", name)


def test_addresses_of_odd_bytes_are_names_like_others(shop: Shop) -> None:
    kept = shop.api.put("customers/%FF%20%E5%AE%A2", {})
    assert kept.body["id"] == "%FF 客"
    assert shop.api.get("customers/%FF%20%E5%AE%A2").body["id"] == "%FF 客"
    sku = shop.api.put("products/size/42%2Fred", {})
    assert sku.body["sku"] == "size/42/red"


@pytest.mark.parametrize("path", ["customers", "products"])
def test_an_identifier_has_at_most_100_characters(shop: Shop, path: str) -> None:
    field = {"customers": "id", "products": "sku"}[path]
    assert shop.api.put(f"{path}/{'x' * 100}", {}).status == 200
    with nothing_changes():
        refused(shop.api.put(f"{path}/{'x' * 101}", {}), 422, "invalid", field)


@pytest.mark.parametrize(
    "time",
    [
        "",
        "now",
        "2026-03-04",
        "2026-03-04T12:00:00",
        "2026-13-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_test_clock_that_tells_no_time_is_refused(shop: Shop, settings: Any, time: str) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    with nothing_changes():
        answer = shop.api.post("redemptions", order("ten-off"), X_Test_Clock=time)
        refused(answer, 422, "invalid", "X-Test-Clock")


def test_the_test_clock_is_not_heard_unless_it_is_allowed(shop: Shop) -> None:
    asked = shop.api.post("validations", cart("ten-off"), X_Test_Clock="1999-01-01T00:00:00Z")
    assert asked.body["valid"] is True


def test_a_request_for_a_foreign_host_is_a_problem_too(shop: Shop) -> None:
    refused(shop.api.get("coupons", Host="evil.example"), 400, "bad_request")


def test_the_api_answers_json_whatever_is_asked_for(shop: Shop) -> None:
    for accept in ("text/html", "image/png", "*/*", "nonsense"):
        answer = shop.api.get("coupons/ten-off", Accept=accept)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


def test_an_unknown_page_outside_the_api_is_a_page() -> None:
    answer = Client().get("/nothing-here")
    assert answer.status_code in (302, 404)
    assert answer["Content-Type"].startswith("text/html")


def test_wrong_keys_are_refused_before_the_body_is_read(shop: Shop) -> None:
    for key in ("", "x", "é" * 40, "a.b", "A" * 5_000, "'; DROP TABLE"):
        refused(Api(key).post("validations", b"{"), 401, "not_authenticated")
    for header in ("Bearer x", shop.api.key or "", "Api-Key", "Basic eDp5"):
        refused(Api(None).post("validations", b"{", Authorization=header), 401, "not_authenticated")


def test_a_slash_too_many_is_named(shop: Shop) -> None:
    answer = shop.api.post("validations/", cart())
    assert answer.code == "not_found"
    assert answer.body["detail"] == "Addresses have no slash at their end."


def test_the_detail_of_a_bad_request_names_the_first_field(shop: Shop) -> None:
    answer = shop.api.post("redemptions", cart("ten-off"))
    assert answer.body["errors"] == [{"field": "order", "message": "This is required."}]
    assert answer.body["detail"] == "order: This is required."
    line = {"id": "1", "quantity": 1, "unit_price": "1.00"}
    answer = shop.api.post("validations", {"currency": "USD", "lines": [line]})
    assert answer.body["errors"] == [{"field": "lines.0.sku", "message": "This is required."}]
