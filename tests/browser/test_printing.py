"""Printing, and the page behind a voucher's QR code, in a real browser on desk and phone."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from coupons.models import Coupon
from redemption import guessing
from tests.browser.looks import SIZES, VISITS, fits
from tests.browser.test_console import shop, visit
from tests.shop import Shop

__all__ = ["shop", "visit"]
pytestmark = pytest.mark.django_db(transaction=True)

COUNTS = {"en-GB": "It counts now.", "zh-CN": "现在可用。"}
NOTHING = {"en-GB": "This code does not count here.", "zh-CN": "此券码在这里不可用。"}


@pytest.fixture(autouse=True)
def apart(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(guessing, "_refused", {})


@pytest.fixture
def spring(shop: Shop) -> Coupon:
    shop.coupon("spring", code=None, min_spend={"USD": "50.00"}, names={"zh-hans": "春季大促券"})
    shop.codes("spring", *(f"SPRING{n:04}" for n in range(30)))
    return Coupon.objects.get()


def test_the_first_page_follows_what_is_chosen(visit: Any, spring: Coupon) -> None:
    page, _words = visit
    page.goto(f"/coupons/coupon/{spring.pk}/change/")
    page.locator(f"a[href$='/coupon/{spring.pk}/print/']").click()
    sheet = page.locator(".hx-sheet")
    expect(sheet).to_have_js_property("complete", True)
    assert sheet.evaluate("image => image.naturalWidth") == 1191
    with page.expect_response("**/print/sample/*roll-58*"):
        page.check("[name=layout][value=roll-58]")
    expect(sheet).to_have_attribute("src", re.compile("roll-58"))
    assert "csrf" not in sheet.get_attribute("src")
    assert fits(page)
    assert Axe().run(page, context=".hx-columns").response["violations"] == []
    page.locator("#print_form button[type=submit]").click()
    page.wait_for_url("**/coupons/job/*/change/")


@pytest.mark.parametrize(("locale", "size"), VISITS)
def test_a_scanned_link_shows_the_code_and_no_server_hears_the_address(
    browser: Any, live_server: Any, spring: Coupon, locale: str, size: str
) -> None:
    context = browser.new_context(locale=locale, viewport=SIZES[size], base_url=live_server.url)
    context.set_default_timeout(15_000)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("#")[0]))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto("/c/acme#SPRING0001")
    expect(page.locator(".state.good strong")).to_have_text(COUNTS[locale])
    expect(page.locator(".code")).to_have_text("SPRING0001")
    assert fits(page)
    assert Axe().run(page).response["violations"] == []

    page.fill("#code", "WRONG")
    page.press("#code", "Enter")
    expect(page.locator(".state strong")).to_have_text(NOTHING[locale])
    expect(page.locator(".voucher")).to_have_count(0)
    assert page.url.endswith("/c/acme#WRONG")

    other = next(each for each in COUNTS if each != locale)
    page.fill("#code", "spring-0002")
    page.press("#code", "Enter")
    expect(page.locator(".code")).to_have_text("SPRING0002")
    page.locator("[name=language][aria-pressed=false]").click()
    expect(page.locator(".state.good strong")).to_have_text(COUNTS[other])
    page.reload()
    expect(page.locator(".state.good strong")).to_have_text(COUNTS[other])
    assert not [url for url in asked if "SPRING" in url or "WRONG" in url]
    assert complaints == []
    context.close()


def test_without_scripts_a_code_is_typed(browser: Any, live_server: Any, spring: Coupon) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = context.new_page()
    page.goto("/c/acme")
    page.fill("#code", "SPRING0001")
    page.press("#code", "Enter")
    expect(page.locator(".state.good")).to_be_visible()
    expect(page.locator(".code")).to_have_text("SPRING0001")
    page.locator("[name=language][aria-pressed=false]").click()
    expect(page.locator(".state.good strong")).to_have_text(COUNTS["zh-CN"])
    assert "SPRING" not in page.url
    context.close()
