"""A coupon tried on a cart in the console: the quote, the reasons, and nothing written."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from campaigns.models import Customer
from coupons.models import Coupon, CouponDay, JournalEntry, Product, Role
from redemption.models import Order, OrderLine, Redemption
from tests.people import Person, person
from tests.shop import NOW, Shop, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    for sku, price in (("SHOE", 1999), ("HAT", 6000), ("FREE", None)):
        Product.objects.create(merchant=shop.merchant, sku=sku, currency="USD", price_minor=price)
    return shop


@pytest.fixture
def bob(shop: Shop) -> Person:
    return person("bob", shop.merchant, Role.OPERATOR)


def tried(bob: Person, **typed: Any) -> Any:
    """Price what is typed, as the page does while one types."""
    coupon = Coupon.objects.get()
    return bob.client.get(
        f"/redemption/order/try/{coupon.pk}/", typed, headers={"HX-Request": "true"}
    )


GOODS = {"goods-0-sku": "SHOE", "goods-0-quantity": "2", "goods-4-sku": "HAT"}


def test_a_draft_is_priced_line_by_line_and_nothing_is_written(shop: Shop, bob: Person) -> None:
    shop.coupon("ten-off", publish=False)
    before = JournalEntry.objects.count()
    quote = tried(bob, **GOODS, shipping="8").context["quote"]
    assert quote["lines"] == [
        ("SHOE", 2, "19.99", "4.00", "35.98"),
        ("HAT", 1, "60.00", "6.00", "54.00"),
    ]
    assert (quote["answer"].discount, quote["answer"].payable) == ("10.00", "97.98")
    assert quote["final_price"] == "89.98"
    assert quote["reasons"] == []
    assert (JournalEntry.objects.count(), Redemption.objects.count()) == (before, 0)
    assert Customer.objects.count() == 0


def test_the_reasons_are_told_in_the_readers_language(shop: Shop, bob: Person) -> None:
    shop.coupon("ten-off", min_spend={"USD": "100.00"}, claim_required=True)
    told = tried(bob, **GOODS, customer="C-1").content.decode()
    assert "0.02 USD more and you save 10.00 USD with this coupon." in told
    bob.client.cookies["django_language"] = "zh-hans"
    assert tried(bob, **GOODS, customer="C-1").context["quote"]["reasons"] == [
        "再消费 0.02 USD，使用该优惠券可减 10.00 USD。"
    ]


def test_a_past_order_is_tried_with_its_own_prices(shop: Shop, bob: Person) -> None:
    shop.coupon("ten-off", kind="percent_off", percent="50")
    order = Order.objects.create(
        merchant=shop.merchant,
        ref="O-7",
        status="paid",
        currency="USD",
        total_minor=3000,
        placed_at=NOW,
    )
    OrderLine.objects.create(
        merchant=shop.merchant, order=order, ref="1", sku="OLD", quantity=3, unit_price_minor=1000
    )
    quote = tried(bob, order="O-7").context["quote"]
    assert quote["lines"] == [("OLD", 3, "10.00", "15.00", "15.00")]


def test_what_the_customer_and_the_day_have_used_counts(shop: Shop, bob: Person) -> None:
    shop.coupon("ten-off", limits={"uses_per_customer": 1, "uses_per_day": 2})
    for n in (1, 2):
        used = order("ten-off", ref=f"O-{n}", customer=f"C-{n}")
        assert shop.api.post("redemptions", used).status == 201

    def reasons(customer: str) -> list[str]:
        return tried(bob, **GOODS, customer=customer).context["quote"]["reasons"]

    today, often = (
        "All of today's coupons have been used; try again tomorrow.",
        "You have used this coupon as often as it allows.",
    )
    assert reasons("C-1") == [today, often]
    assert reasons("C-9") == [today]
    CouponDay.objects.update(day=F("day") - timedelta(days=1))
    assert reasons("C-1") == [often]
    assert reasons("C-9") == []


def test_products_are_offered_with_their_own_price(shop: Shop, bob: Person) -> None:
    Product.objects.create(
        merchant=shop.merchant, sku="SHIRT", name="Shirt", currency="EUR", price_minor=500
    )
    other = Shop.open("other")
    Product.objects.create(merchant=other.merchant, sku="SHAWL", currency="USD", price_minor=1)
    offered = bob.get("/coupons/product/offers/", q="SH").context["offers"]
    assert offered == [
        {"value": "SHIRT", "label": "Shirt · 5.00 EUR", "price": ""},
        {"value": "SHOE", "label": "19.99 USD", "price": "19.99"},
    ]
    analyst = person("ann", shop.merchant, Role.RISK_ANALYST)
    assert analyst.get("/coupons/product/offers/", q="SH").status_code == 404


def test_past_orders_are_offered_newest_first_or_by_how_they_begin(shop: Shop, bob: Person) -> None:
    for n, ref in enumerate(("O-8", "O-7", "P-1")):
        Order.objects.create(
            merchant=shop.merchant,
            ref=ref,
            status="paid",
            currency="USD",
            total_minor=3000,
            placed_at=NOW + timedelta(days=n),
        )

    def refs(typed: str) -> list[str]:
        offered = bob.get("/redemption/order/try/orders/", q=typed).context["offers"]
        return [each["value"] for each in offered]

    assert refs("") == ["P-1", "O-7", "O-8"]
    assert refs("O-") == ["O-7", "O-8"]
    offered = bob.get("/redemption/order/try/orders/", q="P").content.decode()
    assert 'label="2026-03-06 12:00 · 30.00 USD"' in offered
    reviewer = person("rita", shop.merchant, Role.REVIEWER)
    assert reviewer.get("/redemption/order/try/orders/").status_code == 404


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"goods-0-sku": "CUP"}, "goods", "Entry 1: There is no product CUP."),
        ({"goods-0-sku": "FREE"}, "goods", "Entry 1: FREE has no price; type one."),
        ({"order": "O-9"}, "order", "There is no such order."),
        ({"goods-0-sku": "HAT", "goods-0-unit_price": "1.234"}, "goods", "Entry 1: USD has"),
    ],
)
def test_what_cannot_be_priced_is_told(
    shop: Shop, bob: Person, typed: dict[str, str], field: str, message: str
) -> None:
    shop.coupon("ten-off")
    answer = tried(bob, **typed)
    assert answer.status_code == 200
    assert answer.context["form"].errors[field][0].startswith(message)
    assert answer.context["quote"] is None


def test_the_page_is_reached_from_the_coupon_and_by_its_own_people_only(
    shop: Shop, bob: Person
) -> None:
    shop.coupon("ten-off")
    coupon = Coupon.objects.get()
    page = f"/redemption/order/try/{coupon.pk}/"
    assert page in bob.get(f"/coupons/coupon/{coupon.pk}/change/").content.decode()
    assert bob.get(page).status_code == 200
    reviewer = person("rita", shop.merchant, Role.REVIEWER).get(page)
    assert list(reviewer.context["form"].fields) == ["goods", "country", "shipping"]
    assert person("c", shop.merchant, Role.CLERK).get(page).status_code == 404
    other = Shop.open("other")
    assert person("charlie", other.merchant, Role.OWNER).get(page).status_code == 404
