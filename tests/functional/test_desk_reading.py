"""What is typed, scanned or photographed at the desk: read, or refused with a clear answer."""

import io
import uuid
from typing import Any

import pytest
import segno
import zxingcpp
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from coupons.models import Role
from redemption import guessing, scanning
from tests.desk import allow
from tests.people import Person, person
from tests.shop import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cleo(monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setattr(guessing, "_refused", {})
    shop = Shop.open()
    shop.coupon("ten-off", min_spend={"USD": "20.00"})
    cleo = person("cleo", shop.merchant, Role.CLERK)
    allow(cleo.user)
    return cleo


def check(who: Person, code: str = "ten-off", **more: Any) -> Any:
    return who.post("/desk/check/", code=code, **more)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ABC-1", "ABC-1"),
        (" https://shop.test/v/1#ABC1 ", "ABC1"),
        ("HTTP://SHOP.TEST/V#AB%2DC", "AB-C"),
        ("https://shop.test/v", ""),
        ("A#1", "A#1"),
    ],
)
def test_of_a_link_the_code_is_what_stands_after_the_hash(text: str, code: str) -> None:
    assert scanning.code_of(text=text) == code


def photo(picture: Image.Image, kind: str = "JPEG") -> SimpleUploadedFile:
    raw = io.BytesIO()
    picture.convert("RGB").save(raw, kind)
    return SimpleUploadedFile("photo.jpg", raw.getvalue(), content_type="image/jpeg")


def qr(text: str) -> Image.Image:
    raw = io.BytesIO()
    segno.make(text, micro=False).save(raw, kind="png", scale=8)
    return Image.open(raw)


def barcode(text: str, kind: str) -> Image.Image:
    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    drawn = Image.fromarray(made.to_image(scale=3))
    framed = Image.new("L", (drawn.width + 120, drawn.height + 120), 255)
    framed.paste(drawn, (60, 60))
    return framed


@pytest.mark.parametrize("kind", ["QRCode", "Code128", "PDF417"])
def test_a_photo_is_read_and_not_kept(cleo: Person, kind: str) -> None:
    picture = barcode("TEN-OFF", kind).rotate(3, fillcolor=255, expand=True)
    with nothing_changes():
        shown = check(cleo, "", total="50", photo=photo(picture))
        read = cleo.post("/desk/read/", photo=photo(qr("https://shop.test/v#TEN-OFF")))
    assert shown.context["card"]["state"] == "good"
    assert read.json() == {"code": "TEN-OFF"}


def bomb() -> SimpleUploadedFile:
    return photo(Image.new("1", (9_000, 9_000)), "PNG")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: photo(Image.new("RGB", (300, 300), "white")), "There is no readable code"),
        (lambda: SimpleUploadedFile("a.jpg", b"no picture"), "This is no PNG, JPEG or WebP"),
        (bomb, "The picture has too many pixels"),
        (lambda: SimpleUploadedFile("a.jpg", b"x" * (scanning.MAX_BYTES + 1)), "A photo has at"),
    ],
)
def test_a_photo_that_cannot_be_read_is_told_clearly(cleo: Person, make: Any, told: str) -> None:
    with nothing_changes():
        answer = check(cleo, "", total="50", photo=make())
    assert answer.status_code == 422
    assert answer.context["problems"][0].startswith(told)
    assert 'value="50"' in answer.content.decode()
    read = cleo.post("/desk/read/", photo=make())
    assert read.status_code == (204 if told.startswith("There is no") else 422)


@pytest.mark.parametrize(
    ("code", "status"),
    [("X" * 200, 200), ("X" * 501, 422), ("", 422), ("https://shop.test/v", 422), ("\x00", 422)],
)
def test_codes_that_are_none_get_a_clear_answer(cleo: Person, code: str, status: int) -> None:
    with nothing_changes():
        answer = check(cleo, code, total="50")
    assert answer.status_code == status
    assert answer.context.get("problems") or answer.context["card"] == {"state": "unknown"}


@pytest.mark.parametrize("total", ["abc", "1.234", "-5", "9" * 30])
def test_totals_that_are_none_get_a_clear_answer(cleo: Person, total: str) -> None:
    with nothing_changes():
        answer = check(cleo, total=total)
        forced = cleo.post("/desk/redeem/", code="ten-off", total=total, press=str(uuid.uuid4()))
    assert answer.status_code == 422
    assert len(answer.context["problems"]) == 1
    assert forced.status_code in (303, 422)
