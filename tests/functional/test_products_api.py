"""Products over the API: what is sent is set, what is left out stays."""

from typing import Any

import pytest

from coupons.models import Category, Product
from tests.shop import Answer, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

WHOLE: dict[str, Any] = {
    "name": "Shoe",
    "category": "shoes/running",
    "currency": "EUR",
    "price": "19.99",
    "cost": "8.00",
    "on_sale": True,
    "stock": 7,
}


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def fields(answer: Answer) -> list[str]:
    return [error["field"] for error in answer.body["errors"]]


def test_a_product_is_created_and_changed(shop: Shop) -> None:
    made = shop.api.put("products/A1", WHOLE)
    assert (made.status, made.body) == (200, {"sku": "A1", **WHOLE})
    changed = shop.api.put("products/A1", {"on_sale": False})
    assert changed.body == made.body | {"on_sale": False}
    assert Product.objects.count() == 1
    assert list(Category.objects.values_list("path", flat=True)) == ["shoes/running"]


def test_nothing_sent_is_a_product_in_the_merchants_currency(shop: Shop) -> None:
    assert shop.api.put("products/A1", {}).body == {
        "sku": "A1",
        "name": "",
        "category": None,
        "currency": "USD",
        "price": None,
        "cost": None,
        "on_sale": False,
        "stock": None,
    }


def test_null_empties_what_may_be_empty(shop: Shop) -> None:
    shop.api.put("products/A1", WHOLE)
    nulls = {"category": None, "price": None, "cost": None, "stock": None}
    assert shop.api.put("products/A1", nulls).body == {"sku": "A1", **WHOLE} | nulls


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"name": None}, "name"),
        ({"name": "n" * 301}, "name"),
        ({"category": ""}, "category"),
        ({"category": "/shoes"}, "category"),
        ({"category": "shoes/"}, "category"),
        ({"category": "shoes//running"}, "category"),
        ({"category": "c" * 501}, "category"),
        ({"currency": "XXZ"}, "currency"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "US"}, "currency"),
        ({"price": 19.99}, "price"),
        ({"price": "19.999"}, "price"),
        ({"price": "-1.00"}, "price"),
        ({"price": ""}, "price"),
        ({"cost": "1,00"}, "cost"),
        ({"on_sale": 1}, "on_sale"),
        ({"stock": "7"}, "stock"),
        ({"stock": 2**31}, "stock"),
    ],
)
def test_what_makes_no_sense_is_refused(shop: Shop, change: dict[str, Any], wrong: str) -> None:
    with nothing_changes():
        answer = shop.api.put("products/A1", change)
    assert (answer.status, answer.code, fields(answer)) == (422, "invalid", [wrong])


def test_amounts_are_read_in_the_currency_that_the_product_has(shop: Shop) -> None:
    shop.api.put("products/A1", {"currency": "JPY", "price": "1500"})
    with nothing_changes():
        assert fields(shop.api.put("products/A1", {"price": "19.99"})) == ["price"]
    assert shop.api.put("products/A1", {"price": "1600"}).body["price"] == "1600"
    assert Product.objects.get().price_minor == 1600


def test_another_currency_needs_every_amount_anew(shop: Shop) -> None:
    shop.api.put("products/A1", {"currency": "JPY", "price": "1500", "cost": "700"})
    with nothing_changes():
        assert fields(shop.api.put("products/A1", {"currency": "USD"})) == ["price", "cost"]
        wrong = shop.api.put("products/A1", {"currency": "USD", "price": "9.99"})
        assert fields(wrong) == ["cost"]
        bulk = shop.api.post("products/bulk", {"products": [{"sku": "A1", "currency": "USD"}]})
        assert [e["field"] for e in bulk.body["errors"]] == ["price", "cost"]
    anew = {"currency": "USD", "price": "9.99", "cost": None}
    assert shop.api.put("products/A1", anew).body["price"] == "9.99"


def test_bulk_creates_updates_and_tells_what_is_wrong_by_its_place(shop: Shop) -> None:
    shop.api.put("products/A1", WHOLE)
    answer = shop.api.post(
        "products/bulk",
        {
            "products": [
                {"sku": "A1", "price": "20.00"},
                {"sku": "A2", "price": "1.999"},
                {"price": "1.00"},
                {"sku": "A3", "category": "hats"},
                {"sku": "A3"},
                {"sku": "A4", "currency": "XXZ"},
            ]
        },
    )
    assert (answer.status, answer.body["created"], answer.body["updated"]) == (200, 1, 1)
    assert [(e["index"], e["field"]) for e in answer.body["errors"]] == [
        (1, "price"),
        (2, "sku"),
        (4, "sku"),
        (5, "currency"),
    ]
    # In the currency it has, which is not the merchant's.
    kept = Product.objects.get(sku="A1")
    assert (kept.price_minor, kept.currency, kept.cost_minor) == (2000, "EUR", 800)


def test_bulk_takes_a_thousand_and_no_more(shop: Shop) -> None:
    rows = [{"sku": f"A{i}", "category": f"c/{i % 10}"} for i in range(1_001)]
    with nothing_changes():
        assert fields(shop.api.post("products/bulk", {"products": rows})) == ["products"]
    done = shop.api.post("products/bulk", {"products": rows[:1_000]})
    assert done.body == {"created": 1_000, "updated": 0, "errors": []}
    assert Category.objects.count() == 10


def test_two_merchants_may_have_products_and_categories_of_the_same_name(shop: Shop) -> None:
    other = Shop.open("other", currency="EUR")
    shop.api.put("products/A1", {"category": "hats", "price": "1.00"})
    body = other.api.put("products/A1", {"category": "hats"}).body
    assert (body["price"], body["currency"]) == (None, "EUR")
    assert Category.objects.count() == 2
