"""The rules of a coupon as a checkout meets them: goods, customers, coupons together."""

from typing import Any

import pytest

from campaigns.models import Customer
from coupons.models import Channel, CouponCounter
from redemption.models import Redemption, Use
from tests.shop import Answer, Shop, cart, order
from tests.verdicts import reasons, redeem, refuses, takes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


# --- Goods -------------------------------------------------------------------------

BARE = [
    {"id": "1", "sku": "SHOE", "quantity": 1, "unit_price": "20.00"},
    {"id": "2", "sku": "HAT", "quantity": 1, "unit_price": "60.00"},
]


def discounts(answer: Answer) -> dict[str, str]:
    return {line["id"]: line["discount"] for line in answer.body["lines"]}


def test_category_and_sale_fall_back_to_the_product(shop: Shop) -> None:
    shop.api.put("products/SHOE", {"category": "shoes/running"})
    shop.api.put("products/HAT", {"category": "hats", "on_sale": True})
    shop.coupon("shoes", scope={"categories": ["shoes"]})
    shop.coupon("full", scope={"exclude_sale_items": True})
    for code in ("shoes", "full"):
        quote = shop.api.post("validations", cart(code, lines=BARE))
        assert discounts(quote) == {"1": "10.00", "2": "0.00"}, code
    # What the cart says wins.
    told = [BARE[0] | {"category": "gifts", "on_sale": True}, BARE[1] | {"category": "shoes"}]
    quote = shop.api.post("validations", cart("shoes", lines=told))
    assert discounts(quote) == {"1": "0.00", "2": "10.00"}
    told[1] |= {"on_sale": False}
    quote = shop.api.post("validations", cart("full", lines=told))
    assert discounts(quote) == {"1": "0.00", "2": "10.00"}


def test_an_unknown_product_is_in_no_category_and_not_on_sale(shop: Shop) -> None:
    shop.coupon("shoes", scope={"categories": ["shoes"]})
    shop.coupon("full", scope={"exclude_sale_items": True})
    refuses(shop, "shoes", why="no_applicable_items", lines=BARE)
    assert shop.api.post("validations", cart("full", lines=BARE)).body["valid"] is True


@pytest.mark.parametrize(
    ("category", "fits"),
    [
        ("shoes", True),
        ("shoes/running", True),
        ("shoes/running/trail", True),
        ("shoestrings", False),
        ("Shoes", False),
        ("", False),
    ],
)
def test_a_category_holds_everything_below_it(shop: Shop, category: str, fits: bool) -> None:
    shop.coupon("shoes", scope={"categories": ["shoes"]})
    lines = [BARE[0] | {"category": category}]
    quote = shop.api.post("validations", cart("shoes", lines=lines))
    assert quote.body["valid"] is fits


def test_products_are_named_or_excluded_by_sku(shop: Shop) -> None:
    shop.coupon("hat", scope={"products": ["HAT"]})
    shop.coupon("no-hat", scope={"exclude_products": ["HAT"]})
    assert discounts(shop.api.post("validations", cart("hat", lines=BARE))) == {
        "1": "0.00",
        "2": "10.00",
    }
    assert discounts(shop.api.post("validations", cart("no-hat", lines=BARE))) == {
        "1": "10.00",
        "2": "0.00",
    }


def test_the_minimum_spend_is_met_to_the_cent_by_the_lines_in_scope(shop: Shop) -> None:
    shop.coupon("min", min_spend={"USD": "60.00"}, scope={"products": ["HAT"]})
    assert shop.api.post("validations", cart("min", lines=BARE)).body["valid"] is True
    short = [BARE[0], BARE[1] | {"unit_price": "59.99"}]
    quote = shop.api.post("validations", cart("min", lines=short))
    (why,) = quote.body["rejected"][0]["reasons"]
    assert (why["reason"], why["missing"]) == ("min_spend_not_met", "0.01")


# --- Who ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "customer", "fits"),
    [
        ({"tags": ["vip", "press"]}, {"tags": ["vip"]}, True),
        ({"tags": ["vip"]}, {"tags": ["VIP"]}, False),
        ({"tags": ["vip"]}, {}, False),
        ({"tiers": ["gold"]}, {"tier": "gold"}, True),
        ({"tiers": ["gold"]}, {"tier": "silver"}, False),
        ({"tiers": ["gold"], "tags": ["vip"]}, {"tier": "gold"}, False),
        ({"tiers": ["gold"], "tags": ["vip"]}, {"tier": "gold", "tags": ["vip"]}, True),
        ({"ids": ["C-1", "C-2"]}, {}, True),
        ({"ids": ["C-2"]}, {}, False),
        ({"who": "new"}, {}, True),
        ({"who": "returning"}, {}, False),
    ],
)
def test_a_coupon_for_certain_customers(
    shop: Shop, rule: dict[str, Any], customer: dict[str, Any], fits: bool
) -> None:
    shop.coupon("some", customers=rule)
    shop.api.put("customers/C-1", customer)
    if fits:
        takes(shop, "some", ref="O-1", customer="C-1")
    else:
        refuses(shop, "some", why="customer_not_eligible", customer="C-1")
    assert reasons(shop.api.post("validations", cart("some"))) == ["customer_required"]


def test_new_and_returning_customers_are_told_by_their_paid_orders(shop: Shop) -> None:
    shop.coupon("new", customers={"who": "new"})
    shop.coupon("again", customers={"who": "returning"})
    shop.api.put("customers/C-1", {})
    Customer.objects.update(paid_orders=1)
    refuses(shop, "new", why="customer_not_eligible", customer="C-1")
    assert shop.api.post("validations", cart("again", customer="C-1")).body["valid"] is True
    assert shop.api.post("validations", cart("new", customer="C-2")).body["valid"] is True


@pytest.mark.parametrize(
    ("rule", "field", "good", "why"),
    [
        ("countries", "country", "US", "country_not_allowed"),
        ("channels", "channel", "web-us", "channel_not_allowed"),
        ("payment_methods", "payment_method", "paypal", "payment_method_not_allowed"),
        ("partners", "partner", "blog", "partner_required"),
    ],
)
def test_a_condition_on_the_cart(shop: Shop, rule: str, field: str, good: str, why: str) -> None:
    shop.coupon("some", **{rule: [good, "XX"]})
    refuses(shop, "some", why=why)
    refuses(shop, "some", why=why, **{field: "ZZ"})
    takes(shop, "some", ref="O-1", **{field: good})


def test_the_keys_channel_wins_over_the_carts(shop: Shop) -> None:
    web = Channel.objects.create(merchant=shop.merchant, slug="web-us", name="Web")
    shop.coupon("web", channels=["web-us"])
    shop.coupon("till", channels=["till"])
    api = shop.with_scopes("checkout", "redeem", channel=web)
    assert api.post("validations", cart("web", channel="till")).body["valid"] is True
    assert reasons(api.post("validations", cart("till", channel="till"))) == ["channel_not_allowed"]
    api.post("redemptions", order("web", channel="till"))
    assert Redemption.objects.get().channel == web


@pytest.mark.parametrize(("key", "fits"), [("automatic", ["automatic"]), ("api", ["api"])])
def test_the_keys_method_is_the_method_of_redemption(shop: Shop, key: str, fits: list[str]) -> None:
    for method in ("automatic", "manual", "api", "batch"):
        shop.coupon(f"by-{method}", methods=[method])
    api = shop.with_scopes("checkout", "redeem", method=key)
    for method in ("automatic", "manual", "api", "batch"):
        answer = api.post("redemptions", order(f"by-{method}", ref=method))
        if method in fits:
            assert answer.status == 201, answer
            assert Redemption.objects.get(order_ref=method).method == key
        else:
            assert reasons(answer) == ["method_not_allowed"]


# --- Together ----------------------------------------------------------------------


def test_coupons_do_not_stack_unless_both_say_so(shop: Shop) -> None:
    shop.coupon("a", stacking_group="g", stacks_with=["h"])
    shop.coupon("b", stacking_group="h")
    refuses(shop, "a", "b", why="not_combinable")
    quote = shop.api.post("validations", cart("b", "a"))
    assert [a["code"] for a in quote.body["applied"]] == ["B"]
    assert [r["code"] for r in quote.body["rejected"]] == ["A"]


def test_coupons_that_stack_are_redeemed_together(shop: Shop) -> None:
    shop.coupon("a", stacking_group="g", stacks_with=["h"], priority=2)
    shop.coupon(
        "b", kind="percent_off", percent="10", stacking_group="h", stacks_with=["g"], priority=1
    )
    done = takes(shop, "a", "b", ref="O-1")
    assert [(a["code"], a["discount"]) for a in done.body["applied"]] == [
        ("B", "10.00"),
        ("A", "10.00"),
    ]
    assert (done.body["discount"], done.body["payable"]) == ("20.00", "79.98")
    assert Use.objects.count() == 2
    assert set(CouponCounter.objects.values_list("uses", flat=True)) == {1}


def test_the_same_group_stacks_only_if_it_is_in_its_own_set(shop: Shop) -> None:
    for slug in ("a", "b"):
        shop.coupon(slug, stacking_group="g")
    refuses(shop, "a", "b", why="not_combinable")
    for slug in ("c", "d"):
        shop.coupon(slug, stacking_group="g2", stacks_with=["g2"])
    takes(shop, "c", "d", ref="O-1")


def test_a_second_code_must_go_with_those_the_order_has_used(shop: Shop) -> None:
    shop.coupon("a", stacking_group="g", stacks_with=["g"])
    shop.coupon("b", stacking_group="g", stacks_with=["g"])
    shop.coupon("lonely")
    takes(shop, "a", ref="O-1")
    refused = redeem(shop, "lonely", ref="O-1")
    assert reasons(refused) == ["not_combinable"]
    second = takes(shop, "b", ref="O-1")
    assert [a["code"] for a in second.body["applied"]] == ["B"]
    assert Redemption.objects.filter(order_ref="O-1").count() == 2


def test_two_redemptions_of_an_order_never_take_more_than_it_is_worth(shop: Shop) -> None:
    for slug in ("a", "b", "c"):
        shop.coupon(slug, value={"USD": "40.00"}, stacking_group="g", stacks_with=["g"])
    assert takes(shop, "a", ref="O-1").body["discount"] == "40.00"
    assert takes(shop, "b", ref="O-1").body["applied"][0]["discount"] == "40.00"
    assert takes(shop, "c", ref="O-1").body["applied"][0]["discount"] == "19.98"


@pytest.mark.parametrize(
    ("policy", "discount", "why"),
    [
        ("stack", "10.00", None),
        ("better_of", "4.00", None),
        ("refuse", None, "member_price_conflict"),
    ],
)
def test_member_prices(shop: Shop, policy: str, discount: str | None, why: str | None) -> None:
    shop.coupon("ten-off", member_prices=policy)
    lines = [BARE[0], BARE[1] | {"member_discount": "6.00"}]
    if why is not None:
        refuses(shop, "ten-off", why=why, lines=lines)
        return
    body = takes(shop, "ten-off", ref="O-1", lines=lines).body
    assert (body["subtotal"], body["member_discount"]) == ("80.00", "6.00")
    assert body["discount"] == discount
    total = 8000 - 600 - round(float(discount or 0) * 100)
    assert body["payable"] == f"{total // 100}.{total % 100:02}"


def test_a_member_price_that_is_better_leaves_no_effect(shop: Shop) -> None:
    shop.coupon("ten-off", member_prices="better_of")
    lines = [BARE[0], BARE[1] | {"member_discount": "10.00"}]
    refuses(shop, "ten-off", why="no_effect", lines=lines)


def test_a_line_its_member_discount_eats_up_is_not_eligible(shop: Shop) -> None:
    shop.coupon("hat", scope={"products": ["HAT"]})
    lines = [BARE[0], BARE[1] | {"member_discount": "60.00"}]
    refuses(shop, "hat", why="no_applicable_items", lines=lines)


@pytest.mark.parametrize(
    ("currency", "prices", "discount"),
    [("USD", "60.00", "10.00"), ("JPY", "6000", "1500"), ("KWD", "60.000", "3.125")],
)
def test_amounts_have_the_decimals_of_their_currency(
    shop: Shop, currency: str, prices: str, discount: str
) -> None:
    shop.coupon("ten-off", value={"USD": "10.00", "JPY": "1500", "KWD": "3.125"})
    lines = [{"id": "1", "sku": "A", "quantity": 1, "unit_price": prices}]
    body = takes(shop, "ten-off", ref="O-1", currency=currency, lines=lines).body
    assert (body["discount"], body["subtotal"]) == (discount, prices)


def test_a_currency_without_an_amount_is_not_supported(shop: Shop) -> None:
    shop.coupon("ten-off")
    lines = [{"id": "1", "sku": "A", "quantity": 1, "unit_price": "60.00"}]
    refuses(shop, "ten-off", why="currency_not_supported", currency="EUR", lines=lines)
