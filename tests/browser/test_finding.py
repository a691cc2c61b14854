"""Finding things in a real browser: the search over all, quick and saved filters, empty lists."""

from typing import Any

import pytest
from playwright.sync_api import expect

from coupons.models import SavedFilter
from tests.browser.test_console import fits, shop, visit  # noqa: F401
from tests.shop import Shop, order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def filled(shop: Shop) -> Shop:  # noqa: F811
    shop.coupon("summer-sale")
    shop.coupon("winter-sale")
    shop.api = shop.with_scopes("redeem", "manage", "publish", "codes")
    used = order("SUMMER-SALE", ref="O-77", customer="C-77")
    assert shop.api.post("redemptions", used).status == 201
    return shop


def test_the_search_over_all_is_walked_through_by_keyboard(filled: Shop, visit: Any) -> None:  # noqa: F811
    page, _words = visit
    page.goto("/coupons/product/")
    assert fits(page)
    if page.viewport_size["width"] < 800:
        page.locator(".hx-search-link").click()
        page.fill("#search-page", "sale")
        page.press("#search-page", "Enter")
        expect(page.locator(".hx-found strong")).to_have_count(2)
        assert fits(page)
        assert "q=" not in page.url
        return
    page.keyboard.press("Control+k")
    page.keyboard.type("sale")
    expect(page.locator("#search-found strong")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator("#search-found")).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("O-77")
    expect(page.locator("#search-found strong")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/redemption/**/change/")


def test_a_filter_is_saved_used_and_deleted(filled: Shop, visit: Any) -> None:  # noqa: F811
    page, _words = visit
    page.goto("/coupons/coupon/")
    assert fits(page)
    page.locator(".hx-chip").nth(4).click()
    expect(page.locator(".hx-nothing")).to_be_visible()
    assert fits(page)
    page.goto("/coupons/coupon/?q=summer")
    expect(page.locator("#result_list tbody")).to_have_count(1)
    page.locator(".hx-save summary").click()
    page.fill("#save-filter-name", "Warm")
    page.press("#save-filter-name", "Enter")
    page.wait_for_selector(".hx-kept")
    assert fits(page)
    page.goto("/coupons/coupon/")
    page.locator(".hx-kept a").click()
    expect(page.locator("#result_list tbody")).to_have_count(1)
    page.locator(".hx-kept button").click()
    expect(page.locator(".hx-kept")).to_have_count(0)
    assert SavedFilter.objects.count() == 0
