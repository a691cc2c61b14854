"""The desk in a real browser, on a phone: typed, scanned by the camera, and from a photo."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import segno
from django.contrib.sessions.models import Session
from django.core.cache import cache
from PIL import Image
from playwright.sync_api import expect

from coupons.models import Membership, Role, User
from redemption.models import Redemption
from tests.browser.looks import SIZES, VISITS, barriers, fits
from tests.conftest import BROWSER_FLAGS, chromium
from tests.desk import allow
from tests.people import PASSWORD
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {
    "en-GB": {"check": "Check", "redeem": "Redeem", "good": "Good now", "done": "Done"},
    "zh-CN": {"check": "查询", "redeem": "核销", "good": "现在可用", "done": "完成"},
}


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open("acme")
    user = User.objects.create_user("cleo", password=PASSWORD, is_staff=True)
    Membership.objects.create(merchant=shop.merchant, user=user, role=Role.CLERK)
    shop.coupon("ten-off", names={"zh-hans": "满减十元"}, thank_you="Thanks! 谢谢！")
    allow(user)
    return shop


def opened(browser: Any, url: str, locale: str, size: str) -> tuple[Any, Any, list[str]]:
    """Log the clerk in on a device; what the page complains of is gathered."""
    context = browser.new_context(
        locale=locale, viewport=SIZES[size], base_url=url, has_touch=size == "phone",
        permissions=["camera"],
    )  # fmt: skip
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto("/")
    page.fill("#id_username", "cleo")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("#desk-form")
    return context, page, complaints


#: A desk is a phone first of all.
AT_A_DESK = [*VISITS, ("zh-CN", "phone")]


@pytest.fixture(params=AT_A_DESK, ids="-".join)
def visit(request: pytest.FixtureRequest, browser: Any, live_server: Any, shop: Shop) -> Any:
    """Be at the desk with that language and width; a complaint of the page fails the test."""
    locale, size = request.param
    context, page, complaints = opened(browser, live_server.url, locale, size)
    yield page, WORDS[locale]
    context.close()
    assert complaints == []


def is_sound(page: Any) -> bool:
    """Say whether nothing scrolls sideways, all is large enough to touch, and axe is content."""
    assert barriers(page) == []
    small = page.evaluate(
        """(touched) => Array.from(document.querySelectorAll(touched))
        .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 40)
        .map((each) => each.outerHTML)""",
        "button, input:not([type=file]):not([type=hidden]), select, summary",
    )
    assert small == []
    return fits(page)


def test_a_code_is_typed_checked_redeemed_and_undone(visit: Any) -> None:
    page, words = visit
    assert is_sound(page)
    page.locator("#id_code").type("ten off")
    page.press("#id_code", "Enter")
    page.wait_for_selector(".card.wanting")
    assert page.input_value("#id_code") == "ten off"
    page.fill("#id_total", "50")
    expect(page.locator(".card.wanting")).to_have_class(re.compile("stale"))
    page.get_by_role("button", name=words["check"], exact=True).click()
    page.wait_for_selector(".card.good")
    assert words["good"] in page.locator(".card h2").inner_text()
    assert "40.00 USD" in page.locator(".card").inner_text()
    assert is_sound(page)
    page.get_by_role("button", name=words["redeem"], exact=True).click()
    page.wait_for_url(re.compile(r"/desk/redeemed/[0-9a-f-]+/"))
    assert "Thanks! 谢谢！" in page.locator("main").inner_text()
    assert is_sound(page)
    assert Redemption.objects.get().method == "manual"
    page.locator(".undo summary").click()
    assert is_sound(page)
    page.locator(".undo button").click()
    page.wait_for_selector(".card.bad")
    assert Redemption.objects.get().status == "reversed"
    page.locator("a.primary").click()
    page.wait_for_selector("#desk-form")
    assert (page.input_value("#id_code"), page.input_value("#id_total")) == ("", "")


def test_what_is_typed_after_the_check_cannot_be_redeemed_unseen(visit: Any) -> None:
    page, words = visit
    page.fill("#id_code", "ten-off")
    page.fill("#id_total", "50")
    page.press("#id_total", "Enter")
    page.wait_for_selector(".card.good")
    page.fill("#id_total", "500")
    assert page.get_by_role("button", name=words["redeem"], exact=True).is_disabled()


def picture(code: str) -> Image.Image:
    """Show a printed voucher's QR code, with paper around it."""
    raw = io.BytesIO()
    segno.make(code, micro=False).save(raw, kind="png", scale=8)
    drawn = Image.open(raw).convert("RGB")
    paper = Image.new("RGB", (640, 480), "#dddddd")
    paper.paste(drawn, ((640 - drawn.width) // 2, (480 - drawn.height) // 2))
    return paper


def test_a_photo_is_read(visit: Any, tmp_path: Path) -> None:
    page, _words = visit
    file = tmp_path / "voucher.jpg"
    picture("https://shop.test/v#TEN-OFF").save(file, "JPEG")
    page.fill("#id_total", "50")
    page.set_input_files("#id_photo", file)
    page.wait_for_selector(".card.good")
    assert page.input_value("#id_code") == "TEN-OFF"


def test_a_photo_without_a_code_leaves_what_was_typed(
    browser: Any, live_server: Any, shop: Shop, tmp_path: Path
) -> None:
    context, page, _complaints = opened(browser, live_server.url, "en-GB", "phone")
    file = tmp_path / "wall.jpg"
    Image.new("RGB", (400, 300), "white").save(file, "JPEG")
    page.fill("#id_total", "50")
    page.set_input_files("#id_photo", file)
    expect(page.locator(".card.bad")).to_contain_text("There is no readable code in the photo.")
    assert page.input_value("#id_total") == "50"
    context.close()


def test_a_session_that_ends_in_the_middle_loses_nothing_typed(
    browser: Any, live_server: Any, shop: Shop
) -> None:
    context, page, _complaints = opened(browser, live_server.url, "en-GB", "phone")
    page.fill("#id_code", "ten-off")
    page.fill("#id_total", "50")
    Session.objects.all().delete()
    cache.clear()
    page.get_by_role("button", name="Check", exact=True).click()
    page.wait_for_selector("#id_username")
    page.fill("#id_username", "cleo")
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("#desk-form")
    expect(page.locator("#id_code")).to_have_value("ten-off")
    expect(page.locator("#id_total")).to_have_value("50")
    page.get_by_role("button", name="Check", exact=True).click()
    page.wait_for_selector(".card.good")
    context.close()


def test_without_a_network_the_page_says_so_and_a_second_try_redeems_once(
    browser: Any, live_server: Any, shop: Shop
) -> None:
    context, page, _complaints = opened(browser, live_server.url, "en-GB", "phone")
    page.fill("#id_code", "ten-off")
    page.fill("#id_total", "50")
    page.press("#id_total", "Enter")
    page.wait_for_selector(".card.good")
    lost: list[int] = []

    def lose_the_answer(route: Any) -> None:
        lost.append(route.fetch(max_redirects=0).status)
        route.abort()

    page.route("**/desk/redeem/", lose_the_answer)
    page.get_by_role("button", name="Redeem", exact=True).click()
    expect(page.locator("#trouble")).to_be_visible()
    page.unroute("**/desk/redeem/")
    page.get_by_role("button", name="Redeem", exact=True).click()
    page.wait_for_url(re.compile(r"/desk/redeemed/"))
    assert (lost, Redemption.objects.count()) == ([204], 1)
    context.close()


@pytest.fixture
def camera(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Have a Chromium whose camera sees a printed voucher."""
    film = tmp_path / "voucher.mjpeg"
    raw = io.BytesIO()
    picture("https://shop.test/v#TEN-OFF").save(raw, "JPEG", quality=90)
    film.write_bytes(raw.getvalue() * 3)
    flags = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    flags.append(f"--use-file-for-fake-video-capture={film}")
    driven = browser.browser_type.launch(
        executable_path=chromium(), headless=True, args=[*BROWSER_FLAGS, *flags]
    )
    yield driven
    driven.close()


def test_the_camera_reads_a_voucher(camera: Any, live_server: Any, shop: Shop) -> None:
    context, page, complaints = opened(camera, live_server.url, "zh-CN", "phone")
    page.fill("#id_total", "50")
    page.locator("#scan").click()
    page.wait_for_selector(".card.good")
    assert page.input_value("#id_code") == "TEN-OFF"
    assert page.locator("#camera").is_hidden()
    context.close()
    assert complaints == []
