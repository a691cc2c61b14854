"""Who sees what in the console: merchants apart, roles, the ledger read-only, no counting."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Customer
from coupons.models import (
    Category,
    Channel,
    Code,
    CodeBatch,
    Coupon,
    CouponInReview,
    ExchangeRates,
    Job,
    JournalEntry,
    Membership,
    Merchant,
    Product,
    Role,
    TaxRate,
    User,
)
from coupons.staff import RIGHTS, Area, Right
from redemption import keys
from redemption.models import (
    ApiKey,
    Hold,
    Order,
    Reconciliation,
    Redemption,
    RefusedAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from redemption.webhooks import addresses, endpoints
from tests.people import PASSWORD, People, person
from tests.shop import NOW, Shop, order

pytestmark = pytest.mark.django_db

#: Every model with pages, and the area that opens them; Merchant and User have their own tests.
PAGES = {
    Coupon: Area.COUPONS,
    CouponInReview: Area.COUPONS,
    Code: Area.CODES,
    CodeBatch: Area.CODES,
    Job: Area.CODES,
    Customer: Area.CUSTOMERS,
    Product: Area.PRODUCTS,
    Category: Area.PRODUCTS,
    Order: Area.ORDERS,
    Redemption: Area.REDEMPTIONS,
    Hold: Area.REDEMPTIONS,
    RefusedAttempt: Area.REDEMPTIONS,
    Reconciliation: Area.SETTINGS,
    JournalEntry: Area.JOURNAL,
    Merchant: Area.SETTINGS,
    Channel: Area.SETTINGS,
    Membership: Area.SETTINGS,
    ExchangeRates: Area.SETTINGS,
    TaxRate: Area.SETTINGS,
    ApiKey: Area.SETTINGS,
    WebhookEndpoint: Area.SETTINGS,
    WebhookDelivery: Area.SETTINGS,
}
#: Pages for those who do more than look.
NEEDS = {CouponInReview: Right.PUBLISH}
READ_ONLY = [
    CouponInReview, Code, CodeBatch, Job, Order, Redemption, Hold, RefusedAttempt, JournalEntry,
    WebhookDelivery, Reconciliation,
]  # fmt: skip
#: Lists over tables without end.
ENDLESS = [
    Code, CodeBatch, Job, Customer, Product, Order, Redemption, Hold, RefusedAttempt,
    JournalEntry, WebhookDelivery, Reconciliation,
]  # fmt: skip


@pytest.fixture
def people(db: None) -> People:
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    """Acme with a row of everything."""
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("redeem", "manage", "publish", "codes", "customers")
    shop.coupon("secret-coupon")
    shop.coupon("many-codes", code=None)
    shop.codes("many-codes", "SECRETCODE1", "SECRETCODE2")
    assert (
        shop.api.post(
            "redemptions", order("SECRET-COUPON", ref="SECRET-O", customer="SECRET-C")
        ).status
        == 201
    )
    RefusedAttempt.objects.create(
        merchant=people.acme, at=NOW, order_ref="SECRET-R", customer_ref="SECRET-C",
        actor="system", method="automatic", reason="expired", codes=["SECRETCOUPON"],
        told=[["SECRETCOUPON", ["expired"]]], evidence=Redemption.objects.get().evidence,
    )  # fmt: skip
    held = order("SECRETCODE1", ref="SECRET-H", hold=True)
    assert shop.api.post("redemptions", held).status == 201
    Reconciliation.objects.create(
        merchant=people.acme, at=NOW, actor="staff:alice", numbers=1, different=1,
        compared=[{"counter": "code.uses", "numbers": 1, "different": 1}],
        differences=[
            {"counter": "code.uses", "subject": "SECRETCODE1", "key": "1", "kept": 1, "counted": 0}
        ],
    )  # fmt: skip
    shop.coupon("secret-submitted", publish=False)
    assert shop.api.post("coupons/secret-submitted/submit").status == 200
    category = Category.objects.create(merchant=people.acme, path="secret-category")
    Product.objects.create(
        merchant=people.acme, sku="SECRET-SKU", currency="USD", category=category
    )
    Channel.objects.create(merchant=people.acme, slug="secret-channel", name="SECRET CHANNEL")
    ExchangeRates.objects.create(
        merchant=people.acme, quoted_on=NOW.date(), base="USD", rates={"XAF": "SECRET"}
    )
    TaxRate.objects.create(merchant=people.acme, country="DE", category="secret-taxed", rate=19_000)
    customer = Customer.objects.get(ref="SECRET-C")
    Order.objects.get_or_create(
        merchant=people.acme,
        ref="SECRET-ORDER",
        defaults={
            "customer": customer, "status": "paid", "currency": "USD", "total_minor": 100,
            "placed_at": NOW,
        },
    )  # fmt: skip
    endpoint = endpoints.create(
        merchant=people.acme,
        address=addresses.Looked(url="https://SECRET.example/", problem=None),
        types=[],
        coupon=None,
        by="staff:alice",
        at=NOW,
    )
    endpoints.send_test(endpoint=endpoint, at=NOW)
    return shop


def address(model: Any, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_page_of_the_console_is_walked_here() -> None:
    assert set(admin.site._registry) == {*PAGES, User}


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_another_merchants_staff_see_nothing(people: People, shop: Shop, model: Any) -> None:
    own = {"merchant": people.acme} if model is not Merchant else {"pk": people.acme.pk}
    row = model.objects.filter(**own).first()
    assert row is not None
    seen = people.alice.get(address(model)).content.decode()
    own_page = address(model, "change", row.pk)
    assert people.alice.client.get(own_page, follow=True).status_code == 200
    assert len(seen) > 0

    listed = people.charlie.get(address(model))
    assert listed.status_code == 200
    shown = {result.pk for result in listed.context["cl"].result_list}
    assert shown.isdisjoint(model.objects.filter(**own).values_list("pk", flat=True))
    for text in ("SECRET", "secret-", "Acme"):
        assert text not in listed.content.decode()
    for page in ("change", "delete", "history"):
        answer = people.charlie.get(address(model, page, row.pk))
        assert answer.status_code in (302, 403, 404), (page, answer.status_code)
        if answer.status_code == 302:
            assert answer["Location"] == "/"


def test_another_merchants_coupon_answers_404_to_every_step(people: People, shop: Shop) -> None:
    coupon = Coupon.objects.get(slug="secret-coupon")
    for path in ("change/", "edit/", "codes/", "pause/confirm/", "end/confirm/"):
        for call in (people.charlie.get, people.charlie.post):
            assert call(f"/coupons/coupon/{coupon.pk}/{path}").status_code == 404
    batch = CodeBatch.objects.get()
    assert people.charlie.get(f"/coupons/codebatch/{batch.pk}/progress/").status_code == 404
    key = ApiKey.objects.filter(merchant=people.acme).first()
    assert people.charlie.post(f"/redemption/apikey/{key.pk}/revoke/").status_code == 404
    coupon.refresh_from_db()
    key.refresh_from_db()
    assert (coupon.state, key.revoked_at) == ("live", None)


def test_choices_are_the_merchants_own(people: People, shop: Shop) -> None:
    found = people.charlie.get(
        "/autocomplete/", app_label="coupons", model_name="product", field_name="category", term=""
    )
    assert found.json()["results"] == []
    foreign = Category.objects.get(path="secret-category")
    answer = people.charlie.post(
        address(Product, "add"), sku="X", name="X", currency="GBP", category=foreign.pk
    )
    assert "category" in answer.context["adminform"].form.errors
    assert not Product.objects.filter(sku="X").exists()
    assert "SECRET CHANNEL" not in people.charlie.get(address(ApiKey, "add")).content.decode()


def test_a_new_row_gets_the_merchant_and_is_unique_within_it(people: People, shop: Shop) -> None:
    path = address(Channel, "add")
    assert people.charlie.post(path, name="Same", slug="secret-channel").status_code == 302
    assert Channel.objects.get(name="Same").merchant == people.other
    again = people.charlie.post(path, name="Twice", slug="secret-channel")
    assert again.status_code == 200
    assert not Channel.objects.filter(name="Twice").exists()


# --- the switch ---


def test_the_switch_changes_the_merchant_for_members_only(people: People, shop: Shop) -> None:
    refused = people.charlie.post("/merchant/", merchant=people.acme.pk)
    assert refused.status_code == 404
    assert people.charlie.get("/merchant/").status_code == 405
    Membership.objects.create(merchant=people.acme, user=people.charlie.user, role=Role.ANALYST)
    assert people.charlie.get(address(Coupon)).context["cl"].result_list.count() == 0
    assert people.charlie.post("/merchant/", merchant=people.acme.pk)["Location"] == "/"
    listed = people.charlie.get(address(Coupon))
    assert len(listed.context["cl"].result_list) == 3
    # An owner at home, an analyst here.
    assert people.charlie.get(address(ApiKey)).status_code == 403


def test_a_lost_membership_closes_the_merchant_at_once(people: People, shop: Shop) -> None:
    people.bob.get(address(Coupon))
    Membership.objects.filter(user=people.bob.user).delete()
    answer = people.bob.get(address(Coupon))
    assert (answer.status_code, answer["Location"][:7]) == (302, "/login/")


def test_a_superuser_may_choose_any_merchant(people: People, shop: Shop) -> None:
    root = person("root", None, None, is_superuser=True)
    root.post("/merchant/", merchant=people.other.pk)
    assert len(root.get(address(Coupon)).context["cl"].result_list) == 0
    root.post("/merchant/", merchant=people.acme.pk)
    assert len(root.get(address(Coupon)).context["cl"].result_list) == 3
    assert root.get(address(User)).status_code == 200
    assert people.alice.get(address(User)).status_code == 403


# --- roles ---


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_what_the_table_says(people: People, shop: Shop, role: Role) -> None:
    someone = person("someone", people.acme, role)
    for model, area in PAGES.items():
        opens = NEEDS.get(model, Right.VIEW) in RIGHTS[role].get(area, ())
        expected = 200 if opens else 403
        assert someone.get(address(model)).status_code == expected, model
    menu = someone.get("/").content.decode()
    for model, area in PAGES.items():
        opens = NEEDS.get(model, Right.VIEW) in RIGHTS[role].get(area, ())
        assert (f'href="{address(model)}"' in menu) == opens


def test_a_reviewer_publishes_but_does_not_change(people: People, shop: Shop) -> None:
    shop.coupon("draft", publish=False)
    draft = Coupon.objects.get(slug="draft")
    reviewer = person("rita", people.acme, Role.REVIEWER)
    assert reviewer.get(f"/coupons/coupon/{draft.pk}/edit/").status_code == 404
    assert reviewer.get(address(Coupon, "add")).status_code == 404
    assert reviewer.post(f"/coupons/coupon/{draft.pk}/publish/confirm/").status_code == 302
    assert reviewer.post(f"/coupons/coupon/{draft.pk}/pause/confirm/").status_code == 404
    draft.refresh_from_db()
    assert draft.state == "live"


def test_an_analyst_changes_nothing(people: People, shop: Shop) -> None:
    analyst = person("ann", people.acme, Role.ANALYST)
    coupon = Coupon.objects.get(slug="secret-coupon")
    for path in ("edit/", "codes/", "pause/confirm/", "end/confirm/"):
        assert analyst.post(f"/coupons/coupon/{coupon.pk}/{path}").status_code == 404
    assert "Pause" not in analyst.get(f"/coupons/coupon/{coupon.pk}/change/").content.decode()
    product = Product.objects.get()
    assert analyst.post(address(Product, "change", product.pk), sku="X").status_code == 403
    coupon.refresh_from_db()
    assert coupon.state == "live"


def test_a_clerk_sees_only_what_may_be_redeemed(people: People, shop: Shop) -> None:
    shop.coupon("draft", publish=False)
    clerk = person("cleo", people.acme, Role.CLERK)
    listed = clerk.get(address(Coupon))
    assert {coupon.slug for coupon in listed.context["cl"].result_list} == {
        "secret-coupon",
        "many-codes",
    }
    draft = Coupon.objects.get(slug="draft")
    assert clerk.get(address(Coupon, "change", draft.pk)).status_code == 404
    codes = {code.text for code in clerk.get(address(Code)).context["cl"].result_list}
    assert codes == {"SECRETCOUPON", "SECRETCODE1", "SECRETCODE2"}


# --- the ledger ---


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_the_ledger_is_looked_at_only(people: People, shop: Shop, model: Any) -> None:
    row = model.objects.filter(merchant=people.acme).first()
    before = model.objects.filter(pk=row.pk).values().get()
    assert people.alice.get(address(model, "add")).status_code == 403
    for page in ("change", "delete"):
        assert people.alice.post(address(model, page, row.pk), post="yes").status_code == 403
    assert people.alice.post(
        address(model), action="delete_selected", _selected_action=str(row.pk)
    ).status_code in (200, 302, 403)
    assert model.objects.filter(pk=row.pk).values().get() == before


# --- keys and staff ---


def test_a_key_is_shown_once_and_revoked(people: People) -> None:
    answer = people.alice.post(
        address(ApiKey, "add"), name="Checkout", scopes=["checkout", "redeem"], method="automatic"
    )
    key = answer.context["key"]
    assert key in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    row = ApiKey.objects.get()
    assert keys.caller_for(key=key, at=NOW) is not None
    assert key not in people.alice.get(address(ApiKey, "change", row.pk)).content.decode()
    people.alice.get(f"/redemption/apikey/{row.pk}/revoke/")
    assert keys.caller_for(key=key, at=NOW) is not None
    people.alice.post(f"/redemption/apikey/{row.pk}/revoke/")
    assert keys.caller_for(key=key, at=NOW + timedelta(days=3650)) is None
    assert list(JournalEntry.objects.order_by("id").values_list("type", flat=True)) == [
        "api_key.created",
        "api_key.revoked",
    ]


def test_an_owner_adds_staff_who_can_log_in(people: People) -> None:
    new = {"username": "dora", "password": PASSWORD, "email": "d@example.com"}
    people.alice.post(address(Membership, "add"), role="operator", **new)
    dora = Membership.objects.get(user__username="dora")
    assert (dora.merchant, dora.role, dora.user.is_superuser) == (people.acme, "operator", False)
    client = person("unused", None, None).client
    client.logout()
    assert client.login(username="dora", password=PASSWORD)
    assert client.get("/").status_code == 200


def test_a_taken_user_name_gives_no_way_into_the_account(people: People) -> None:
    answer = people.alice.post(
        address(Membership, "add"), role="owner", username="charlie", password=PASSWORD, email=""
    )
    assert list(answer.context["form"].errors) == ["username"]
    assert Membership.objects.filter(user=people.charlie.user).count() == 1


def test_the_last_owner_stays(people: People) -> None:
    alice = Membership.objects.get(user=people.alice.user)
    people.alice.post(address(Membership, "change", alice.pk), role="analyst")
    people.alice.post(address(Membership, "delete", alice.pk), post="yes")
    alice.refresh_from_db()
    assert alice.role == Role.OWNER
    assert JournalEntry.objects.count() == 0


# --- huge tables ---


@pytest.fixture
def many(people: People, shop: Shop) -> Iterator[None]:
    """Put 120 more rows into what grows."""
    acme, coupon = people.acme, Coupon.objects.get(slug="many-codes")
    batch = CodeBatch.objects.get()
    Code.objects.bulk_create(
        Code(merchant=acme, coupon=coupon, batch=batch, text=f"BULK{i:04}") for i in range(120)
    )
    Customer.objects.bulk_create(
        Customer(merchant=acme, ref=f"BULK{i:04}", created_at=NOW) for i in range(120)
    )
    Product.objects.bulk_create(
        Product(merchant=acme, sku=f"BULK{i:04}", currency="USD") for i in range(120)
    )
    customer = Customer.objects.get(ref="BULK0001")
    Order.objects.bulk_create(
        Order(
            merchant=acme,
            ref=f"BULK{i:04}",
            status="paid",
            currency="USD",
            total_minor=1,
            placed_at=NOW - timedelta(minutes=i // 3),
            customer=customer,
        )
        for i in range(120)
    )
    JournalEntry.objects.bulk_create(
        JournalEntry(merchant=acme, at=NOW, type="code.claimed", actor="system", coupon=coupon)
        for i in range(120)
    )
    endpoint = WebhookEndpoint.objects.get()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            merchant=acme, endpoint=endpoint, event=uuid.uuid4(), type="coupon.paused",
            body="{}", next_at=NOW, created_at=NOW,
        )
        for i in range(120)
    )  # fmt: skip
    return


@pytest.mark.parametrize("model", ENDLESS, ids=lambda model: model.__name__)
def test_an_endless_list_is_never_counted(
    people: People, shop: Shop, model: Any, request: pytest.FixtureRequest
) -> None:
    people.alice.get(address(model))
    with CaptureQueriesContext(
        connection,
    ) as few:
        people.alice.get(address(model))
    request.getfixturevalue("many")
    with CaptureQueriesContext(connection) as lots:
        people.alice.get(address(model))
    for query in few.captured_queries + lots.captured_queries:
        assert "COUNT(" not in query["sql"].upper()
    assert len(lots) == len(few)


@pytest.mark.parametrize(
    "model",
    [Code, Customer, Product, Order, JournalEntry, WebhookDelivery],
    ids=lambda m: m.__name__,
)
def test_pages_follow_each_other_and_show_every_row_once(
    people: People, shop: Shop, many: None, model: Any
) -> None:
    seen, path = [], address(model)
    for _ in range(9):
        changelist = people.alice.client.get(path).context["cl"]
        seen += [row.pk for row in changelist.result_list]
        if changelist.next_page_url is None:
            break
        path = address(model) + changelist.next_page_url
    assert len(seen) == len(set(seen)) == model.objects.filter(merchant=people.acme).count()


def test_a_filter_outlives_the_page_and_a_bad_place_is_the_beginning(
    people: People, shop: Shop, many: None
) -> None:
    coupon = Coupon.objects.get(slug="many-codes")
    first = people.alice.get(address(Code), coupon__id__exact=coupon.pk).context["cl"]
    second = people.alice.client.get(address(Code) + first.next_page_url).context["cl"]
    assert {row.coupon_id for row in second.result_list} == {coupon.pk}
    for nonsense in ("x", "-1", "99999999999999999999999", "\x00"):
        assert people.alice.get(address(Code), after=nonsense).context["cl"].is_first_page
    assert people.alice.get(address(Redemption), after="nonsense").context["cl"].is_first_page


@pytest.mark.parametrize(
    ("model", "typed", "found"),
    [
        (Code, " secret-code 1", ["SECRETCODE1"]),
        (Code, "ｓecretcode", ["SECRETCODE1", "SECRETCODE2"]),
        (Customer, "SECRET-C", ["SECRET-C"]),
        (Customer, "SECRET", []),
        (Product, "SECRET", ["SECRET-SKU"]),
        (Order, "SECRET-ORDER", ["SECRET-ORDER"]),
        (Redemption, "SECRET-O", ["SECRET-O"]),
        (Redemption, "SECRET-C", ["SECRET-O"]),
        (RefusedAttempt, "SECRET-R", ["SECRET-R"]),
        (RefusedAttempt, "SECRET-C", ["SECRET-R"]),
        (RefusedAttempt, "secret-coupon", ["SECRET-R"]),
        (RefusedAttempt, "SECRET", []),
    ],
)
def test_what_is_typed_is_looked_up(
    people: People, shop: Shop, model: Any, typed: str, found: list[str]
) -> None:
    listed = people.alice.get(address(model), q=typed).context["cl"].result_list
    assert [str(row).split(" ")[0] for row in listed] == found


# --- addresses and languages ---


def test_addresses_are_exact(people: People) -> None:
    assert people.alice.get("/coupons/coupon").status_code == 404
    assert people.alice.get("/no/such/page/").status_code == 404
    people.alice.client.logout()
    assert people.alice.get("/coupons/coupon/")["Location"] == "/login/?next=/coupons/coupon/"


def test_the_language_is_the_browsers_until_one_chooses(people: People) -> None:
    client = people.alice.client

    def heading(browser: str) -> str:
        return client.get(address(Coupon), headers={"accept-language": browser}).content.decode()

    assert "优惠券" in heading("zh-CN,zh;q=0.9")
    assert "优惠券" not in heading("en-GB")
    answer = client.post("/language/", {"language": "zh-hans", "next": address(Coupon)})
    assert answer["Location"] == address(Coupon)
    assert User.objects.get(username="alice").language == "zh-hans"
    assert "优惠券" in heading("en-GB")
    assert (
        client.post("/language/", {"language": "en", "next": "//evil.example"})["Location"] == "/"
    )
    assert client.post("/language/", {"language": "xx"}).status_code == 302
    assert User.objects.get(username="alice").language == "en"
