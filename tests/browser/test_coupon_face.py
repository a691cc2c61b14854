"""The preview beside the coupon's form, in a real browser, on desk and phone."""

import io
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from coupons.models import Coupon, Merchant, Picture
from tests.browser.looks import fits
from tests.browser.test_console import shop, visit

__all__ = ["shop", "visit"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def picture() -> dict[str, Any]:
    raw = io.BytesIO()
    Image.new("RGB", (80, 60), "orange").save(raw, "PNG")
    return {"name": "a.png", "mimeType": "image/png", "buffer": raw.getvalue()}


def test_the_coupon_is_drawn_while_it_is_typed(visit: Any) -> None:
    page, words = visit
    Merchant.objects.update(languages=["en", "zh-hans"])
    page.goto("/coupons/coupon/add/?template=empty")
    shown = page.locator("#hx-previewed")
    # Below the form of a phone it is folded.
    if page.viewport_size["width"] < 1280:
        expect(shown).to_be_hidden()
        page.locator("#hx-preview-title").click()
    expect(shown.locator(".hx-coupon")).to_have_count(2)
    expect(shown.locator(".hx-missing li").first).to_be_visible()

    page.fill("#id_name", "Spring")
    page.fill("#id_value_0", "10")
    page.fill("#id_code", "SPRING")
    expect(shown.locator(".hx-coupon-headline").first).to_have_text("$10 off")
    expect(shown.locator(".hx-coupon-headline").last).to_have_text("立减US$10")
    expect(shown.locator(".hx-complete")).to_be_visible()

    page.check("[name=face_color][value=gold]")
    page.set_input_files("#id_picture_file", picture())
    expect(page.locator("#hx-pictures img")).to_have_count(1)
    expect(page.locator("#hx-pictures [name=face_picture]:checked")).to_have_value(
        str(Picture.objects.get().pk)
    )
    expect(shown.locator(".hx-coupon-face img")).to_have_count(2)
    assert fits(page)
    assert Axe().run(page, context=".hx-preview").response["violations"] == []
    page.get_by_role("button", name=words["save"]).click()
    page.wait_for_url("**/change/")
    expect(page.locator(".hx-faces .hx-coupon-headline").first).to_have_text("$10 off")
    assert fits(page)
    assert Coupon.objects.get().versions.get().definition["face"] == {
        "color": "gold",
        "picture": str(Picture.objects.get().pk),
    }
