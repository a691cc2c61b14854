"""Checks before publishing: the page with its ticks, the API's warnings, and what is kept."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from coupons import changing, checking, lifecycle
from coupons.checking import goods
from coupons.models import Category, Coupon, JournalEntry, Merchant, Product, State
from coupons.pricing.basket import eligible_lines
from coupons.pricing.cart import Line
from coupons.pricing.terms import Scope
from tests.people import People
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

PATH = "/coupons/coupon/{}/publish/confirm/"


@pytest.fixture
def people(db: None) -> People:
    return People.meet()


def draft(merchant: Merchant, **changes: Any) -> Coupon:
    """Make a draft of 60 % off everything, which has no end."""
    body = {
        "slug": "spring",
        "name": "Spring",
        "kind": "percent_off",
        "percent": "60",
        "code": "SPRINGTIME",
        "limits": {"uses": 10},
    }
    return changing.create(merchant=merchant, body=body | changes, by="staff:alice", at=NOW)


def product(merchant: Merchant, sku: str, **values: Any) -> Product:
    return Product.objects.create(
        merchant=merchant, sku=sku, **{"currency": "USD", "price_minor": 10_000, **values}
    )


def warned(answer: Any) -> list[str]:
    return [row["message"] for row in answer.context["checks"]["warnings"]]


def test_each_warning_is_ticked_and_kept_with_who_accepted_it(people: People) -> None:
    coupon = draft(people.acme)
    product(people.acme, "HAT", name="Hat", cost_minor=5_000)
    shown = people.bob.get(PATH.format(coupon.pk))
    expected = [
        "It has no end: it goes on until somebody ends it.",
        "It loses money on Hat: of 1 for 100.00 USD it takes 60.00 USD off, but the margin is "
        "50.00 USD.",
        "In the worst case 60% comes off, more than 50%: 1 × Hat for 100.00 USD with Spring leave "
        "40.00 USD to pay.",
    ]
    assert warned(shown) == expected
    body = shown.content.decode()
    assert body.count('name="accepted"') == 3
    assert f"/coupons/coupon/{coupon.pk}/edit/#id_ends_on" in body

    assert people.bob.publish(coupon.pk)["Location"] == f"/coupons/coupon/{coupon.pk}/change/"
    assert Coupon.objects.get().state == State.LIVE
    entry = JournalEntry.objects.get(type="coupon.published")
    assert entry.actor == "staff:bob"
    assert [(each["code"], each["message"]) for each in entry.data["accepted"]] == list(
        zip(["no_end", "above_margin", "deep_discount"], expected, strict=True)
    )
    page = people.alice.get(f"/coupons/coupon/{coupon.pk}/change/").content.decode()
    assert "3 warnings accepted" in page
    assert "In the worst case 60% comes off" in page


@pytest.mark.parametrize("left_out", [0, 1])
def test_one_tick_left_out_publishes_nothing(people: People, left_out: int) -> None:
    coupon = draft(people.acme, limits={})
    path = PATH.format(coupon.pk)
    ticks = [row["tick"] for row in people.bob.get(path).context["checks"]["warnings"]]
    assert len(ticks) == 2
    kept = [tick for place, tick in enumerate(ticks) if place != left_out]
    with nothing_changes():
        answer = people.bob.post(path, accepted=kept)
    assert answer.status_code == 200
    rows = answer.context["checks"]["warnings"]
    assert [row["is_ticked"] for row in rows] == [tick in kept for tick in ticks]
    assert "Not published" in answer.content.decode()


@pytest.mark.parametrize(
    "ticks",
    [
        [],
        ["no_end"],
        ["no_end."],
        ["no_end.000000000000"],
        ["*", "all", "\x00", "'; DROP TABLE", "x" * 10_000, "true", "提醒"],
    ],
)
def test_garbage_ticks_accept_nothing(people: People, ticks: list[str]) -> None:
    coupon = draft(people.acme)
    with nothing_changes():
        assert people.bob.post(PATH.format(coupon.pk), accepted=ticks).status_code == 200
    assert Coupon.objects.get().state == State.DRAFT


def test_a_warning_that_came_after_the_page_is_not_accepted_with_it(people: People) -> None:
    coupon = draft(people.acme, percent="10")
    path = PATH.format(coupon.pk)
    ticks = [row["tick"] for row in people.bob.get(path).context["checks"]["warnings"]]
    hat = product(people.acme, "HAT", name="Hat", cost_minor=9_500)
    with nothing_changes():
        answer = people.bob.post(path, accepted=ticks)
    assert [row["is_ticked"] for row in answer.context["checks"]["warnings"]] == [True, False]

    # Accepted as it stands; then it gets worse.
    ticks = [row["tick"] for row in answer.context["checks"]["warnings"]]
    Product.objects.filter(pk=hat.pk).update(cost_minor=9_900)
    with nothing_changes():
        answer = people.bob.post(path, accepted=ticks)
    assert [row["is_ticked"] for row in answer.context["checks"]["warnings"]] == [True, False]
    assert people.bob.publish(coupon.pk).status_code == 302


def test_a_problem_leaves_no_button_and_stops_a_post_too(people: People) -> None:
    coupon = draft(people.acme, ends_at="2026-01-01T00:00:00Z")
    path = PATH.format(coupon.pk)
    shown = people.bob.get(path)
    assert [row["message"] for row in shown.context["checks"]["errors"]] == [
        "The coupon would be over before it starts."
    ]
    assert "hx-button hx-primary" not in shown.content.decode()
    with nothing_changes():
        assert people.bob.publish(coupon.pk).status_code == 200


@pytest.mark.parametrize(
    ("changes", "anchor"),
    [
        ({"ends_at": None}, "#id_ends_on"),
        ({"limits": {"budget": {"USD": "1.00"}}}, "#id_budget_0"),
        ({}, "#id_names-0-language"),
    ],
)
def test_a_warning_leads_to_the_field_it_speaks_of(
    people: People, changes: dict[str, Any], anchor: str
) -> None:
    people.acme.languages = ["en", "zh-hans"]
    people.acme.save()
    off = {"kind": "amount_off", "value": {"USD": "5.00"}, "percent": None}
    coupon = draft(people.acme, **off, **changes)
    anchors = [
        row["anchor"]
        for row in people.bob.get(PATH.format(coupon.pk)).context["checks"]["warnings"]
    ]
    assert anchor in anchors
    form = people.bob.get(f"/coupons/coupon/{coupon.pk}/edit/").content.decode()
    assert [each for each in anchors if f'id="{each[1:]}"' not in form] == []


def test_a_draft_shows_the_list_and_a_live_coupon_does_not(people: People) -> None:
    coupon = draft(people.acme)
    page = f"/coupons/coupon/{coupon.pk}/change/"
    shown = people.bob.get(page).content.decode()
    assert "Before publishing" in shown
    assert "It has no end" in shown
    people.bob.publish(coupon.pk)
    assert "Before publishing" not in people.bob.get(page).content.decode()


def test_the_list_is_told_in_chinese(people: People) -> None:
    coupon = draft(people.acme)
    with translation.override("zh-hans"):
        assert [each.message for each in checking.findings(coupon=coupon, at=NOW)] == [
            "没有结束时间：会一直有效，直到有人将其结束。"
        ]
        [no_end] = checking.findings(coupon=coupon, at=NOW)
        assert no_end.english == "It has no end: it goes on until somebody ends it."


def test_another_merchants_draft_is_not_there(people: People) -> None:
    coupon = draft(people.acme)
    assert people.charlie.get(PATH.format(coupon.pk)).status_code == 404
    with nothing_changes():
        assert people.charlie.post(PATH.format(coupon.pk)).status_code == 404


def test_a_second_person_is_still_asked_for(people: People) -> None:
    Merchant.objects.filter(pk=people.acme.pk).update(reviews_required=True)
    coupon = draft(people.acme)
    told = people.bob.client.get(people.bob.publish(coupon.pk)["Location"]).content.decode()
    assert "A person has to approve this coupon first." in told
    assert Coupon.objects.get().state == State.DRAFT
    lifecycle.submit(coupon=coupon, by="staff:alice", at=NOW)
    lifecycle.approve(coupon=coupon, by="staff:bob", at=NOW)
    assert people.bob.publish(coupon.pk).status_code == 302
    assert Coupon.objects.get().state == State.LIVE


# --- Over the API ------------------------------------------------------------------


def test_a_program_is_told_of_warnings_and_stopped_by_none() -> None:
    shop = Shop.open(languages=["en", "de"], currencies=["EUR"])
    shop.coupon("ten", publish=False, code=None)
    answer = shop.api.post("coupons/ten/publish", Accept_Language="zh-hans")
    assert (answer.status, answer.body["state"]) == (200, "live")
    assert [(each["code"], each["field"]) for each in answer.body["warnings"]] == [
        ("no_end", "ends_at"),
        ("name_untranslated", "names"),
        ("terms_missing", "description"),
        ("no_codes", "code"),
        ("currency_missing", "value"),
    ]
    assert answer.body["warnings"][0]["message"] == (
        "It has no end: it goes on until somebody ends it."
    )
    assert JournalEntry.objects.get(type="coupon.published").data == {}
    assert "warnings" not in shop.api.post("coupons/ten/pause").body


# --- What is gathered --------------------------------------------------------------

SCOPES = [
    Scope(),
    Scope(categories=frozenset({"shoes"})),
    Scope(categories=frozenset({"shoes"}), exclude_categories=frozenset({"shoes/kids"})),
    Scope(products=frozenset({"HAT"}), categories=frozenset({"shoes/kids"})),
    Scope(exclude_products=frozenset({"HAT"}), exclude_sale_items=True),
    Scope(exclude_categories=frozenset({"shoe", "shoes"})),
]


@pytest.mark.parametrize("scope", SCOPES)
def test_the_goods_in_scope_are_those_the_engine_finds(people: People, scope: Scope) -> None:
    paths = ["shoes", "shoes/running", "shoes/kids", "hats", "shoe_s"]
    known = {path: Category.objects.create(merchant=people.acme, path=path) for path in paths}
    for sku, path in [("A", "shoes"), ("B", "shoes/running"), ("C", "shoes/kids"), ("HAT", "hats")]:
        product(people.acme, sku, category=known[path], on_sale=sku == "B")
    product(people.acme, "BARE")
    product(people.acme, "D", category=known["shoe_s"])
    product(people.other, "FOREIGN")
    rows = list(goods.within(merchant=people.acme, scope=scope).order_by("sku"))
    every = Product.objects.of(people.acme).select_related("category").order_by("sku")
    lines = [
        Line(row.sku, row.sku, 1, 100, 0, row.category.path if row.category else "", row.on_sale)
        for row in every
    ]
    inside = [lines[i].sku for i in eligible_lines(lines=lines, scope=scope)]
    assert [row.sku for row in rows] == inside


def test_live_coupons_that_go_with_it_are_tried_and_others_are_not(people: People) -> None:
    product(people.acme, "HAT", name="Hat")

    def beside(slug: str, **changes: Any) -> Coupon:
        groups = {"stacking_group": "b", "stacks_with": ["a"]}
        coupon = draft(
            people.acme, slug=slug, name=slug, code=slug, percent="40", **(groups | changes)
        )
        return lifecycle.publish(coupon=coupon, by="staff:bob", at=NOW)

    beside("goes")
    beside("alone", stacks_with=[])
    beside("over", starts_at="2026-01-01T00:00:00Z", ends_at="2026-03-05T00:00:00Z")
    beside("elsewhere", countries=["JP"])
    lifecycle.pause(coupon=beside("paused"), by="staff:bob", at=NOW)
    coupon = draft(
        people.acme,
        percent="30",
        starts_at="2026-03-06T00:00:00Z",
        countries=["US"],
        stacking_group="a",
        stacks_with=["b"],
    )
    [deep] = [each for each in checking.warnings(coupon=coupon, at=NOW) if each.code[0] == "d"]
    assert (deep.details["percent"], deep.details["coupons"]) == ("58", "goes, Spring")


@pytest.mark.parametrize(
    ("sku", "path", "is_book"),
    [
        ("9780306406157", None, True),
        ("97803064061", None, False),
        ("A", "Media/Books/novels", True),
        ("A", "图书", True),
        ("A", "bookshelves", False),
    ],
)
def test_a_book_is_known_by_its_number_or_its_category(
    people: People, sku: str, path: str | None, is_book: bool
) -> None:
    category = Category.objects.create(merchant=people.acme, path=path) if path else None
    product(people.acme, sku, category=category)
    assert (goods.book(merchant=people.acme, scope=Scope()) is not None) is is_book


def test_what_the_scope_names_and_the_shop_lost_is_found(people: People) -> None:
    for path in ("shoes/running", "hats"):
        Category.objects.create(merchant=people.acme, path=path)
    coupon = draft(
        people.acme,
        ends_at="2026-04-01T00:00:00Z",
        scope={"categories": ["shoes", "hats"], "products": ["GONE"]},
    )
    assert checking.findings(coupon=coupon, at=NOW) == []
    product(people.acme, "HAT")
    Category.objects.filter(path="hats").delete()
    assert [
        (each.code, dict(each.details)) for each in checking.findings(coupon=coupon, at=NOW)
    ] == [("products_gone", {"products": "GONE"}), ("categories_gone", {"categories": "hats"})]


def test_the_queries_are_as_many_for_a_full_shop(people: People) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            checking.findings(coupon=coupon, at=NOW)
        return len(seen)

    coupon = draft(people.acme, stacking_group="a", stacks_with=["a"], countries=["DE"])
    product(people.acme, "FIRST")
    first = draft(people.acme, slug="c", code="c", stacking_group="a", stacks_with=["a"])
    lifecycle.publish(coupon=first, by="staff:bob", at=NOW)
    before = queries()
    for n in range(40):
        product(people.acme, f"P{n}", cost_minor=n)
        more = draft(people.acme, slug=f"c{n}", code=f"c{n}", stacking_group="a", stacks_with=["a"])
        lifecycle.publish(coupon=more, by="staff:bob", at=NOW)
    checking.findings(coupon=coupon, at=NOW)  # compiles the terms, once
    assert queries() <= before


# --- The merchant's settings -------------------------------------------------------


def test_an_owner_names_further_currencies_and_when_to_warn(people: People) -> None:
    path = f"/coupons/merchant/{people.acme.pk}/change/"
    form = {
        "name": "Acme",
        "currency": "USD",
        "time_zone": "UTC",
        "languages": "en",
        "currencies": "EUR,USD,EUR",
        "warn_above_percent": "70",
    }
    assert people.alice.post(path, **form).status_code == 302
    acme = Merchant.objects.get(slug="acme")
    assert (acme.currencies, acme.warn_above_percent) == (["EUR"], 70)
    for wrong in ({"currencies": "EUR,XYZ"}, {"warn_above_percent": "0"}):
        with nothing_changes():
            assert people.alice.post(path, **(form | wrong)).status_code == 200
