"""Every kind of coupon and every condition, made, published, priced and redeemed over the API."""

from typing import Any

import pytest

from campaigns.models import Customer
from redemption.models import Redemption, Use, UseLine
from tests.shop import Shop, cart, order
from tests.unchanged import nothing_changes
from tests.verdicts import reasons, redeem, refuses, takes

pytestmark = pytest.mark.django_db(transaction=True)

SATURDAY = "2027-01-02T{}:00+00:00"
FRIDAY = "2027-01-01T{}:00+00:00"
#: 3 × 1500 and 1001: 5501 yen.
YEN = {
    "currency": "JPY",
    "shipping": "800",
    "lines": [
        {"id": "1", "sku": "A", "quantity": 3, "unit_price": "1500"},
        {"id": "2", "sku": "B", "quantity": 1, "unit_price": "1001"},
    ],
}
#: 3 × 1.255 and 0.333: 4.098 dinars.
DINARS = {
    "currency": "KWD",
    "shipping": "2.500",
    "lines": [
        {"id": "1", "sku": "A", "quantity": 3, "unit_price": "1.255"},
        {"id": "2", "sku": "B", "quantity": 1, "unit_price": "0.333"},
    ],
}
DOLLARS = {"shipping": "8.00"}


@pytest.fixture
def shop(settings: Any) -> Shop:
    settings.HEXIAO_TEST_CLOCK = True
    return Shop.open()


# --- What each kind takes off --------------------------------------------------------

TIERS = [
    {"min_spend": {"USD": "50", "JPY": "5000", "KWD": "4"}, "percent": "15"},
    {
        "min_spend": {"USD": "100", "JPY": "9000", "KWD": "9"},
        "value": {"USD": "40", "JPY": "4000", "KWD": "4"},
    },
]
EVERY = {
    "step": {"USD": "30", "JPY": "1000", "KWD": "1.500"},
    "value": {"USD": "4", "JPY": "100", "KWD": "0.125"},
}
PAIR = {"kind": "buy_x_get_y", "buy_quantity": 1, "get_quantity": 1}
#: (kind with what it needs, cart, off line 1, off line 2, off shipping)
TAKES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str, str]] = {
    "amount": ({"kind": "amount_off"}, DOLLARS, "4.00", "6.00", "0.00"),
    "amount above the cart": ({"value": {"USD": "500"}}, DOLLARS, "39.98", "60.00", "0.00"),
    "amount in yen": ({"value": {"JPY": "1000"}}, YEN, "818", "182", "0"),
    "amount in dinars": ({"value": {"KWD": "1.001"}}, DINARS, "0.920", "0.081", "0.000"),
    "percent": ({"kind": "percent_off", "percent": "20"}, DOLLARS, "8.00", "12.00", "0.00"),
    "percent with decimals": (
        {"kind": "percent_off", "percent": "12.5", "scope": {"categories": ["shoes"]}},
        DOLLARS, "5.00", "0.00", "0.00"),
    "percent up to its cap": (
        {"kind": "percent_off", "percent": "20", "cap": {"USD": "10"}},
        DOLLARS, "4.00", "6.00", "0.00"),
    "percent of yen": ({"kind": "percent_off", "percent": "15"}, YEN, "675", "150", "0"),
    "percent of dinars": (
        {"kind": "percent_off", "percent": "12.5"}, DINARS, "0.470", "0.042", "0.000"),
    "shipping": ({"kind": "free_shipping"}, DOLLARS, "0.00", "0.00", "8.00"),
    "shipping up to its cap": (
        {"kind": "free_shipping", "cap": {"USD": "5"}}, DOLLARS, "0.00", "0.00", "5.00"),
    "shipping in yen": ({"kind": "free_shipping"}, YEN, "0", "0", "800"),
    "shipping in dinars": (
        {"kind": "free_shipping", "cap": {"KWD": "1.255"}}, DINARS, "0.000", "0.000", "1.255"),
    "lower tier": ({"kind": "tiered", "tiers": TIERS}, DOLLARS, "6.00", "9.00", "0.00"),
    "higher tier": (
        {"kind": "tiered", "tiers": TIERS},
        {"lines": [*cart()["lines"], {"id": "3", "sku": "PIN", "quantity": 1,
                                      "unit_price": "0.02"}]},
        "15.99", "24.00", "0.00"),
    "tier in yen": ({"kind": "tiered", "tiers": TIERS}, YEN, "675", "150", "0"),
    "tier in dinars": ({"kind": "tiered", "tiers": TIERS}, DINARS, "0.565", "0.050", "0.000"),
    "every": ({"kind": "tiered", "every": EVERY}, DOLLARS, "4.80", "7.20", "0.00"),
    "every so many times": (
        {"kind": "tiered", "every": {**EVERY, "max_times": 2}}, DOLLARS, "3.20", "4.80", "0.00"),
    "every in yen": ({"kind": "tiered", "every": EVERY}, YEN, "409", "91", "0"),
    "every in dinars": ({"kind": "tiered", "every": EVERY}, DINARS, "0.230", "0.020", "0.000"),
    "buy two, get the cheapest": (
        {**PAIR, "buy_quantity": 2}, DOLLARS, "19.99", "0.00", "0.00"),
    "half off the second": ({**PAIR, "get_percent": "50"}, DOLLARS, "10.00", "0.00", "0.00"),
    "buy one thing, get another": (
        {**PAIR, "get_quantity": 2, "scope": {"products": ["HAT"]},
         "get_scope": {"products": ["SHOE"]}},
        DOLLARS, "39.98", "0.00", "0.00"),
    "get in yen": (PAIR, YEN, "1500", "1001", "0"),
    "get in yen once": ({**PAIR, "max_times": 1}, YEN, "1500", "0", "0"),
    "get in dinars": ({**PAIR, "get_percent": "33.33"}, DINARS, "0.418", "0.111", "0.000"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKES)
def test_a_kind_takes_the_same_off_when_priced_and_when_redeemed(shop: Shop, name: str) -> None:
    definition, changes, first, second, shipping = TAKES[name]
    shop.coupon("one", **definition)
    with nothing_changes():
        quote = shop.api.post("validations", cart("one", **changes))
    assert quote.body["valid"] is True, quote
    (applied,) = quote.body["applied"]
    assert applied["kind"] == definition.get("kind", "amount_off")
    assert [line["discount"] for line in quote.body["lines"]][:2] == [first, second]
    assert quote.body["shipping_discount"] == applied["shipping_discount"] == shipping
    redeemed = takes(shop, "one", ref="O-1", **changes).body
    assert {key: redeemed[key] for key in quote.body if key != "lines"} == {
        key: value for key, value in quote.body.items() if key != "lines"
    }
    assert shop.api.get(f"redemptions/{redeemed['id']}").body == redeemed
    use = Use.objects.get()
    kept = {line["id"]: _minor(line["discount"]) for line in applied["lines"]}
    assert dict(UseLine.objects.values_list("line_ref", "discount_minor")) == kept
    assert (use.discount_minor, sum(kept.values())) == (_minor(applied["discount"]),) * 2
    assert use.shipping_discount_minor == _minor(shipping)


def _minor(amount: str) -> int:
    return int(amount.replace(".", ""))


# --- What is not money ---------------------------------------------------------------

MUG = [{"sku": "MUG", "quantity": 2}]


@pytest.mark.parametrize(
    ("definition", "gifts"),
    [
        ({"kind": "pass"}, []),
        ({"kind": "draw", "prizes": [{"name": "Next time", "weight": 1}]}, []),
        ({"kind": "gift", "gifts": MUG}, MUG),
        ({"kind": "gift", "gifts": MUG, "member_prices": "refuse"}, MUG),
    ],
)
@pytest.mark.parametrize(("currency", "nothing"), [("USD", "0.00"), ("JPY", "0"), ("KWD", "0.000")])
def test_a_coupon_without_a_cart_is_redeemed_with_empty_lines(
    shop: Shop, definition: dict[str, Any], gifts: list[Any], currency: str, nothing: str
) -> None:
    shop.api.put("products/MUG", {})
    shop.coupon("one", **definition)
    empty: dict[str, Any] = {"lines": [], "currency": currency}
    assert shop.api.post("validations", cart("one", **empty)).body["valid"] is True
    body = takes(shop, "one", ref="O-1", **empty).body
    blank = {"prize": {"name": "Next time", "coupon": None, "code": None}}
    assert body["applied"] == [
        {
            "code": "ONE",
            "coupon": "one",
            "name": "One",
            "kind": definition["kind"],
            "discount": nothing,
            "shipping_discount": nothing,
            "lines": [],
            "gifts": gifts,
            **(blank if definition["kind"] == "draw" else {}),
        }
    ]
    amounts = ("subtotal", "discount", "shipping", "shipping_discount", "payable")
    assert {body[name] for name in amounts} == {nothing}
    assert (body["lines"], body["status"]) == ([], "redeemed")
    assert (Use.objects.get().discount_minor, UseLine.objects.count()) == (0, 0)
    # The same again is the same redemption.
    again = redeem(shop, "one", ref="O-1", **empty)
    assert (again.status, again.body) == (200, body)
    assert Redemption.objects.count() == 1


def test_a_ticket_with_a_code_of_its_own_admits_once(shop: Shop) -> None:
    shop.coupon("show", kind="pass", code=None)
    shop.codes("show", "SEAT-1", "SEAT-2")
    takes(shop, "SEAT1", ref="gate-1", lines=[])
    refuses(shop, "SEAT1", why="already_redeemed", ref="gate-2", lines=[])
    takes(shop, "SEAT2", ref="gate-2", lines=[])


@pytest.mark.parametrize("kind", ["amount_off", "free_shipping", "tiered", "buy_x_get_y"])
def test_a_coupon_for_goods_does_not_apply_to_empty_lines(shop: Shop, kind: str) -> None:
    needs = {"tiered": {"every": EVERY}, "buy_x_get_y": PAIR}.get(kind, {})
    shop.coupon("one", **{**needs, "kind": kind})
    refuses(shop, "one", why="no_applicable_items", lines=[])


def test_a_gift_for_a_purchase_asks_for_the_purchase(shop: Shop) -> None:
    shop.api.put("products/MUG", {})
    shop.coupon("one", kind="gift", gifts=MUG, min_spend={"USD": "100"})
    refuses(shop, "one", why="no_applicable_items", lines=[])
    refuses(shop, "one", why="min_spend_not_met")
    shop.coupon("two", kind="gift", gifts=MUG, min_spend={"USD": "99.98"})
    assert takes(shop, "two", ref="O-1").body["applied"][0]["gifts"] == MUG


# --- Conditions ----------------------------------------------------------------------

RUNNING = {"scope": {"categories": ["shoes/running"]}}
MEMBER = [
    {"id": "1", "sku": "SHOE", "quantity": 1, "unit_price": "40.00", "member_discount": "6.00"},
    {"id": "2", "sku": "HAT", "quantity": 1, "unit_price": "60.00"},
]
SALE = [{**MEMBER[0], "on_sale": True}, MEMBER[1]]
#: (definition, cart that does not do, why not (in full), cart that does, what it takes off)
ASKS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str], dict[str, Any], str]] = {
    "a number of items": (
        {"min_quantity": 3, "scope": {"categories": ["shoes"]}}, {}, ["min_quantity_not_met"],
        {"lines": [{**cart()["lines"][0], "quantity": 3}]}, "10.00"),
    "a spend": (
        {"min_spend": {"USD": "99.99"}}, {}, ["min_spend_not_met"],
        {"lines": [{**MEMBER[1], "unit_price": "99.99"}]}, "10.00"),
    "a country": (
        {"countries": ["US", "CA"]}, {"country": "MX"}, ["country_not_allowed"],
        {"country": "ca"}, "10.00"),
    "a channel": (
        {"channels": ["web"]}, {"channel": "till"}, ["channel_not_allowed"],
        {"channel": "web"}, "10.00"),
    "a way of paying": (
        {"payment_methods": ["paypal"]}, {"payment_method": "card"},
        ["payment_method_not_allowed"], {"payment_method": "paypal"}, "10.00"),
    "a partner": (
        {"partners": ["blog"]}, {}, ["partner_required"], {"partner": "blog"}, "10.00"),
    "a new customer": (
        {"customers": {"who": "new"}}, {"customer": "again"}, ["customer_not_eligible"],
        {"customer": "nobody-yet"}, "10.00"),
    "a returning customer": (
        {"customers": {"who": "returning"}}, {"customer": "nobody-yet"},
        ["customer_not_eligible"], {"customer": "again"}, "10.00"),
    "a tier": (
        {"customers": {"tiers": ["gold", "black"]}}, {"customer": "nobody-yet"},
        ["customer_not_eligible"], {"customer": "again"}, "10.00"),
    "certain customers": (
        {"customers": {"ids": ["again"]}}, {"customer": "else"}, ["customer_not_eligible"],
        {"customer": "again"}, "10.00"),
    "to know the customer": (
        {"customers": {"who": "returning"}, "limits": {"uses_per_customer": 1}}, {},
        ["customer_required"], {"customer": "again"}, "10.00"),
    "another category": (
        {"scope": {"exclude_categories": ["shoes", "hats"]}}, {}, ["no_applicable_items"],
        {"lines": MEMBER}, "10.00"),
    "another product": (
        {"scope": {"exclude_products": ["SHOE"]}}, {"lines": MEMBER[:1]},
        ["no_applicable_items"], {"lines": MEMBER}, "10.00"),
    "goods not on sale": (
        {"kind": "percent_off", "percent": "50", "scope": {"exclude_sale_items": True}},
        {"lines": SALE[:1]}, ["no_applicable_items"], {"lines": SALE}, "30.00"),
    "no member prices": (
        {"member_prices": "refuse"}, {"lines": MEMBER}, ["member_price_conflict"],
        {"lines": MEMBER[1:]}, "10.00"),
    "no better member price": (
        {**RUNNING, "value": {"USD": "8"}, "member_prices": "better_of"},
        {"lines": [{**MEMBER[0], "category": "shoes/running", "member_discount": "8.00"}]},
        ["no_effect"], {"lines": [{**MEMBER[0], "category": "shoes/running"}]}, "2.00"),
    "nothing of member prices": (
        {"kind": "percent_off", "percent": "50", "member_prices": "stack",
         "min_spend": {"USD": "94"}},
        {"lines": [{**MEMBER[0], "member_discount": "6.01"}, MEMBER[1]]}, ["min_spend_not_met"],
        {"lines": MEMBER}, "47.00"),
    "several things at once": (
        {"countries": ["US"], "partners": ["blog"], "min_quantity": 4,
         "min_spend": {"USD": "100"}},
        {}, ["country_not_allowed", "partner_required", "min_quantity_not_met",
             "min_spend_not_met"],
        {"country": "US", "partner": "blog",
         "lines": [{**cart()["lines"][1], "quantity": 4}]}, "10.00"),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKS)
def test_a_condition_is_told_when_it_fails_and_lets_through_when_it_holds(
    shop: Shop, name: str
) -> None:
    definition, wrong, why, right, discount = ASKS[name]
    shop.api.put("customers/again", {"tier": "gold"})
    Customer.objects.update(paid_orders=1)
    shop.coupon("one", **definition)
    refuses(shop, "one", why=why[0], **wrong)
    quote = shop.api.post("validations", cart("one", **wrong))
    assert reasons(quote) == why
    assert (quote.body["discount"], quote.body["applied"]) == ("0.00", [])
    assert shop.api.post("validations", cart("one", **right)).body["discount"] == discount
    assert takes(shop, "one", ref="O-1", **right).body["discount"] == discount


@pytest.mark.parametrize(
    ("name", "chinese"),
    [
        ("a number of items", "再买 1 件即可使用该优惠券。"),
        ("a spend", "再消费 0.01 USD，使用该优惠券可减 10.00 USD。"),
        ("a country", "该优惠券不适用于您所在的国家/地区。"),
        ("no member prices", "该优惠券不可与会员价同享。"),
    ],
)
def test_a_refusal_is_told_in_chinese(shop: Shop, name: str, chinese: str) -> None:
    definition, wrong, why, _, _ = ASKS[name]
    shop.coupon("one", **definition)
    changes = {**wrong, "language": "zh-CN"}
    for answer in (
        shop.api.post("validations", cart("one", **changes)),
        shop.api.post("redemptions", order("one", **changes)),
    ):
        (rejected,) = answer.body["rejected"]
        assert (rejected["reason"], rejected["message"]) == (why[0], chinese)
        assert [each["message"] for each in rejected["reasons"]] == [chinese]


def test_a_threshold_may_look_at_what_the_coupons_before_it_leave(shop: Shop) -> None:
    together = {"stacking_group": "g", "stacks_with": ["g"]}
    shop.coupon("half", kind="percent_off", percent="50", priority=1, **together)
    shop.coupon("after", min_spend={"USD": "50"}, threshold_after_discounts=True, **together)
    shop.coupon("before", min_spend={"USD": "50"}, **together)
    refuses(shop, "half", "after", why="min_spend_not_met")
    quote = shop.api.post("validations", cart("half", "after")).body
    assert quote["rejected"][0]["reasons"][0]["missing"] == "0.01"
    assert quote["discount"] == "49.99"
    assert takes(shop, "half", "before", ref="O-1").body["discount"] == "59.99"
    assert takes(shop, "after", ref="O-2").body["discount"] == "10.00"


WEEKEND = {"days": ["sat"], "from": "09:00", "to": "18:00"}
NIGHT = {"days": ["fri"], "from": "22:00", "to": "02:00"}


@pytest.mark.parametrize(
    ("window", "zone", "at", "fits"),
    [
        (WEEKEND, "UTC", SATURDAY.format("08:59"), False),
        (WEEKEND, "UTC", SATURDAY.format("09:00"), True),
        (WEEKEND, "UTC", SATURDAY.format("17:59"), True),
        (WEEKEND, "UTC", SATURDAY.format("18:00"), False),
        (WEEKEND, "UTC", FRIDAY.format("12:00"), False),
        # Nine in the morning in Shanghai is one o'clock in Greenwich.
        (WEEKEND, "Asia/Shanghai", SATURDAY.format("00:59"), False),
        (WEEKEND, "Asia/Shanghai", SATURDAY.format("01:00"), True),
        (NIGHT, "UTC", FRIDAY.format("21:59"), False),
        (NIGHT, "UTC", SATURDAY.format("01:59"), True),
        (NIGHT, "UTC", SATURDAY.format("02:00"), False),
        (NIGHT, "UTC", FRIDAY.format("01:00"), False),
        ({"days": ["sat"], "from": "00:00", "to": "00:00"}, "UTC", SATURDAY.format("23:59"), True),
    ],
)
def test_a_coupon_for_some_hours_of_the_week(
    shop: Shop, window: dict[str, Any], zone: str, at: str, fits: bool
) -> None:
    shop.coupon("one", weekly_windows=[window], time_zone=zone)
    if fits:
        assert redeem(shop, "one", ref="O-1", at=at).status == 201
    else:
        refuses(shop, "one", why="outside_hours", at=at)


@pytest.mark.parametrize("method", ["automatic", "api"])
def test_the_method_of_a_key_decides_which_coupons_it_redeems(shop: Shop, method: str) -> None:
    shop.coupon("till", methods=["api", "manual"], kind="percent_off", percent="10")
    shop.coupon("site", methods=["automatic"])
    api = shop.with_scopes("checkout", "redeem", method=method)
    good, bad = ("site", "till") if method == "automatic" else ("till", "site")
    for path, body in (("validations", cart), ("redemptions", order)):
        assert reasons(api.post(path, body(bad))) == ["method_not_allowed"]
    assert api.post("validations", cart(good)).body["valid"] is True
    done = api.post("redemptions", order(good))
    assert (done.status, done.body["discount"]) == (201, "10.00")
    assert Redemption.objects.get().method == method
