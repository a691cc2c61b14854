"""Every kind and condition typed into the form in a real browser, then seen over the API."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from coupons.models import Category, Channel, Membership, Product, Role, User
from tests.functional.test_console_coupon_kinds import KINDS
from tests.shop import Shop, cart

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open("acme")
    user = User.objects.create_user("alice", is_staff=True)
    Membership.objects.create(merchant=shop.merchant, user=user, role=Role.OWNER)
    for sku, path in (("SHOE", "shoes/running"), ("HAT", "hats"), ("MUG", "mugs")):
        category = Category.objects.create(merchant=shop.merchant, path=path)
        Product.objects.create(merchant=shop.merchant, sku=sku, currency="USD", category=category)
    Channel.objects.create(merchant=shop.merchant, slug="web-de", name="Web DE")
    return shop


@pytest.fixture
def alice(page: Any, live_server: Any, shop: Shop, settings: Any) -> Iterator[Any]:
    # Logging in by the page is tested elsewhere.
    client = Client()
    client.force_login(User.objects.get(username="alice"))
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page.goto(f"{live_server.url}/coupons/coupon/add/?template=empty")
    return page


def type_in(page: Any, name: str, value: Any) -> None:
    """Fill what the form calls so, opening the entry that it stands in."""
    value = value[0] if isinstance(value, list) else value
    entry = re.fullmatch(r"([a-z_]+)-(\d+)-(.+)", name)
    if entry:
        rows = page.locator(f"[data-repeated={entry[1]}]")
        if not rows.locator(f"[name='{name}']").count():
            rows.locator("[data-add-entry]").click()
    found = page.locator(f"[name='{name}']").first
    if found.get_attribute("data-picker"):
        box = page.locator(f".hx-picker:has([name='{name}'])")
        box.get_by_role("combobox").fill(value)
        box.get_by_role("option").first.wait_for()
        box.get_by_role("combobox").press("Enter")
        box.locator(f".hx-chips [data-value='{value}']").wait_for()
        return
    found.wait_for(state="visible")
    if value is True:
        found.check()
    elif found.evaluate("field => field.type") in ("radio", "checkbox"):
        page.check(f"[name='{name}'][value='{value}']")
    elif found.evaluate("field => field.tagName") == "SELECT":
        found.select_option(value)
    else:
        found.fill(value)


def in_turn(typed: dict[str, Any]) -> dict[str, Any]:
    """Number the entries as a person makes them, without gaps; leave out what stays empty."""
    seen: dict[str, list[str]] = {}
    renamed = {}
    for given, value in typed.items():
        name = given
        entry = re.fullmatch(r"([a-z_]+)-(\d+)-(.+)", name)
        if value == "":
            continue
        if entry:
            places = seen.setdefault(entry[1], [])
            if entry[2] not in places:
                places.append(entry[2])
            name = f"{entry[1]}-{places.index(entry[2])}-{entry[3]}"
        renamed[name] = value
    return renamed


def publish(page: Any) -> None:
    """Save what is typed as a draft, and publish it."""
    page.get_by_role("button", name="Save as draft").click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    page.get_by_role("link", name="Publish", exact=True).click()
    page.wait_for_url(re.compile(r"/publish/confirm/"))
    for warning in page.get_by_role("checkbox").all():
        warning.check()
    page.get_by_role("button", name="Publish", exact=True).click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_typed_published_and_used(alice: Any, shop: Shop, kind: str) -> None:
    typed, words, discount, shipping = KINDS[kind]
    page = alice
    page.fill("#id_name", "Made")
    for name, value in in_turn(typed).items():
        type_in(page, name, value)
    page.check("input[name=codes][value=shared]")
    page.fill("#id_code", "made")
    publish(page)
    assert words in page.locator("body").inner_text()

    quote = shop.api.post("validations", cart("made", shipping="8.00")).body
    assert quote["valid"] is True, quote["rejected"]
    assert (quote["discount"], quote["shipping_discount"]) == (discount, shipping)


#: What is typed for each condition, and the first reason that a cart of 99.98 by a new
#: customer then gets.
CONDITIONS: dict[str, tuple[dict[str, Any], str]] = {
    "minimum spend": ({"min_spend_amount": "200"}, "min_spend_not_met"),
    "number of items": ({"min_quantity": "9"}, "min_quantity_not_met"),
    "start": ({"starts_on": "2099-01-01"}, "not_started"),
    "returning customers": ({"who": "returning"}, "customer_not_eligible"),
    "member tier": ({"member_tiers": "gold"}, "customer_not_eligible"),
    "tag": ({"tags": "vip"}, "customer_not_eligible"),
    "named customer": ({"customer_ids": "C-9"}, "customer_not_eligible"),
    "hours": (
        {
            "weekly_windows-0-days": f"{datetime.now(UTC) + timedelta(days=3):%a}".lower(),
            "weekly_windows-0-opens": "09:00",
            "weekly_windows-0-closes": "10:00",
        },
        "outside_hours",
    ),
    "country": ({"countries": "DE"}, "country_not_allowed"),
    "sales channel": ({"channels": "web-de"}, "channel_not_allowed"),
    "payment method": ({"payment_methods": "paypal"}, "payment_method_not_allowed"),
    "partner": ({"partners": "acme"}, "partner_required"),
    "category": ({"scope": "categories", "categories": "mugs"}, "no_applicable_items"),
    "product": ({"scope": "products", "products": "MUG"}, "no_applicable_items"),
    "claim": ({"claim_required": True}, "claim_required"),
    "way of redeeming": ({"methods": "manual"}, "method_not_allowed"),
    "currency": ({"value_currency": "EUR"}, "currency_not_supported"),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_is_typed_published_and_judged(
    alice: Any, shop: Shop, condition: str
) -> None:
    typed, reason = CONDITIONS[condition]
    page = alice
    page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
    page.fill("#id_name", "Made")
    type_in(page, "value_amount", "5")
    if "methods" in typed:
        for way in ("automatic", "api", "batch"):
            page.uncheck(f"[name=methods][value={way}]")
    for name, value in typed.items():
        type_in(page, name, value)
    page.check("input[name=codes][value=shared]")
    page.fill("#id_code", "made")
    publish(page)

    quote = shop.api.post("validations", cart("made", customer="C-1")).body
    assert [refused["reason"] for refused in quote["rejected"]] == [reason]
