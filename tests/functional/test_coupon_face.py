"""A coupon's face: colour, picture, texts and follow-up, kept, shown and told."""

import io
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from coupons import changing, lifecycle, pictures
from coupons.admin.shown import happened
from coupons.errors import Invalid
from coupons.models import Coupon, JournalEntry, Picture, Role
from tests.definitions import MINIMAL, fields
from tests.people import People, person
from tests.round_trips import counted
from tests.shop import NOW, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

PREVIEW = "/coupons/coupon/preview/"
PICTURES = "/coupons/coupon/pictures/"


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def shop() -> Shop:
    return Shop.open("acme")


@pytest.fixture
def people() -> People:
    return People.meet()


def image(format: str = "PNG", size: tuple[int, int] = (40, 30), **more: Any) -> bytes:
    file = io.BytesIO()
    Image.new(more.pop("mode", "RGB"), size, "red").save(file, format, **more)
    return file.getvalue()


def upload(raw: bytes, name: str = "a.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, raw)


# --- The definition ---


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"face": {"color": "reddish"}}, "face.color"),
        ({"face": {"color": "#12345"}}, "face.color"),
        ({"face": {"color": "#123456;x:url(//a)"}}, "face.color"),
        ({"face": {"color": 7}}, "face.color"),
        ({"face": {"picture": "../../etc/passwd"}}, "face.picture"),
        ({"face": {"picture": "https://example.com/a.png"}}, "face.picture"),
        ({"face": {"font": "x"}}, "face.font"),
        ({"face": "red"}, "face"),
        ({"texts": {"?": {"thank_you": "x"}}}, "texts.?"),
        ({"texts": {"de": "Danke"}}, "texts.de"),
        ({"texts": {"de": {"name": "x"}}}, "texts.de.name"),
        ({"texts": {"de": {"thank_you": "x" * 2001}}}, "texts.de.thank_you"),
        ({"follow_up": "s-1"}, "follow_up"),
        ({"follow_up": "NO"}, "follow_up"),
        ({"follow_up": "nowhere"}, "follow_up"),
    ],
)
def test_a_face_that_makes_no_sense_is_refused(shop: Shop, change: Any, field: str) -> None:
    with nothing_changes():
        answer = shop.api.post("coupons", {**MINIMAL, **change})
    assert (answer.status, fields(answer)) == (422, [field])


def test_a_picture_and_a_follow_up_of_another_merchant_are_unknown(shop: Shop) -> None:
    other = Shop.open("other")
    other.coupon("theirs")
    file = upload(image())
    theirs = pictures.keep(merchant=other.merchant, file=file, by="staff:x", at=NOW)
    with nothing_changes():
        answer = shop.api.post(
            "coupons", {**MINIMAL, "follow_up": "theirs", "face": {"picture": str(theirs.pk)}}
        )
    assert (answer.status, fields(answer)) == (422, ["follow_up", "face.picture"])


def test_wording_and_look_may_change_after_publication(shop: Shop) -> None:
    shop.coupon("next")
    shop.coupon("first")
    change = {
        "face": {"color": "gold", "picture": None},
        "texts": {"zh-hans": {"description": "说明", "thank_you": "谢谢"}},
        "follow_up": "next",
    }
    answer = shop.api.patch("coupons/first", change)
    assert answer.status == 200, answer
    assert {key: answer.body[key] for key in change} == change


def test_a_definition_from_before_there_were_faces_can_be_read_and_changed(shop: Shop) -> None:
    shop.coupon("old")
    version = Coupon.objects.get().versions.get()
    for key in ("face", "texts", "follow_up"):
        del version.definition[key]
    version.save()
    shown = shop.api.get("coupons/old").body
    assert (shown["face"], shown["texts"]) == ({"color": None, "picture": None}, {})
    with nothing_changes():
        assert shop.api.patch("coupons/old", {}).status == 200
    assert shop.api.post("redemptions", order("old", ref="O-1")).status == 201


# --- The terms ---


def test_a_coupon_tells_its_terms_in_words_beside_the_contract(shop: Shop) -> None:
    shop.coupon("ten-off", names={"zh-hans": "减十元"})
    terms = shop.api.get("coupons/ten-off").body["terms"]
    assert list(terms) == ["en", "zh-hans"]
    assert terms["en"]["headline"] == "$10 off"
    assert terms["zh-hans"]["headline"] == "立减US$10"
    assert "全场通用。" in terms["zh-hans"]["sentences"]
    assert "terms" not in shop.api.get("coupons").body["results"][0]


# --- What a redemption answers ---


@pytest.mark.parametrize(
    ("language", "thanks"),
    [
        ("zh-CN", "谢谢"), ("zh-Hans", "谢谢"), ("de-AT", "Danke"), ("de", "Danke"),
        ("fr", "Thanks"), ("en", "Thanks"), (None, "Thanks"), ("", "Thanks"), ("?_-", "Thanks"),
    ],
)  # fmt: skip
def test_the_thank_you_is_in_the_carts_language(
    shop: Shop, language: str | None, thanks: str
) -> None:
    texts = {"zh-hans": {"thank_you": "谢谢"}, "de": {"thank_you": "Danke"}}
    shop.coupon("ten-off", thank_you="Thanks", texts=texts)
    done = shop.api.post("redemptions", {**order("ten-off", ref="O-1"), "language": language})
    assert (done.status, done.body["thank_you"]) == (201, thanks)


def test_a_redemption_offers_the_follow_up_once_it_is_live(shop: Shop) -> None:
    shop.api.post("coupons", {**MINIMAL, "slug": "next", "name": "N", "names": {"zh-hans": "下"}})
    shop.coupon("ten-off", follow_up="next", limits={"uses_per_code": None})
    early = shop.api.post("redemptions", order("ten-off", ref="O-1"))
    assert (early.status, early.body["follow_up"]) == (201, None)


def test_a_live_follow_up_is_named_in_the_carts_language(shop: Shop) -> None:
    shop.coupon("next", name="Next", names={"zh-hans": "下一张"})
    shop.coupon("ten-off", follow_up="next")
    asked = {**order("ten-off", ref="O-1"), "language": "zh-CN"}
    done = shop.api.post("redemptions", asked)
    assert done.body["follow_up"] == {"coupon": "next", "name": "下一张"}
    again = shop.api.get(f"redemptions/{done.body['id']}")
    assert again.body["follow_up"] == done.body["follow_up"]


def test_a_follow_up_costs_no_query_once_it_is_known(shop: Shop) -> None:
    shop.coupon("next")
    shop.coupon("ten-off", follow_up="next")
    shop.coupon("plain")
    for slug in ("ten-off", "plain"):
        shop.api.post("redemptions", order(slug, ref=f"{slug}-1"))
    costs = {}
    for slug in ("ten-off", "plain"):
        with counted() as trips:
            assert shop.api.post("redemptions", order(slug, ref=f"{slug}-2")).status == 201
        costs[slug] = (trips.queries, trips.round_trips)
    assert costs["ten-off"] == costs["plain"]


# --- Pictures ---


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_kept_anew_and_served_to_everybody(people: People, format: str) -> None:
    answer = people.bob.post(PICTURES, picture_file=upload(image(format, (3000, 1500))))
    picture = Picture.objects.get()
    assert answer.status_code == 200
    assert f'value="{picture.pk}"\n' in answer.content.decode()
    assert (picture.merchant, picture.width, picture.height) == (people.acme, 1200, 600)
    entry = JournalEntry.objects.get(type="picture.added")
    assert (entry.actor, entry.data) == ("staff:bob", {"picture": str(picture.pk)})
    assert happened("picture.added") == "Picture added"

    served = Client().get(f"/pictures/{picture.pk}")
    assert (served.status_code, served["Content-Type"]) == (200, "image/webp")
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Cache-Control"] == "public, max-age=31536000, immutable"
    assert Image.open(io.BytesIO(served.content)).format == "WEBP"
    assert Client().get(f"/pictures/{uuid4()}").status_code == 404


def test_nothing_of_a_file_but_its_pixels_is_kept(people: People) -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    raw = image("JPEG", exif=exif) + b"<script>alert(1)</script>"
    people.bob.post(PICTURES, picture_file=upload(raw))
    kept = pictures.content(picture=Picture.objects.get())
    assert b"SECRET" not in kept
    assert b"script" not in kept


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        image("GIF"),
        image("BMP"),
        image("PNG")[:60],
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 200,
        image("PNG", (6000, 6000), mode="1"),
        b"x" * (pictures.MAX_BYTES + 1),
    ],
    ids=["empty", "text", "svg", "gif", "bmp", "cut", "zeros", "pixels", "large"],
)
def test_what_is_no_picture_is_refused(people: People, raw: bytes) -> None:
    with nothing_changes():
        answer = people.bob.post(PICTURES, picture_file=upload(raw))
        with pytest.raises(Invalid):
            pictures.keep(merchant=people.acme, file=upload(raw), by="staff:bob", at=NOW)
    assert answer.status_code == 200
    assert "hx-errors" in answer.content.decode()


def test_pictures_of_other_merchants_are_not_offered(people: People) -> None:
    theirs = pictures.keep(merchant=people.other, file=upload(image()), by="staff:c", at=NOW)
    answer = people.bob.post(PICTURES, face_picture=str(theirs.pk))
    assert str(theirs.pk) not in answer.content.decode()


# --- The preview ---


def test_the_preview_shows_what_has_been_typed_and_keeps_nothing(people: People) -> None:
    typed = {
        "name": "Spring",
        "kind": "percent_off",
        "percent": "20",
        "face_color": "gold",
        "scope": "all",
    }
    with nothing_changes():
        shown = people.bob.post(PREVIEW, **typed, codes="shared", code="SPRING").content.decode()
    assert "20% off" in shown
    assert "Enter the code SPRING at checkout, or show it at the till." in shown
    assert "--hx-face: #f2c14e" in shown
    assert "--hx-face-ink: #000000" in shown
    assert "Nothing is missing" in shown


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({}, "This field is required."),
        ({"kind": "amount_off", "name": "A"}, "Send an amount for each currency"),
        ({"kind": "amount_off", "value_currency": ["XXX"], "value_amount": ["5"]}, "currency"),
        ({"kind": "percent_off", "percent": "abc"}, "Send a percentage"),
        ({"kind": "percent_off", "percent": "5", "starts_on": "soon"}, "Enter a valid date."),
        ({"kind": "percent_off", "percent": "5", "weekly_windows-0-opens": "9"}, "Name at least"),
        ({"kind": "tiered", "tiers-0-percent": "5"}, "Entry 1"),
        ({"kind": "draw", "prizes-0-name": "A"}, "Entry 1"),
        ({"kind": "gift"}, "Name what is given."),
        ({"kind": "rocket"}, "Select a valid choice."),
        ({"follow_up": "NO NO"}, "Name a coupon by its slug."),
        ({"face_color": "own", "face_own_color": "#12"}, "write it as"),
        ({"texts-0-language": "??", "texts-0-thank_you": "x"}, "language tag"),
        ({"name": "\x01", "kind": "pass"}, "cannot be shown"),
        ({"uses": "99999999999999999999"}, "whole number"),
    ],
)
def test_the_preview_says_what_is_missing(people: People, typed: Any, told: str) -> None:
    with nothing_changes():
        answer = people.bob.post(PREVIEW, **typed)
    assert answer.status_code == 200
    assert "hx-missing" in answer.content.decode()
    assert told.replace('"', "&quot;") in answer.content.decode()


def test_the_preview_of_a_change_begins_with_what_is_stored(people: People, shop_of: Any) -> None:
    coupon = shop_of(people, names={"zh-hans": "春季"})
    shown = people.bob.post(f"/coupons/coupon/{coupon.pk}/preview/", name="Other", kind="pass")
    assert "Other" in shown.content.decode()
    assert "中文" in people.bob.get(f"/coupons/coupon/{coupon.pk}/change/").content.decode()
    assert people.charlie.post(f"/coupons/coupon/{coupon.pk}/preview/").status_code == 404


@pytest.fixture
def shop_of() -> Any:
    def make(people: People, **more: Any) -> Coupon:
        body = {**MINIMAL, **more}
        return changing.create(merchant=people.acme, body=body, by="staff:bob", at=NOW)

    return make


#: What the form of a draft sends.
DRAFTED = {
    "name": "S",
    "kind": "amount_off",
    "value_currency": "USD",
    "value_amount": "5",
    "scope": "all",
    "code": "FIVER",
    "methods": ["automatic", "manual", "api", "batch"],
}


@pytest.mark.parametrize("is_out", [False, True])
def test_the_preview_of_a_change_misses_nothing_that_the_form_does_not_send(
    people: People, shop_of: Any, is_out: bool
) -> None:
    coupon = shop_of(people, code="FIVER")
    if is_out:
        lifecycle.publish(coupon=coupon, by="staff:bob", at=NOW)
    # The page of a coupon that is out sends its wording alone.
    sent = {"name": "S"} if is_out else DRAFTED
    shown = people.bob.post(f"/coupons/coupon/{coupon.pk}/preview/", **sent)
    assert shown.context["missing"] == []
    assert shown.context["faces"][0]["words"].headline == "$5 off"


def test_only_those_who_may_change_coupons_see_a_preview_or_add_pictures(people: People) -> None:
    clerk = person("clara", people.acme, Role.CLERK)
    with nothing_changes():
        for path in (PREVIEW, PICTURES):
            assert clerk.post(path, name="x", picture_file=upload(image())).status_code == 404
            assert people.bob.get(path).status_code == 405
            assert Client().post(path).status_code == 302
