"""People at the desk in a real browser: PIN, lock, one more proof, and the day on paper."""

import re
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from campaigns.models import Customer
from coupons import pins
from coupons.models import Membership, Role, User
from redemption.models import Redemption
from tests.browser.looks import VISITS
from tests.browser.test_desk import is_sound, opened
from tests.desk import allow
from tests.people import PASSWORD
from tests.shop import NOW, Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open("acme")
    shop.coupon("dear", names={"zh-hans": "贵重券"}, risk_level="high")
    for name, pin, role in (
        ("cleo", "4071", Role.CLERK), ("dora", "8305", Role.CLERK), ("bob", "6291", Role.OPERATOR),
    ):  # fmt: skip
        user = User.objects.create_user(name, password=PASSWORD, is_staff=True)
        row = Membership.objects.create(merchant=shop.merchant, user=user, role=role)
        at = timezone.now()
        pins.choose(membership=row, pin=pin, password=PASSWORD, device="d", at=at)
        allow(user)
    Customer.objects.create(
        merchant=shop.merchant, ref="C-1", email="chen@example.com", created_at=NOW
    )
    return shop


@pytest.fixture(params=VISITS, ids="-".join)
def visit(request: pytest.FixtureRequest, browser: Any, live_server: Any, shop: Shop) -> Any:
    """Be at the desk as Cleo, with that language and width."""
    locale, size = request.param
    context, page, complaints = opened(browser, live_server.url, locale, size)
    yield page
    context.close()
    # The browser itself reports each answer above 400.
    assert [each for each in complaints if "Failed to load resource" not in each] == []


def lock(page: Any) -> None:
    page.locator(".menu summary").click()
    page.locator("form[action='/desk/lock/'] button").click()
    page.wait_for_selector(".lock")


def test_a_switch_by_pin_and_a_wrong_one(visit: Any) -> None:
    page = visit
    lock(page)
    assert is_sound(page)
    page.get_by_label("dora").check()
    page.fill("#id_pin", "9999")
    page.locator(".lock .big").click()
    page.wait_for_selector(".problems")
    assert is_sound(page)
    page.fill("#id_pin", "8305")
    page.locator(".lock .big").click()
    page.wait_for_selector("#desk-form")
    assert page.locator(".menu .person").inner_text() == "dora"


def test_the_lock_lies_over_the_page_and_what_is_typed_stays(visit: Any) -> None:
    page = visit
    page.fill("#id_code", "dear")
    page.fill("#id_total", "50")
    page.evaluate(
        """() => htmx.ajax("POST", "/desk/lock/", { target: "#lock", swap: "innerHTML", values: {
        csrfmiddlewaretoken: document.querySelector("[name=csrfmiddlewaretoken]").value } })"""
    )
    page.wait_for_selector("#lock .lock")
    assert page.evaluate("document.querySelector('main').inert") is True
    assert page.evaluate("document.activeElement.id") == "id_pin"
    assert is_sound(page)
    page.keyboard.type("4071")
    page.keyboard.press("Enter")
    page.wait_for_selector("#lock:not(.on)", state="attached")
    assert page.evaluate("document.querySelector('main').inert") is False
    assert (page.input_value("#id_code"), page.input_value("#id_total")) == ("dear", "50")


def test_a_valuable_coupon_by_the_customers_code_and_the_day(visit: Any) -> None:
    page = visit
    page.fill("#id_code", "dear")
    page.fill("#id_total", "50")
    page.locator("form#desk-form details summary").first.click()
    page.fill("#id_customer", "C-1")
    page.locator("#check").click()
    page.wait_for_selector(".card.proof")
    assert is_sound(page)
    page.locator("fieldset.proof button").click()
    page.wait_for_selector("#proof-sent [role=status]")
    assert "c***@example.com" in page.locator("#proof-sent").inner_text()
    code = re.search(r"\d{6}", mail.outbox[0].subject)
    assert code
    page.fill("#id_proof_code", code[0])
    page.locator("#redeem-form .big").click()
    page.wait_for_url(re.compile(r"/desk/redeemed/"))
    assert Redemption.objects.get().actor == "staff:cleo"
    page.goto("/desk/day/")
    assert "10.00 USD" in page.locator("main").inner_text()
    assert is_sound(page)
    page.emulate_media(media="print")
    assert not page.locator("header").is_visible()
    assert page.locator(".sign").is_visible()


def test_a_pin_of_ones_own(visit: Any) -> None:
    page = visit
    page.goto("/desk/pin/")
    assert is_sound(page)
    page.fill("#id_new_pin", "1234")
    page.fill("#id_again", "1234")
    page.fill("#id_own_password", PASSWORD)
    page.locator("main .big").click()
    page.wait_for_selector("[role=alert]")
    assert is_sound(page)
