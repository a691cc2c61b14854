"""Beginning a coupon from a template or another one, what is fixed, and two at one form."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from coupons import changing, freezing, lifecycle
from coupons.admin.offer_templates import TEMPLATES
from coupons.models import Category, Coupon, CouponVersion, Merchant, Product, Role, State
from tests.functional.test_console_coupon_kinds import sent_back, typed
from tests.people import PASSWORD, Person, person
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

ADD = "/coupons/coupon/add/"


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop.open()


@pytest.fixture
def bob(shop: Shop) -> Person:
    return person("bob", shop.merchant, Role.OPERATOR)


def edit(coupon: Coupon) -> str:
    return f"/coupons/coupon/{coupon.pk}/edit/"


# --- beginning ---


def test_a_new_coupon_begins_with_a_choice_of_templates(bob: Person) -> None:
    shown = bob.get(ADD).content.decode()
    assert shown.count('class="hx-offer"') == len(TEMPLATES) + 1
    for template in TEMPLATES:
        assert f'href="?template={template.slug}"' in shown
    assert bob.get(ADD, template="nothing-like-it").status_code == 404


@pytest.mark.parametrize("currency", ["USD", "CNY", "JPY", "KWD"])
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.slug)
def test_every_template_makes_a_coupon_with_nothing_but_a_code_typed(
    bob: Person, shop: Shop, template: Any, currency: str
) -> None:
    Merchant.objects.update(currency=currency)
    address = f"{ADD}?template={template.slug}"
    form = bob.client.get(address).context["form"]
    answer = bob.client.post(address, typed(form) | {"code": "mine", "count": "10"})
    assert answer.status_code == 302, answer.context["form"].errors
    made = Coupon.objects.get()
    assert (made.name, made.state) == (str(template.name), State.DRAFT)
    definition = lifecycle.current_definition(made)
    assert (definition["code"] is None) == template.has_unique_codes
    begun = form.origin
    for name in ("kind", "percent", "value", "min_spend", "weekly_windows", "every", "prizes"):
        assert definition[name] == begun[name]


def test_amounts_of_a_template_have_the_size_of_the_currency(bob: Person) -> None:
    sizes = {}
    for currency in ("USD", "CNY", "JPY"):
        Merchant.objects.update(currency=currency)
        form = bob.get(ADD, template="spend-and-save").context["form"]
        sizes[currency] = (form.initial["min_spend"][currency], form.initial["value"][currency])
    assert sizes == {"USD": ("40.00", "6.00"), "CNY": ("200.00", "30.00"), "JPY": ("4000", "600")}


def test_a_duplicate_has_everything_but_slug_code_and_days_gone_by(bob: Person, shop: Shop) -> None:
    body = {
        "slug": "old", "name": "Old", "kind": "percent_off", "percent": "12.5", "code": "OLD",
        "starts_at": "2020-01-01T00:00:00+00:00", "ends_at": "2099-01-01T00:00:00+00:00",
        "customers": {"segments": ["loyal"]}, "limits": {"uses": 7},
    }  # fmt: skip
    changing.create(merchant=shop.merchant, body=body, by="staff:bob", at=NOW)
    page = bob.get(f"/coupons/coupon/{Coupon.objects.get().pk}/change/").content.decode()
    assert f'href="{ADD}?copy=old"' in page

    address = f"{ADD}?copy=old"
    form = bob.client.get(address).context["form"]
    sent = typed(form)
    assert (sent["name"], "code" in sent, "slug" in sent) == ("Copy of “Old”", False, False)
    answer = bob.client.post(address, sent | {"code": "NEW"})
    assert answer.status_code == 302, answer.context["form"].errors
    made = lifecycle.current_definition(Coupon.objects.exclude(slug="old").get())
    assert (made["percent"], made["limits"]["uses"]) == ("12.5", 7)
    assert made["customers"]["segments"] == ["loyal"]
    assert (made["starts_at"], made["ends_at"][:10]) == (None, "2099-01-01")
    assert (made["slug"], made["code"]) == ("copy-of-old", "NEW")


def test_nobody_duplicates_the_coupon_of_another_merchant(bob: Person) -> None:
    other = Shop.open("other")
    other.coupon("theirs")
    assert bob.get(ADD, copy="theirs").status_code == 404


# --- what is fixed ---


def test_what_is_fixed_is_shown_so_and_stays_when_the_page_does_not_send_it(
    bob: Person, shop: Shop
) -> None:
    shop.coupon("ten", min_spend={"USD": "50.00"}, methods=["manual"], limits={"uses": 3})
    coupon = Coupon.objects.get()
    page = bob.get(edit(coupon))
    frozen = page.context["form"].frozen
    assert {"value", "kind", "min_spend", "who", "code", "starts_on", "starts_time"} <= frozen
    assert not {"name", "description", "ends_on", "uses", "budget"} & frozen
    assert page.content.decode().count("<fieldset disabled>") > 10
    assert "what it promises is fixed" in page.content.decode()

    # As a browser sends it: nothing of a disabled fieldset, what is ticked of the others.
    before = lifecycle.current_definition(coupon)
    sent = {"name": "Ten more", "uses": "5", "methods": ["manual"], "seen_version": "1"}
    assert bob.client.post(edit(coupon), sent).status_code == 302
    after = lifecycle.current_definition(Coupon.objects.get())
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {"name", "limits"}
    assert (after["name"], after["limits"]["uses"]) == ("Ten more", 5)


def test_what_is_fixed_is_refused_when_it_is_sent_all_the_same(bob: Person, shop: Shop) -> None:
    shop.coupon("ten")
    coupon = Coupon.objects.get()
    sent = {"name": "Ten", "percent": "20", "kind": "percent_off", "seen_version": "1"}
    with nothing_changes():
        answer = bob.client.post(edit(coupon), sent)
    assert "This is fixed once the coupon is out." in str(answer.context["form"].errors)


def test_nothing_of_a_draft_is_fixed_but_the_uses_of_codes_that_are_out(
    bob: Person, shop: Shop
) -> None:
    shop.coupon("ten", publish=False)
    coupon = Coupon.objects.get()
    assert freezing.frozen_fields(coupon=coupon) == {"slug"}
    assert "<fieldset disabled>" not in bob.get(edit(coupon)).content.decode()
    changing.change(coupon=coupon, body={"code": None}, by="system", at=NOW)
    shop.codes("ten", "A1B2C3D4")
    assert freezing.frozen_fields(coupon=Coupon.objects.get()) == {"slug", "limits.uses_per_code"}
    assert bob.get(edit(coupon)).context["form"].frozen == {"uses_per_code"}


# --- two at one form ---


def test_the_second_of_two_sees_both_changes_and_saves_them_together(
    bob: Person, shop: Shop
) -> None:
    alice = person("alice", shop.merchant, Role.OWNER)
    shop.coupon("ten", publish=False)
    coupon = Coupon.objects.get()
    opened = typed(alice.get(edit(coupon)).context["form"]) | {"seen_version": "1"}
    theirs = {"name": "Bob's", "description": "By Bob", "limits": {"uses": 9}}
    changing.change(coupon=coupon, body=theirs, by="staff:bob", at=datetime(2026, 1, 2, tzinfo=UTC))

    with nothing_changes():
        answer = alice.client.post(edit(coupon), opened | {"name": "Alice's", "tags": "vip"})
    told = answer.context["conflict"]
    assert (told.by, told.at, told.version) == ("bob", "2026-01-02 00:00", 2)
    assert [(each.label, each.before, each.after, each.is_both) for each in told.differences] == [
        ("Name", "Ten", "Bob's", True),
        ("Uses in all", "–", "9", False),
        ("Description", "–", "By Bob", False),
    ]
    shown = typed(answer.context["form"])
    assert (shown["name"], shown["tags"], shown["uses"]) == ("Alice's", "vip", 9)
    assert 'name="seen_version" value="2"' in answer.content.decode()

    again = alice.client.post(edit(coupon), shown | {"seen_version": "2"})
    assert again.status_code == 302, again.context["form"].errors
    now = lifecycle.current_definition(Coupon.objects.get())
    assert (now["name"], now["description"]) == ("Alice's", "By Bob")
    assert (now["limits"]["uses"], now["customers"]["tags"]) == (9, ["vip"])
    assert CouponVersion.objects.count() == 3


# --- finding products and categories ---


def found(bob: Person, kind: str, **query: Any) -> list[str]:
    return [
        each["value"] for each in bob.get(f"/coupons/{kind}/offers/", **query).context["offers"]
    ]


def test_products_are_found_by_sku_and_words_of_the_name_twenty_at_most(
    bob: Person, shop: Shop
) -> None:
    names = {"RUN-1": "Red running shoe", "RUN-2": "儿童跑鞋", "X-RUN": "Hat", "HAT": "Running hat"}
    for merchant in (shop.merchant, Shop.open("other").merchant):
        for sku, name in names.items():
            Product.objects.create(merchant=merchant, sku=sku, name=name, currency="USD")
    assert found(bob, "product", q="run") == ["RUN-1", "RUN-2", "HAT", "X-RUN"]
    assert found(bob, "product", q="shoe RED") == ["RUN-1"]
    assert found(bob, "product", q="跑鞋") == ["RUN-2"]
    assert found(bob, "product", q="100%") == []
    assert sorted(found(bob, "product", one=["HAT", "GONE", "RUN-1"])) == ["HAT", "RUN-1"]
    for n in range(30):
        Product.objects.create(merchant=shop.merchant, sku=f"Z{n:02}", currency="USD")
    assert found(bob, "product", q="z") == [f"Z{n:02}" for n in range(20)]


def test_categories_are_found_with_how_much_lies_below_them(bob: Person, shop: Shop) -> None:
    for path in ("shoes", "shoes/running", "shoes/kids", "hats"):
        Category.objects.create(merchant=shop.merchant, path=path)
    Category.objects.create(merchant=Shop.open("other").merchant, path="shoes/other")
    offers = bob.get("/coupons/category/offers/", q="SHOE").context["offers"]
    assert [(each["value"], each["label"]) for each in offers] == [
        ("shoes", "with the 2 below it"),
        ("shoes/kids", "nothing below it"),
        ("shoes/running", "nothing below it"),
    ]
    clerk = person("carl", shop.merchant, Role.CLERK)
    assert clerk.get("/coupons/category/offers/", q="").status_code == 404


def test_a_category_with_a_comma_in_its_path_is_one(bob: Person, shop: Shop) -> None:
    shop.coupon("ten", publish=False, scope={"categories": ["food, drink", "hats"]})
    answer = sent_back(bob, Coupon.objects.get())
    assert answer.status_code == 302, answer.context["form"].errors
    assert Coupon.objects.get().version == 1


# --- a page that was open too long ---


def test_a_form_from_before_the_log_in_gets_a_page_that_says_what_to_do(shop: Shop) -> None:
    person("bob", shop.merchant, Role.OPERATOR)
    client = Client(enforce_csrf_checks=True)
    client.login(username="bob", password=PASSWORD)
    with nothing_changes():
        answer = client.post(f"{ADD}?template=pass", {"name": "N"})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "Nothing was saved." in page
    assert f'href="{ADD}?template=pass"' in page
    client.cookies["django_language"] = "zh-hans"
    assert "没有保存任何内容" in client.post(ADD, {"name": "N"}).content.decode()


def test_a_form_sent_after_the_session_ended_leads_to_the_log_in_and_back(shop: Shop) -> None:
    answer = Client().post(f"{ADD}?template=pass", {"name": "N"})
    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=/coupons/coupon/add/%3Ftemplate%3Dpass"
    assert Coupon.objects.count() == 0
