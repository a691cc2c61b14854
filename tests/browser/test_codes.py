"""Codes are issued, and a batch undone, in Chromium: both languages, desk and phone."""

import os
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from coupons import jobs
from coupons.models import Code, CodeBatch, Coupon
from tests.browser.looks import SIZES, VISITS, fits
from tests.people import PASSWORD, People
from tests.shop import NOW, Shop

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = {
    "en-GB": {
        "good": "Good", "weak": "Weak", "refused": "Too weak", "issue": "Issue codes",
        "undo": "Undo this batch", "undone": "This batch is undone: its codes are deleted.",
    },
    "zh-CN": {
        "good": "安全", "weak": "偏弱", "refused": "强度不足", "issue": "发放券码",
        "undo": "撤销该批次", "undone": "该批次已撤销，券码均已删除。",
    },
}  # fmt: skip


@pytest.fixture(params=VISITS, ids="-".join)
def visit(request: pytest.FixtureRequest, browser: Any, live_server: Any) -> Any:
    locale, size = request.param
    people = People.meet()
    shop = Shop(people.acme, None)  # type: ignore[arg-type]
    shop.api = shop.with_scopes("manage", "publish")
    shop.coupon("ten", code=None)
    context = browser.new_context(
        locale=locale, viewport=SIZES[size], base_url=live_server.url, has_touch=size == "phone"
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto("/")
    page.fill("#id_username", people.bob.user.username)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_selector("#nav-sidebar-apps", state="attached")
    yield page, WORDS[locale]
    assert complaints == []
    context.close()


def photograph(page: Any, name: str) -> None:
    if folder := os.environ.get("PHOTOS"):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png")


def test_codes_are_issued_with_their_safety_in_sight_and_undone(visit: Any) -> None:
    page, words = visit
    page.goto(f"/coupons/coupon/{Coupon.objects.get().pk}/codes/")
    meter = page.get_by_role("status")
    expect(meter.locator("strong")).to_have_text(words["good"])
    page.fill("#id_count", "1000")
    page.fill("#id_pattern", "SUMMER-####-*")
    expect(meter.locator("strong")).to_have_text(words["refused"])
    page.fill("#id_pattern", "SUMMER-######-*")
    expect(meter.locator("strong")).to_have_text(words["weak"])
    assert fits(page)
    photograph(page, f"weak-{words['weak']}")
    assert Axe().run(page, ".hx-form").response["violations"] == []
    page.fill("#id_pattern", "[A-Z]#")
    expect(meter).to_contain_text("I L O U V")
    photograph(page, f"alike-{words['weak']}")
    page.fill("#id_pattern", "SUMMER-########-*")
    page.fill("#id_count", "25")
    page.get_by_role("button", name=words["issue"]).click()
    page.wait_for_url("**/change/")
    batch = CodeBatch.objects.get()
    page.goto(f"/coupons/codebatch/{batch.pk}/change/")
    assert fits(page)
    photograph(page, f"making-{words['weak']}")
    while jobs.work_on(job_id=batch.job_id, at=NOW):
        pass
    assert Code.objects.count() == 25
    page.reload()
    page.locator("summary", has_text=words["undo"]).press("Enter")
    photograph(page, f"undo-{words['weak']}")
    assert Axe().run(page, ".hx-quiet").response["violations"] == []
    page.get_by_role("button", name=words["undo"]).click()
    page.wait_for_load_state()
    batch.refresh_from_db()
    while jobs.work_on(job_id=batch.undoing_id, at=NOW):
        pass
    page.reload()
    expect(page.get_by_text(words["undone"])).to_be_visible()
    assert fits(page)
    photograph(page, f"undone-{words['weak']}")
    assert Code.objects.count() == 0
