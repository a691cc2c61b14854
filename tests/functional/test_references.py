"""A coupon names only what the shop has."""

from typing import Any

import pytest

from coupons.models import Category, Coupon, Product
from tests.definitions import MINIMAL, fields
from tests.shop import Shop

pytestmark = pytest.mark.django_db

GROUP = {"kind": "buy_x_get_y", "value": None, "buy_quantity": 1, "get_quantity": 1}


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    Category.objects.create(merchant=shop.merchant, path="shoes/running")
    Product.objects.create(merchant=shop.merchant, sku="SHOE", currency="USD")
    other = Shop.open("other")
    other.sells({"scope": {"categories": ["hats"]}, "gifts": [{"sku": "HAT"}]})
    return shop


@pytest.mark.parametrize(
    ("named", "field", "message"),
    [
        ({"scope": {"categories": ["shoes", "hats"]}}, "scope.categories.1", "category hats"),
        ({"scope": {"exclude_categories": ["sh"]}}, "scope.exclude_categories.0", "category sh"),
        (GROUP | {"get_scope": {"categories": ["x"]}}, "get_scope.categories.0", "category x"),
        ({"kind": "gift", "value": None, "gifts": [{"sku": "HAT"}]}, "gifts.0.sku", "product HAT"),
    ],
)
def test_what_the_shop_does_not_have_is_told_where_it_stands(
    shop: Shop, named: dict[str, Any], field: str, message: str
) -> None:
    answer = shop.api.post("coupons", MINIMAL | named)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.body["errors"] == [{"field": field, "message": f"There is no {message}."}]
    assert Coupon.objects.count() == 0


def test_what_the_shop_has_is_taken_and_a_category_above_a_known_one_too(shop: Shop) -> None:
    scope = {"categories": ["shoes", "shoes/running"]}
    gift = {"kind": "gift", "value": None, "gifts": [{"sku": "SHOE"}]}
    answer = shop.api.post("coupons", MINIMAL | gift | {"scope": scope})
    assert answer.status == 201, answer


def test_a_shop_without_categories_is_believed_and_so_are_products_and_channels() -> None:
    shop = Shop.open()
    named = {"scope": {"categories": ["hats"], "products": ["HAT"]}, "channels": ["till"]}
    answer = shop.api.post("coupons", MINIMAL | named)
    assert answer.status == 201, answer


def test_of_many_unknown_ones_the_first_few_are_named(shop: Shop) -> None:
    paths = [f"p-{n:02}" for n in range(50)]
    answer = shop.api.post("coupons", MINIMAL | {"scope": {"categories": paths}})
    assert fields(answer) == [*(f"scope.categories.{n}" for n in range(5)), "scope.categories"]
    assert answer.body["errors"][5]["message"] == "45 more of these are unknown."


def test_a_coupon_goes_on_naming_a_gift_that_is_gone(shop: Shop) -> None:
    gift = {"kind": "gift", "value": None, "gifts": [{"sku": "SHOE"}]}
    shop.api.post("coupons", MINIMAL | gift)
    Product.objects.of(shop.merchant).delete()
    assert shop.api.patch("coupons/s-1", {"name": "Other"}).status == 200
    answer = shop.api.patch("coupons/s-1", {"gifts": [{"sku": "SHOE"}, {"sku": "HAT"}]})
    assert fields(answer) == ["gifts.1.sku"]
