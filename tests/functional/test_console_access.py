"""Who does what in the console: the switch, the roles, the ledger read-only, keys and staff.

That other merchants' staff see and reach nothing, `test_console_walk` shows of every address.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from coupons.models import (
    Category,
    Channel,
    Code,
    CodeBatch,
    Coupon,
    CouponInReview,
    Job,
    JournalEntry,
    Membership,
    Product,
    Role,
    User,
)
from redemption import keys
from redemption.models import (
    ApiKey,
    Hold,
    Order,
    Reconciliation,
    Redemption,
    RefusedAttempt,
    WebhookDelivery,
)
from tests.desk import allow
from tests.everything import shop_with_everything
from tests.people import PASSWORD, People, person
from tests.shop import NOW, Shop

pytestmark = pytest.mark.django_db

READ_ONLY = [
    CouponInReview, Code, CodeBatch, Job, Order, Redemption, Hold, RefusedAttempt, JournalEntry,
    WebhookDelivery, Reconciliation,
]  # fmt: skip


@pytest.fixture
def people(db: None) -> People:
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    return shop_with_everything(merchant=people.acme, user=people.alice.user)


def address(model: Any, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


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
    assert people.charlie.get(address(Coupon)).context["cl"].result_list == []
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


def test_a_reviewer_publishes_but_does_not_change(people: People, shop: Shop) -> None:
    shop.coupon("draft", publish=False)
    draft = Coupon.objects.get(slug="draft")
    reviewer = person("rita", people.acme, Role.REVIEWER)
    assert reviewer.get(f"/coupons/coupon/{draft.pk}/edit/").status_code == 404
    assert reviewer.get(address(Coupon, "add")).status_code == 404
    assert reviewer.publish(draft.pk).status_code == 302
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


def test_a_clerk_sees_nothing_of_the_console_but_the_desk(people: People, shop: Shop) -> None:
    clerk = person("cleo", people.acme, Role.CLERK)
    allow(clerk.user)
    assert clerk.get("/")["Location"] == "/desk/"
    for model in (Coupon, Code, CodeBatch, Redemption, Job):
        assert clerk.get(address(model)).status_code == 403, model
        row = model.objects.filter(merchant=people.acme).first()
        assert clerk.get(address(model, "change", row.pk)).status_code in (403, 404), model


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
