"""Every kind of coupon typed into the form in a real browser, then used over the API."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from coupons.models import Category, Membership, Product, Role, User
from tests.functional.test_console_coupon_kinds import KINDS
from tests.people import PASSWORD
from tests.shop import Shop, cart

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open("acme")
    user = User.objects.create_user("alice", password=PASSWORD, is_staff=True)
    Membership.objects.create(merchant=shop.merchant, user=user, role=Role.OWNER)
    for sku, path in (("SHOE", "shoes/running"), ("HAT", "hats"), ("MUG", "mugs")):
        category = Category.objects.create(merchant=shop.merchant, path=path)
        Product.objects.create(merchant=shop.merchant, sku=sku, currency="USD", category=category)
    return shop


@pytest.fixture
def alice(page: Any, live_server: Any, shop: Shop) -> Iterator[Any]:
    page.goto(live_server.url)
    page.fill("#id_username", "alice")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar-apps", state="attached")
    page.goto(f"{live_server.url}/coupons/coupon/add/")
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
    found.wait_for(state="visible")
    if found.evaluate("field => field.type") in ("radio", "checkbox"):
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


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_typed_published_and_used(alice: Any, shop: Shop, kind: str) -> None:
    typed, words, discount, shipping = KINDS[kind]
    page = alice
    page.fill("#id_name", "Made")
    for name, value in in_turn(typed).items():
        type_in(page, name, value)
    page.check("input[name=codes][value=shared]")
    page.fill("#id_code", "made")
    page.get_by_role("button", name="Save as draft").click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    assert words in page.locator("body").inner_text()
    page.get_by_role("link", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish", exact=True).click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))

    quote = shop.api.post("validations", cart("made", shipping="8.00")).body
    assert quote["valid"] is True, quote["rejected"]
    assert (quote["discount"], quote["shipping_discount"]) == (discount, shipping)
