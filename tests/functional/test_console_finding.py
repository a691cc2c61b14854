"""Finding things: quick filters, saved filters, the search over all, and empty lists."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Customer
from coupons.models import Coupon, CouponCounter, Product, Role, SavedFilter
from redemption.models import Order, Redemption
from tests.desk import allow
from tests.people import People, person
from tests.shop import NOW, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db
LIST = "/coupons/coupon/"


@pytest.fixture
def people(db: None) -> People:
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("redeem", "manage", "publish", "codes", "customers")
    return shop


def slugs(answer: Any) -> list[str]:
    return [coupon.slug for coupon in answer.context["cl"].result_list]


def titles(answer: Any) -> list[str]:
    return [row.title for group in answer.context["groups"] for row in group.found]


# --- quick filters ---


def test_what_begins_or_ends_within_a_week_stands_in_that_order(people: People, shop: Shop) -> None:
    now = timezone.now()
    for days in (8, 6, 2):
        shop.coupon(f"ends-{days}")
        Coupon.objects.filter(slug=f"ends-{days}").update(ends_at=now + timedelta(days=days))
        shop.coupon(f"starts-{days}")
        Coupon.objects.filter(slug=f"starts-{days}").update(starts_at=now + timedelta(days=days))
    Coupon.objects.filter(slug="ends-2").update(starts_at=now - timedelta(days=9))
    assert slugs(people.bob.get(LIST, show="ends")) == ["ends-2", "ends-6"]
    assert slugs(people.bob.get(LIST, show="starts")) == ["starts-2", "starts-6"]
    assert slugs(people.bob.get(LIST, show="ends", q="6")) == ["ends-6"]
    assert slugs(people.bob.get(LIST, show="ends", state="scheduled")) == []
    assert len(slugs(people.bob.get(LIST, show="nonsense"))) == 6


@pytest.mark.parametrize(
    ("counted", "is_shown"),
    [
        ({"max_uses": 10, "uses": 8}, True),
        ({"max_uses": 10, "uses": 7}, False),
        ({"max_uses": 1, "uses": 0}, False),
        ({"max_uses": 9, "uses": 7}, False),
        ({"max_uses": 9, "uses": 8}, True),
        ({"max_uses": None, "uses": 80}, False),
        ({"budget_minor": 2**62, "budget_used_minor": 2**62 - 5}, True),
        ({"budget_minor": 1000, "budget_used_minor": 799}, False),
        ({"max_issued": 5, "issued": 4}, True),
    ],
)
def test_nearly_used_up_is_four_fifths_of_uses_budget_or_codes(
    people: People, shop: Shop, counted: dict[str, int], is_shown: bool
) -> None:
    shop.coupon("ten-off")
    CouponCounter.objects.update(**{"max_issued": None, "budget_currency": "USD", **counted})
    shown = slugs(people.bob.get(LIST, show="nearly"))
    assert shown == (["ten-off"] if is_shown else [])


def test_mine_is_what_i_made_or_changed(people: People, shop: Shop) -> None:
    shop.coupon("theirs")
    shop.coupon("changed")
    version = Coupon.objects.get(slug="changed").versions.get()
    version.pk, version.version, version.changed_by = None, 2, "staff:bob"
    version.save()
    assert slugs(people.bob.get(LIST, show="mine")) == ["changed"]
    assert slugs(people.alice.get(LIST, show="mine")) == []


# --- saved filters ---


def test_a_filter_is_saved_under_a_name_and_is_only_ones_own(people: People, shop: Shop) -> None:
    shop.coupon("ten-off")
    save, forget = f"{LIST}filters/save/", f"{LIST}filters/forget/"
    answer = people.bob.post(save, name="  Warm  ones ", query="q=warm&after=3&state=live")
    assert answer["Location"] == f"{LIST}?q=warm&state=live"
    row = SavedFilter.objects.get()
    assert (row.merchant, row.user, row.page, row.name, row.query) == (
        people.acme, people.bob.user, "coupons.coupon", "Warm ones", "q=warm&state=live",
    )  # fmt: skip
    assert b"Warm ones" in people.bob.get(LIST).content
    assert b"Warm ones" not in people.bob.get("/coupons/code/").content
    assert b"Warm ones" not in people.alice.get(LIST).content

    people.bob.post(save, name="Warm ones", query="q=hot")
    assert SavedFilter.objects.get().query == "q=hot"
    with nothing_changes():
        for someone in (people.alice, people.charlie):
            assert someone.post(forget, filter=row.pk).status_code == 404
        for nonsense in ("", "x", "-1", "9" * 30, "²"):
            assert people.bob.post(forget, filter=nonsense).status_code == 404
        assert people.bob.get(save).status_code == 404
        for name, query in (("", "q=x"), ("x" * 61, "q=x"), ("x", ""), ("x", "after=3")):
            assert people.bob.post(save, name=name, query=query).status_code == 302
    assert people.bob.post(forget, filter=row.pk)["Location"] == LIST
    assert SavedFilter.objects.count() == 0


def test_a_list_keeps_twenty_filters_of_a_person(people: People) -> None:
    for n in range(20):
        people.bob.post(f"{LIST}filters/save/", name=f"F{n}", query="q=x")
    with nothing_changes():
        people.bob.post(f"{LIST}filters/save/", name="one more", query="q=x")
    assert SavedFilter.objects.count() == 20


# --- the search over all ---


def test_the_search_over_all_finds_each_kind_of_thing(people: People, shop: Shop) -> None:
    shop.coupon("spring-spring", name="春季满减")
    shop.codes("spring-spring", "SPRINGCODE1")
    used = order("SPRINGCODE1", ref="O-1", customer="C-1")
    assert shop.api.post("redemptions", used).status == 201
    Customer.objects.filter(ref="C-1").update(email="c@example.com", phone="+4912345")
    Product.objects.create(merchant=people.acme, sku="TEA-1", name="Green tea", currency="USD")
    redemption = Redemption.objects.get()
    for typed, found in {
        "满减": ["春季满减"],
        "spring-CODE 1": ["SPRINGCODE1"],
        "C-1": ["C-1", "O-1"],
        "c@example.com": ["C-1"],
        "+4912345": ["C-1"],
        str(redemption.pk): ["O-1"],
        "TEA": ["TEA-1 Green tea"],
        "green T": ["TEA-1 Green tea"],
        "no such thing": [],
    }.items():
        assert titles(people.alice.post("/search/", q=typed)) == found, typed
        assert titles(people.alice.get("/search/", q=typed)) == found, typed
    assert people.alice.get("/search/").status_code == 200


def test_the_search_shows_five_of_a_kind_and_leads_to_the_rest(people: People, shop: Shop) -> None:
    for n in range(6):
        shop.coupon(f"sale-{n}", code=None)
    (group,) = people.bob.post("/search/", q="sale-").context["groups"]
    assert len(group.found) == 5
    assert len(slugs(people.bob.client.get(group.more))) == 6


def test_the_search_over_all_stays_within_the_role(people: People, shop: Shop) -> None:
    shop.coupon("draft", publish=False, code=None)
    used = shop.coupon("ten-off")
    assert shop.api.post("redemptions", order(used, ref="O-1", customer="C-1")).status == 201
    clerk = person("cleo", people.acme, Role.CLERK)
    everything = ("O-1", "C-1", "draft", "Staff", str(Redemption.objects.get().pk))
    allow(clerk.user)
    # A clerk looks codes up at the desk, and finds nothing here.
    for typed in (*everything, "ten-off"):
        assert titles(clerk.post("/search/", q=typed)) == []
    assert titles(people.bob.post("/search/", q="ten-off")) == ["Ten-Off", "TENOFF"]
    assert titles(people.alice.post("/search/", q="Staff")) == ["Staff", "Staff groups"]


def test_what_was_typed_stays_out_of_the_logs(
    people: People, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", "django_structlog"):
        people.bob.post("/search/", q="SECRETCODE")
        people.bob.get("/search/", q="SECRETCODE")
        people.bob.get("/coupons/code/", q="SECRETCODE")
    assert "/search/" in caplog.text
    assert "SECRETCODE" not in caplog.text


def test_nothing_is_looked_up_by_reading_a_whole_table(people: People, shop: Shop) -> None:
    mine = {"merchant": people.acme}
    Customer.objects.bulk_create(
        Customer(ref=f"R{n}", email=f"{n}@x", phone=f"+{n}", created_at=NOW, **mine)
        for n in range(4_000)
    )
    Product.objects.bulk_create(
        Product(sku=f"S{n}", name=f"Tea {n}", currency="USD", **mine) for n in range(40_000)
    )
    Order.objects.bulk_create(
        Order(ref=f"O-{n}", status="paid", currency="USD", total_minor=1, placed_at=NOW, **mine)
        for n in range(4_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE campaigns_customer, coupons_product, redemption_order")
        # The others have no rows here, and a table of one page is read as a whole.
        cursor.execute("SET LOCAL enable_seqscan = off")
    pages = {model._meta.label: page for model, page in admin.site._registry.items()}
    request: Any = people.alice.get("/search/").wsgi_request
    request.merchant, request.role = people.acme, Role.OWNER
    for label, indexes in {
        "coupons.Code": {"code_text_is_unique"},
        "campaigns.Customer": {"customer_ref_is_unique", "customer_by_email", "customer_by_phone"},
        "redemption.Order": {"order_ref_is_unique"},
        "redemption.Redemption": {"redemption_by_order"},
        "coupons.Product": {"product_is_found_by_words"},
    }.items():
        page = pages[label]
        rows = page.find(request, page.get_queryset(request), "Abc1")
        plan = rows.order_by(*page.quick_order)[:6].explain()
        assert "Seq Scan" not in plan, plan
        assert indexes <= set(plan.replace(" ", "\n").split("\n")), plan


# --- ten thousand coupons ---


def test_a_list_of_ten_thousand_coupons_is_read_by_its_index(people: People, shop: Shop) -> None:
    now = timezone.now()
    rows = Coupon.objects.bulk_create(
        Coupon(
            merchant=people.acme, slug=f"c-{n}", name=f"Coupon {n}", kind="amount_off",
            created_at=now - timedelta(minutes=n), updated_at=now,
        )
        for n in range(10_000)
    )  # fmt: skip
    CouponCounter.objects.bulk_create(
        CouponCounter(merchant=people.acme, coupon=row) for row in rows
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE coupons_coupon, coupons_couponcounter")
    page = admin.site._registry[Coupon]
    listed = Coupon.objects.of(people.acme).select_related("counter").order_by(*page.keyset)
    plan = listed[:51].explain()
    assert "coupon_by_time" in plan
    assert "Sort" not in plan
    first = people.bob.get(LIST)
    assert slugs(first)[0] == "c-0"
    deep = people.bob.get(LIST, after=rows[9_000].pk)
    assert slugs(deep)[0] == "c-9001"


# --- empty lists ---


def test_every_list_says_what_to_do_while_it_is_empty(people: People) -> None:
    for model, page in admin.site._registry.items():
        if not hasattr(page, "nothing_yet"):
            continue
        assert page.nothing_yet, model
        if page.next_step:
            assert reverse(page.next_step[1])
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        body = people.alice.get(address).content.decode()
        if not people.alice.get(address).context["cl"].result_list:
            assert "Nothing here yet" in body, model


def test_an_empty_search_leads_back_to_everything(people: People, shop: Shop) -> None:
    shop.coupon("ten-off")
    body = people.bob.get(LIST, q="nothing like it").content.decode()
    assert "Nothing matches" in body
    assert "Nothing here yet" not in body
    assert 'href="?"' in body


def test_the_next_step_is_offered_to_those_who_may_take_it(people: People) -> None:
    assert b"Make an API key" in people.alice.get("/redemption/order/").content
    assert b"Make an API key" not in people.bob.get("/redemption/order/").content
