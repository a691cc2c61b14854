"""Every limit at its edge, and the rules of a coupon as a checkout meets them."""

from typing import Any

import pytest

from coupons.models import Code, Coupon, CouponCounter, CouponDay
from redemption.models import CustomerCounter, Use
from tests.shop import Shop, cart
from tests.verdicts import reasons, refuses, takes

pytestmark = pytest.mark.django_db(transaction=True)

ALWAYS = {"starts_at": "2020-01-01T00:00:00Z"}


@pytest.fixture
def shop(settings: Any) -> Shop:
    settings.HEXIAO_TEST_CLOCK = True
    return Shop.open()


def open_since_ever(shop: Shop, slug: str, **definition: Any) -> None:
    """Publish a coupon of 10 USD off that may be used at any time of the tests' clock."""
    shop.coupon(slug, **{**ALWAYS, **definition})
    Coupon.objects.update(published_at="2020-01-01T00:00:00Z")


# --- How often ---------------------------------------------------------------------


def test_uses_in_all(shop: Shop) -> None:
    shop.coupon("two", limits={"uses": 2})
    takes(shop, "two", ref="O-1")
    takes(shop, "two", ref="O-2")
    refuses(shop, "two", why="usage_limit_reached")
    assert CouponCounter.objects.get().uses == 2
    assert shop.api.patch("coupons/two", {"limits": {"uses": 3}}).status == 200
    takes(shop, "two", ref="O-3")


def test_uses_in_all_are_counted_over_unique_codes_too(shop: Shop) -> None:
    shop.coupon("two", code=None, limits={"uses": 2})
    shop.codes("two", "A1", "A2", "A3")
    takes(shop, "A1", ref="O-1")
    takes(shop, "A2", ref="O-2")
    refuses(shop, "A3", why="usage_limit_reached")
    assert list(Code.objects.order_by("text").values_list("text", "uses")) == [
        ("A1", 1),
        ("A2", 1),
        ("A3", 0),
    ]


@pytest.mark.parametrize("uses", [1, 2])
def test_uses_per_code(shop: Shop, uses: int) -> None:
    shop.coupon("unique", code=None, limits={"uses_per_code": uses})
    shop.codes("unique", "A1", "A2")
    for number in range(uses):
        takes(shop, "A1", ref=f"O-{number}")
    refuses(shop, "a-1", why="already_redeemed")
    takes(shop, "A2", ref="O-2nd")


def test_uses_per_code_do_not_bind_the_shared_code(shop: Shop) -> None:
    shop.coupon("shared", limits={"uses_per_code": 1})
    for number in range(3):
        takes(shop, "shared", ref=f"O-{number}")


def test_uses_per_customer(shop: Shop) -> None:
    shop.coupon("mine", limits={"uses_per_customer": 2})
    takes(shop, "mine", ref="O-1", customer="C-1")
    takes(shop, "mine", ref="O-2", customer="C-1")
    refuses(shop, "mine", why="customer_limit_reached", customer="C-1")
    takes(shop, "mine", ref="O-3", customer="C-2")
    counted = CustomerCounter.objects.order_by("customer__ref")
    assert list(counted.values_list("customer__ref", "uses")) == [("C-1", 2), ("C-2", 1)]


def test_uses_per_customer_ask_who_it_is(shop: Shop) -> None:
    shop.coupon("mine", limits={"uses_per_customer": 1})
    refuses(shop, "mine", why="customer_required")
    assert reasons(shop.api.post("validations", cart("mine"))) == ["customer_required"]


def test_uses_per_customer_are_counted_over_the_codes_of_a_coupon(shop: Shop) -> None:
    shop.coupon(
        "mine",
        code=None,
        limits={"uses_per_customer": 1},
        stacking_group="s",
        stacks_with=["s"],
    )
    shop.codes("mine", "A1", "A2")
    both = shop.api.post("validations", cart("A1", "A2", customer="C-1"))
    assert [a["code"] for a in both.body["applied"]] == ["A1"]
    assert reasons(both) == ["customer_limit_reached"]
    takes(shop, "A1", ref="O-1", customer="C-1")
    refuses(shop, "A2", why="customer_limit_reached", customer="C-1")


def test_uses_per_day_end_with_the_day_of_the_coupons_zone(shop: Shop) -> None:
    open_since_ever(shop, "daily", limits={"uses_per_day": 1}, time_zone="America/New_York")
    takes(shop, "daily", ref="O-1", at="2026-03-04T05:00:00Z")  # midnight there
    refuses(shop, "daily", why="daily_limit_reached", at="2026-03-05T04:59:59Z")
    takes(shop, "daily", ref="O-2", at="2026-03-05T05:00:00Z")
    days = CouponDay.objects.order_by("day")
    assert [(str(d.day), d.uses) for d in days] == [("2026-03-04", 1), ("2026-03-05", 1)]
    assert sorted(str(d) for d in Use.objects.values_list("counted_on", flat=True)) == [
        "2026-03-04",
        "2026-03-05",
    ]


def test_the_budget_is_spent_to_the_cent_and_a_discount_above_its_rest_refused_whole(
    shop: Shop,
) -> None:
    shop.coupon("budget", limits={"budget": {"USD": "25.00"}})
    takes(shop, "budget", ref="O-1")
    takes(shop, "budget", ref="O-2")
    refuses(shop, "budget", why="budget_exhausted")
    five = [{"id": "1", "sku": "A", "quantity": 1, "unit_price": "5.00"}]
    takes(shop, "budget", ref="O-3", lines=five)
    refuses(
        shop,
        "budget",
        why="budget_exhausted",
        lines=[{"id": "1", "sku": "A", "quantity": 1, "unit_price": "0.01"}],
    )
    counter = CouponCounter.objects.get()
    assert (counter.budget_minor, counter.budget_used_minor) == (2500, 2500)
    assert sorted(Use.objects.values_list("budget_minor", flat=True)) == [500, 1000, 1000]


def test_free_shipping_is_paid_from_the_budget_too(shop: Shop) -> None:
    shop.coupon("ship", kind="free_shipping", limits={"budget": {"USD": "10.00"}})
    takes(shop, "ship", ref="O-1", shipping="8.00")
    refuses(shop, "ship", why="budget_exhausted", shipping="8.00")
    takes(shop, "ship", ref="O-2", shipping="2.00")
    assert CouponCounter.objects.get().budget_used_minor == 1000


def test_all_limits_that_are_reached_are_told(shop: Shop) -> None:
    shop.coupon(
        "all",
        limits={
            "uses": 1,
            "uses_per_day": 1,
            "uses_per_customer": 1,
            "budget": {"USD": "10.00"},
        },
    )
    takes(shop, "all", ref="O-1", customer="C-1")
    quote = shop.api.post("validations", cart("all", customer="C-1"))
    assert reasons(quote) == [
        "usage_limit_reached",
        "daily_limit_reached",
        "budget_exhausted",
        "customer_limit_reached",
    ]
