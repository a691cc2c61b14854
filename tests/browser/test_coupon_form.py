"""The coupon's form in Chromium: searching goods, keeping what is typed, two at one form."""

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from coupons import changing, lifecycle
from coupons.models import Category, Coupon, Membership, Product, Role, User
from tests.browser.looks import barriers, fits
from tests.people import PASSWORD
from tests.shop import NOW, Shop

pytestmark = pytest.mark.django_db(transaction=True)

EMPTY = "/coupons/coupon/add/?template=empty"


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open("acme")
    user = User.objects.create_user("alice", password=PASSWORD, is_staff=True)
    Membership.objects.create(merchant=shop.merchant, user=user, role=Role.OWNER)
    for n, name in enumerate(("Red running shoe", "Blue running shoe", "Straw hat")):
        Product.objects.create(
            merchant=shop.merchant, sku=f"P-{n}", name=name, currency="USD", price_minor=1999
        )
    for path in ("shoes", "shoes/running", "hats"):
        Category.objects.create(merchant=shop.merchant, path=path)
    return shop


@pytest.fixture(params=[1280, 390])
def alice(request: pytest.FixtureRequest, browser: Any, live_server: Any, shop: Shop) -> Any:
    context = browser.new_context(
        locale="en-GB",
        viewport={"width": request.param, "height": 844},
        base_url=live_server.url,
    )
    context.set_default_timeout(15_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto("/")
    log_in(page)
    yield page
    context.close()


def log_in(page: Any) -> None:
    page.fill("#id_username", "alice")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar-apps", state="attached")


def picker(page: Any, name: str) -> Any:
    return page.locator(f".hx-picker:has([name='{name}'])")


def chosen(page: Any, name: str) -> list[str]:
    return [
        chip.get_attribute("data-value")
        for chip in picker(page, name).locator(".hx-chips [data-value]").all()
    ]


def test_products_are_searched_chosen_pasted_and_removed_by_keyboard(alice: Any) -> None:
    page = alice
    page.goto(EMPTY)
    page.fill("#id_name", "Shoes")
    page.fill("#id_value_0", "5")
    page.check("input[name=scope][value=products]")
    box = picker(page, "products")
    search = box.get_by_role("combobox", name="Products")
    search.fill("running")
    expect(box.get_by_role("option")).to_have_text(
        ["P-0 Red running shoe · 19.99 USD", "P-1 Blue running shoe · 19.99 USD"]
    )
    assert barriers(page) == []
    search.press("ArrowDown")
    search.press("Enter")
    expect(box.locator(".hx-chips [data-value]")).to_have_text(
        [re.compile("P-1 Blue running shoe · 19.99 USD")]
    )
    search.fill("hat")
    box.get_by_role("option", name="Straw hat").click()
    assert chosen(page, "products") == ["P-1", "P-2"]

    page.evaluate("navigator.clipboard.writeText('P-0\\nGONE-1\\nP-2')")
    search.focus()
    search.press("ControlOrMeta+v")
    expect(box.locator(".hx-chips")).to_contain_text("not in the catalogue")
    assert chosen(page, "products") == ["P-1", "P-2", "P-0", "GONE-1"]
    box.get_by_role("button", name="Remove P-2").click()
    expect(search).to_be_focused()
    assert chosen(page, "products") == ["P-1", "P-0", "GONE-1"]
    assert fits(page)

    box.get_by_role("button", name="Edit as a list").click()
    expect(page.get_by_label("Products", exact=True)).to_have_value("P-1\nP-0\nGONE-1")
    page.fill("#id_code", "shoes")
    page.get_by_role("button", name="Save as draft").click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    scope = lifecycle.current_definition(Coupon.objects.get())["scope"]
    assert scope["products"] == ["P-1", "P-0", "GONE-1"]


def test_a_category_is_found_with_what_lies_below_it(alice: Any) -> None:
    page = alice
    page.goto(EMPTY)
    page.check("input[name=scope][value=categories]")
    box = picker(page, "categories")
    box.get_by_role("combobox").fill("sho")
    expect(box.get_by_role("option").first).to_have_text("shoes with the one below it")
    box.get_by_role("combobox").press("Enter")
    expect(box.locator(".hx-chips [data-value=shoes]")).to_be_visible()


def test_a_coupon_from_a_template_takes_a_name_and_a_code(alice: Any) -> None:
    page = alice
    page.goto("/coupons/coupon/add/")
    page.get_by_role("link", name="First order 15% off").click()
    expect(page.locator("#id_percent")).to_have_value("15")
    page.fill("#id_code", "welcome")
    page.get_by_role("button", name="Save as draft").click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    made = lifecycle.current_definition(Coupon.objects.get())
    assert (made["percent"], made["customers"]["who"], made["code"]) == ("15", "new", "WELCOME")


def test_nothing_typed_is_lost_when_the_session_ends(alice: Any) -> None:
    page = alice
    page.goto(EMPTY)
    page.fill("#id_name", "Kept")
    page.check("input[name=kind][value=tiered]")
    tiers = page.locator("[data-repeated=tiers]")
    tiers.locator("[data-add-entry]").click()
    for n, (spend, percent) in enumerate((("50", "5"), ("90", "10"))):
        page.locator(f"[name=tiers-{n}-min_spend_amount]").fill(spend)
        page.locator(f"[name=tiers-{n}-percent]").fill(percent)
    page.check("input[name=scope][value=products]")
    box = picker(page, "products")
    box.get_by_role("combobox").fill("straw")
    box.get_by_role("option").first.click()
    page.fill("#id_code", "secret-1")
    page.context.clear_cookies(name="hexiao_session")
    page.get_by_role("button", name="Save as draft").click()
    page.wait_for_url(re.compile("/login/"))
    assert Coupon.objects.count() == 0
    assert "secret-1" not in page.evaluate("JSON.stringify(sessionStorage)")

    log_in(page)
    expect(page.locator("[data-kept]")).to_contain_text("We kept what you typed at")
    expect(page.locator("#id_name")).to_have_value("Kept")
    expect(page.locator("[name=tiers-1-percent]")).to_have_value("10")
    expect(page.locator("[name=tiers-1-percent]")).to_be_visible()
    assert chosen(page, "products") == ["P-2"]
    page.fill("#id_code", "secret-1")
    page.get_by_role("button", name="Save as draft").click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    made = lifecycle.current_definition(Coupon.objects.get())
    assert [tier["percent"] for tier in made["tiers"]] == ["5", "10"]
    assert made["scope"]["products"] == ["P-2"]
    # What is done is forgotten: the next form is empty.
    page.goto(EMPTY)
    expect(page.locator("#id_name")).to_have_value("")
    expect(page.locator("[data-kept]")).to_be_hidden()


def test_a_form_older_than_the_log_in_is_kept_and_can_be_discarded(alice: Any) -> None:
    page = alice
    page.goto(EMPTY)
    page.fill("#id_name", "Kept")
    page.evaluate(
        "document.querySelector('#coupon_form [name=csrfmiddlewaretoken]').value = 'x'.repeat(64)"
    )
    page.get_by_role("button", name="Save as draft").click()
    expect(page.locator("body")).to_contain_text("This page was open too long")
    page.get_by_role("link", name="Back to the form").click()
    expect(page.locator("#id_name")).to_have_value("Kept")
    page.get_by_role("button", name="Discard it").click()
    expect(page.locator("#id_name")).to_have_value("")
    page.reload()
    expect(page.locator("#id_name")).to_have_value("")


def test_the_second_of_two_looks_and_saves_both_changes(alice: Any, shop: Shop) -> None:
    page = alice
    shop.coupon("ten", publish=False)
    coupon = Coupon.objects.get()
    page.goto(f"/coupons/coupon/{coupon.pk}/edit/")
    page.fill("#id_name", "Alice's")
    theirs = {"description": "By Bob"}
    changing.change(coupon=coupon, body=theirs, by="staff:bob", at=NOW)
    page.get_by_role("button", name="Save", exact=True).click()
    told = page.locator("#conflict")
    expect(told).to_contain_text("bob changed this coupon at")
    expect(told).to_contain_text("By Bob")
    expect(page.locator("#id_name")).to_have_value("Alice's")
    expect(page.locator("#id_description")).to_have_value("By Bob")
    assert fits(page)
    page.get_by_role("button", name="Save both changes").click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    now = lifecycle.current_definition(Coupon.objects.get())
    assert (now["name"], now["description"]) == ("Alice's", "By Bob")


def test_what_is_fixed_is_locked(alice: Any, shop: Shop) -> None:
    page = alice
    shop.coupon("ten", scope={"products": ["P-1"]})
    page.goto(f"/coupons/coupon/{Coupon.objects.get().pk}/edit/")
    expect(page.locator("#id_value_0")).to_be_disabled()
    expect(page.locator("#id_name")).to_be_enabled()
    assert chosen(page, "products") == ["P-1"]
    assert picker(page, "products").get_by_role("combobox").count() == 0
    page.fill("#id_name", "Ten more")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    now = lifecycle.current_definition(Coupon.objects.get())
    assert (now["name"], now["value"]) == ("Ten more", {"USD": "10.00"})


def test_without_scripts_the_form_is_whole(browser: Any, live_server: Any, shop: Shop) -> None:
    # Unfold's page for the log-in needs scripts; ours do not.
    client = Client()
    client.force_login(User.objects.get())
    session = {"name": "hexiao_session", "value": client.cookies["hexiao_session"].value}
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    context.add_cookies([session | {"url": live_server.url}])
    page = context.new_page()
    page.goto(EMPTY)
    page.fill("#id_name", "Plain")
    page.fill("#id_value_0", "5")
    page.check("input[name=scope][value=products]")
    page.fill("#id_products", "P-1\nP-2")
    page.fill("#id_code", "plain")
    page.get_by_role("button", name="Save as draft").click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    made = lifecycle.current_definition(Coupon.objects.get())
    assert made["scope"]["products"] == ["P-1", "P-2"]
    context.close()
