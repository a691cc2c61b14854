"""The page that a voucher's QR code leads to: what a code is, told to whoever holds it."""

import re
from typing import Any

import pytest
import zxingcpp
from django.test import Client
from PIL import Image, ImageDraw

from coupons import platform
from coupons.models import Code, Coupon, Merchant
from coupons.printing.links import link_to
from redemption import guessing
from tests.shop import NOW, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

NOTHING = "This code does not count here."


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(guessing, "_refused", {})
    settings.HEXIAO_URL = "https://coupons.example.com"


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open(languages=["en", "zh-hans"])
    shop.coupon(
        "spring",
        code=None,
        names={"en": "Spring voucher", "zh-hans": "春季大促券"},
        min_spend={"USD": "50.00"},
    )
    shop.codes("spring", "SPRING000001", "SPRING000002")
    return shop


def ask(code: str, *, shop: str = "acme", language: str = "en", **sent: str) -> Any:
    return Client().post(
        f"/c/{shop}", {"code": code, **sent}, headers={"Accept-Language": language}
    )


def page(code: str, **who: str) -> str:
    answer = ask(code, **who)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_code_that_counts_is_shown_with_all_that_its_shopper_needs(shop: Shop) -> None:
    with nothing_changes():
        shown = page("spring-0000-01")
    for words in (
        "Acme", "$10 off when you spend $50", "Spring voucher", "It counts now.",
        "SPRI-NG00-0001", "Minimum spend: $50.", 'role="img"',
    ):  # fmt: skip
        assert words in shown, words
    assert "SPRING000002" not in shown.replace("-", "")


def test_it_speaks_the_browsers_language_or_the_one_chosen(shop: Shop) -> None:
    shown = page("SPRING000001", language="zh-CN,zh;q=0.9")
    assert '<html lang="zh-Hans">' in shown
    for words in ("满US$50减US$10", "春季大促券", "现在可用。", "全场通用。"):
        assert words in shown, words
    client = Client()
    chosen = client.post("/c/acme", {"code": "SPRING000001", "language": "zh-hans"})
    assert "春季大促券" in chosen.content.decode()
    assert '<html lang="zh-Hans">' in client.get("/c/acme").content.decode()
    assert '<html lang="en">' in Client().get("/c/acme").content.decode()


def test_its_qr_code_is_the_link_of_the_voucher(shop: Shop) -> None:
    svg = re.search(r"<svg.*?</svg>", page("SPRING000001"), re.S)
    assert svg
    found = zxingcpp.read_barcodes(_drawn(svg[0]))
    assert [code.text for code in found] == ["https://coupons.example.com/c/acme#SPRING000001"]


def _drawn(svg: str) -> Image.Image:
    """Draw the rows of segno's SVG: `m` moves on, `h` draws a run of modules."""
    side = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    picture = Image.new("L", (side * 8, side * 8), 255)
    pen, (x, y) = ImageDraw.Draw(picture), (0.0, 0.0)
    (path,) = [d for d in re.findall(r' d="([^"]+)"', svg) if d.startswith("M4 4.5")]
    for step, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(n) for n in re.findall(r"-?[\d.]+", numbers)]
        if step == "h":
            top = (y - 0.5) * 8
            pen.rectangle((x * 8, top, (x + values[0]) * 8 - 1, top + 7), fill=0)
            x += values[0]
        else:
            x, y = (values[0], values[1]) if step == "M" else (x + values[0], y + values[1])
    return picture


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"state": "paused"}, "It counts now."),
        ({"ends_at": "2026-01-02T00:00:00Z"}, "This coupon is no longer valid."),
    ],
)
def test_what_stands_against_a_coupon_is_said(
    shop: Shop, change: dict[str, Any], told: str
) -> None:
    if "ends_at" in change:
        Code.objects.update(expires_at=change["ends_at"])
    else:
        assert shop.api.post("coupons/spring/pause").status == 200
    assert told in page("SPRING000001")


def test_a_used_code_says_so(shop: Shop) -> None:
    assert shop.api.post("redemptions", order("SPRING000001")).status == 201
    shown = page("SPRING000001")
    assert "It does not count now." in shown
    assert "This code has been used." in shown


def test_a_coupon_that_has_not_begun_says_when_it_will(shop: Shop) -> None:
    shop.coupon("later", code="LATER", starts_at="2097-01-01T00:00:00Z")
    assert "This coupon is valid from 2097-01-01 00:00 on." in page("LATER")


def test_all_that_nobody_may_know_is_one_and_the_same_answer(shop: Shop) -> None:
    other = Shop.open("harbour")
    other.coupon("summer", code="SUMMER")
    shop.coupon("draft", code="DRAFT", publish=False)
    Code.objects.filter(text="SPRING000002").update(state=Code.State.REVOKED)
    asked = [
        ("GARBAGE", "acme"),
        ("DRAFT", "acme"),
        ("SPRING000002", "acme"),
        ("SUMMER", "acme"),
        ("SPRING000001", "harbour"),
        ("SPRING000001", "no-such-shop"),
        ("' OR 1=1 --", "acme"),
        ("<script>alert(1)</script>", "acme"),
        ("é" * 300, "acme"),
        ("ab\u0000c", "acme"),
    ]
    answers = set()
    for code, slug in asked:
        shown = page(code, shop=slug)
        assert NOTHING in shown
        assert "<script>alert" not in shown
        # Beside what was typed and asked, nothing differs.
        field = re.sub(r'value="[^"]*"', "", shown)
        answers.add(field.replace(f"/c/{slug}", "/c/"))
    assert len(answers) == 1


def test_a_draft_of_the_shops_own_gives_nothing_away_once_it_ended(shop: Shop) -> None:
    shop.coupon("draft", code="DRAFT", publish=False)
    Coupon.objects.filter(slug="draft").update(state="ended")
    assert NOTHING in page("DRAFT")


def test_the_platforms_codes_count_at_its_own_address_and_in_every_shop(shop: Shop) -> None:
    everywhere = Shop.open("mall")
    platform.appoint(merchant=everywhere.merchant, by="system", at=NOW)
    everywhere.merchant = Merchant.objects.get(slug="mall")
    everywhere.coupon("holiday", code="HOLIDAY")
    everywhere.coupon("secret", code="SECRET", publish=False)
    for slug in ("mall", "acme"):
        shown = page("HOLIDAY", shop=slug)
        assert "It counts now." in shown
        assert "Mall" in shown
        assert NOTHING in page("SECRET", shop=slug)
    assert NOTHING in page("SPRING000001", shop="mall")


def test_who_guesses_is_not_answered_for_a_while(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_IP = 3
    for n in range(3):
        assert NOTHING in page(f"WRONG{n}", shop=("acme", "harbour")[n % 2])
    for code in ("WRONG3", "SPRING000001"):
        refused = ask(code)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 601
        assert "Too many codes were tried from here." in refused.content.decode()
        assert "Spring" not in refused.content.decode()
    # The shop's own program asks for others.
    assert shop.api.post("redemptions", order("SPRING000001")).status == 201


def test_the_page_keeps_everything_to_itself(shop: Shop) -> None:
    answer = ask("SPRING000001")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex"
    assert not answer.cookies
    body = answer.content.decode()
    assert not re.search(r"<script(?![^>]*src=)", body)
    assert not re.search(r"\son\w+=", body)
    # The code of the address is never asked for: a link with a query is no link.
    assert "Spring" not in Client().get("/c/acme", {"code": "SPRING000001"}).content.decode()
    assert Client().put("/c/acme").status_code == 405


def test_a_link_writes_a_code_as_addresses_do() -> None:
    assert link_to(shop="acme", code="满A/B#?") == (
        "https://coupons.example.com/c/acme#%E6%BB%A1A%2FB%23%3F"
    )
