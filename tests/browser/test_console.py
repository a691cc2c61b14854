"""The console in a real browser: made and published in both languages, on desk and phone."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from coupons import jobs
from coupons.models import Code, Coupon, Job, Membership, Merchant, Product, Role, State, User
from tests.browser.looks import SIZES, VISITS, barriers, fits
from tests.people import PASSWORD
from tests.shop import NOW, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {
    "en-GB": {"new": "New coupon", "save": "Save as draft", "publish": "Publish", "live": "Live"},
    "zh-CN": {"new": "新建优惠券", "save": "存为草稿", "publish": "发布", "live": "生效中"},
}


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open("acme")
    user = User.objects.create_user("alice", password=PASSWORD, is_staff=True)
    Membership.objects.create(merchant=shop.merchant, user=user, role=Role.OWNER)
    return shop


@pytest.fixture(params=VISITS, ids="-".join)
def visit(request: pytest.FixtureRequest, browser: Any, live_server: Any, shop: Shop) -> Any:
    """Be logged in with that language and width; whatever the page complains of fails the test."""
    locale, size = request.param
    context = browser.new_context(
        locale=locale, viewport=SIZES[size], base_url=live_server.url, has_touch=size == "phone"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto("/")
    page.fill("#id_username", "alice")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar-apps", state="attached")
    yield page, WORDS[locale]
    context.close()
    assert complaints == []


def test_a_coupon_is_made_and_published(visit: Any) -> None:
    page, words = visit
    page.goto("/coupons/coupon/add/?template=empty")
    assert words["new"] in page.locator("h1").inner_text()
    assert fits(page)
    page.fill("#id_name", "Summer 20")
    # The fields follow the kind.
    assert page.locator("#id_percent").is_hidden()
    page.check("input[name=kind][value=percent_off]")
    page.locator("#id_percent").wait_for(state="visible")
    page.locator("#id_value_0").wait_for(state="hidden")
    page.fill("#id_percent", "20")
    page.fill("#id_cap_0", "50.00")
    rows = page.locator("[name=min_spend_amount]")
    page.fill("#id_min_spend_0", "50.00")
    page.locator("[data-rows]:has([name=min_spend_amount]) [data-add-row]").click()
    page.locator("[name=min_spend_currency]").nth(1).fill("eur")
    rows.nth(1).fill("45")
    page.check("input[name=codes][value=unique]")
    page.locator("#id_code").wait_for(state="hidden")
    page.check("input[name=codes][value=shared]")
    page.fill("#id_code", "summer-20")
    page.get_by_role("button", name=words["save"]).click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    assert fits(page)

    coupon = Coupon.objects.get()
    definition = coupon.versions.get().definition
    assert (coupon.slug, coupon.state, definition["percent"]) == ("summer-20", State.DRAFT, "20")
    assert definition["min_spend"] == {"USD": "50.00", "EUR": "45.00"}
    assert (Code.objects.get().text, Code.objects.get().shared) == ("SUMMER20", True)

    page.get_by_role("link", name=words["publish"], exact=True).click()
    page.wait_for_url(re.compile(r"/publish/confirm/"))
    assert fits(page)
    assert barriers(page) == []
    for warning in page.get_by_role("checkbox").all():
        warning.check()
    page.get_by_role("button", name=words["publish"], exact=True).click()
    page.wait_for_url(re.compile(r"/coupons/coupon/\d+/change/"))
    assert page.locator(".hx-state .hx-badge").inner_text() == words["live"]
    assert Coupon.objects.get().state == State.LIVE


def test_progress_moves_by_itself(visit: Any) -> None:
    page, words = visit
    page.goto("/coupons/coupon/add/?template=empty")
    page.fill("#id_name", "VIP")
    page.fill("#id_value_0", "5")
    page.check("input[name=codes][value=unique]")
    assert page.input_value("#id_count") == "1000"
    page.get_by_role("button", name=words["save"]).click()
    page.wait_for_selector(".hx-progress")
    assert "0 / 1,000" in page.locator(".hx-progress").inner_text()
    job = Job.objects.get()
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    page.wait_for_function(
        "document.querySelector('.hx-progress').textContent.includes('1,000 / 1,000')"
    )


def test_the_language_is_changed_in_the_menu(visit: Any) -> None:
    page, _words = visit
    page.set_viewport_size(SIZES["desk"])
    page.goto("/coupons/coupon/")
    page.locator("[x-on\\:click='openUserLinks = !openUserLinks']").click()
    target = "zh-hans" if page.locator("html").get_attribute("lang") == "en" else "en"
    page.locator(f"form:has(input[name=language][value={target}]) button").click()
    page.wait_for_selector(f"html[lang={target}]")
    assert User.objects.get(username="alice").language == target


def test_a_product_picked_brings_its_price_and_the_quote_follows(visit: Any, shop: Shop) -> None:
    page, _words = visit
    for sku, price in (("SHOE", 1999), ("HAT", 6000)):
        Product.objects.create(merchant=shop.merchant, sku=sku, currency="USD", price_minor=price)
    shop.coupon("ten")
    page.goto(f"/redemption/order/try/{Coupon.objects.get().pk}/")
    payable = page.locator("#trial-quote dd strong")
    page.fill("[name=goods-0-sku]", "SHOE")
    expect(page.locator("[name=goods-0-unit_price]")).to_have_value("19.99")
    expect(payable).to_have_text("9.99 USD")
    page.fill("[name=goods-0-sku]", "HAT")
    expect(page.locator("[name=goods-0-unit_price]")).to_have_value("60.00")
    expect(payable).to_have_text("50.00 USD")
    page.fill("[name=goods-0-unit_price]", "70")
    page.fill("[name=goods-0-sku]", "SHOE")
    expect(payable).to_have_text("60.00 USD")
    page.locator("[data-add-entry]").click()
    page.locator("[data-entry] [name$=-sku]").nth(1).fill("HAT")
    expect(payable).to_have_text("120.00 USD")
    assert fits(page)


ADDRESSES = [
    "/",
    "/coupons/coupon/",
    "/coupons/coupon/add/",
    "/coupons/coupon/add/?template=empty",
    "/coupons/coupon/*",
    "/coupons/code/",
    "/coupons/codebatch/",
    "/campaigns/customer/",
    "/coupons/product/add/",
    "/redemption/order/",
    "/redemption/redemption/",
    "/redemption/redemption/*",
    "/redemption/apikey/add/",
    "/coupons/membership/",
    "/coupons/exchangerates/",
    "/coupons/exchangerates/add/",
    "/coupons/taxrate/",
    "/coupons/taxrate/add/",
    "/coupons/journalentry/",
]


def test_pages_have_no_barrier(visit: Any, shop: Shop) -> None:
    page, _words = visit
    shop.coupon("ten")
    assert shop.api.post("redemptions", order("TEN", customer="C-1")).status == 201
    Merchant.objects.create(slug="second", name="Second", currency="EUR")
    found = []
    for address in ADDRESSES:
        page.goto(address.rstrip("*"))
        if address.endswith("*"):
            link = page.locator("#result_list tbody :is(th, td) a").first
            page.goto(link.get_attribute("href"))
        # What asks by itself once it is loaded has to have its answer.
        if page.locator('[hx-trigger*="load"]').count():
            page.wait_for_load_state("networkidle")
        if page.locator("select.admin-autocomplete").count():
            page.wait_for_selector(".select2-selection[aria-label]")
        assert fits(page), address
        found += [f"{address} {each}" for each in barriers(page)]
    assert found == []
