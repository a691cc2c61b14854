"""A coupon used on an order that is there already, from the order's page."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Customer
from coupons import redeemers
from coupons.models import Coupon, JournalEntry, Membership, Role
from coupons.redeemers import Redeemers
from redemption.models import Order, OrderLine, Redemption
from tests.people import People, person
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people() -> People:
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("manage", "publish", "redeem", "codes")
    shop.coupon("ten-off")
    shop.coupon("five-off", value={"USD": "5.00"})
    return shop


@pytest.fixture
def placed(people: People, shop: Shop) -> Order:
    customer = Customer.objects.create(merchant=people.acme, ref="C-1", created_at=NOW)
    row = Order.objects.create(
        merchant=people.acme, ref="O-1", customer=customer, status="paid", currency="USD",
        total_minor=8_000, placed_at=timezone.now() - timedelta(days=2),
    )  # fmt: skip
    OrderLine.objects.create(
        merchant=people.acme, order=row, ref="1", sku="HAT", quantity=2, unit_price_minor=4_000
    )
    return row


def path(row: Order) -> str:
    return f"/redemption/order/{row.pk}/use/"


def use(who: Any, row: Order, code: str = "ten-off", **more: Any) -> Any:
    form = {"code": code, "reason": "Forgot it", "judged": "now", "what": "use", **more}
    return who.post(path(row), **form)


def problems(page: Any) -> list[str]:
    form = page.context["form"]
    return [told for errors in form.errors.values() for told in errors]


def test_it_offers_what_the_order_could_use_and_uses_one(people: People, placed: Order) -> None:
    page = people.alice.get(path(placed))
    assert [(each.coupon, saving) for each, saving in page.context["usable"]] == [
        ("ten-off", "10.00 USD"), ("five-off", "5.00 USD"),
    ]  # fmt: skip
    done = use(people.alice, placed, code="", chosen="TENOFF")
    row = Redemption.objects.get()
    assert done["Location"] == f"/redemption/redemption/{row.pk}/change/"
    assert (row.order_ref, row.method, row.actor, row.customer.ref, row.discount_minor) == (
        "O-1", "manual", "staff:alice", "C-1", 1_000,
    )  # fmt: skip
    entry = JournalEntry.objects.get(type="redemption.marked")
    assert entry.redemption_ref == row.pk
    assert entry.data == {
        "order": "O-1", "reason": "Forgot it", "judged_at": row.created_at.isoformat(),
    }  # fmt: skip


def test_once_more_is_the_same_redemption(people: People, placed: Order) -> None:
    first = use(people.alice, placed)
    with nothing_changes():
        assert use(people.alice, placed)["Location"] == first["Location"]


def test_a_coupon_that_ran_out_since_counts_at_the_orders_time(
    people: People, shop: Shop, placed: Order, settings: Any
) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    before = {"X_Test_Clock": (placed.placed_at - timedelta(days=1)).isoformat()}
    body = {
        "slug": "brief", "name": "Brief", "kind": "amount_off", "value": {"USD": "10.00"},
        "code": "brief", "ends_at": (placed.placed_at + timedelta(days=1)).isoformat(),
    }  # fmt: skip
    assert shop.api.post("coupons", body, **before).status == 201
    assert shop.api.post("coupons/brief/publish", **before).status == 200
    with nothing_changes():
        assert problems(use(people.alice, placed, code="brief")) != []
    assert use(people.alice, placed, code="brief", judged="placed").status_code == 302
    row = Redemption.objects.get()
    assert row.created_at == placed.placed_at
    told = JournalEntry.objects.get(type="redemption.marked").data["judged_at"]
    assert told == placed.placed_at.isoformat()


def test_every_limit_holds(people: People, shop: Shop, placed: Order) -> None:
    shop.coupon("once", limits={"uses": 1})
    shop.coupon("online", methods=["automatic"])
    shop.coupon("far", min_spend={"USD": "500.00"})
    shop.api.post("redemptions", {**_cart(), "codes": ["once"], "order": "X"})
    for code in ("once", "online", "far", "unknown"):
        with nothing_changes():
            page = use(people.alice, placed, code=code)
            assert problems(page) != [], code


def _cart() -> dict[str, Any]:
    lines = [{"id": "1", "sku": "HAT", "quantity": 1, "unit_price": "60.00"}]
    return {"currency": "USD", "lines": lines}


def test_a_code_or_a_reason_that_is_missing_is_asked_for(people: People, placed: Order) -> None:
    with nothing_changes():
        assert problems(use(people.alice, placed, code="")) == ["Choose a coupon, or type a code."]
        assert problems(use(people.alice, placed, reason="  ")) == ["Say why it is marked as used."]
        assert problems(use(people.alice, placed, judged="never")) != []
        assert problems(use(people.alice, placed, code="x" * 201)) != []
        assert problems(use(people.alice, placed, reason="x" * 501)) != []


def test_only_checking_changes_nothing_and_says_why_not(
    people: People, shop: Shop, placed: Order
) -> None:
    shop.coupon("far", min_spend={"USD": "500.00"})
    with nothing_changes():
        page = use(people.alice, placed, code="far", what="look")
    (refused,) = page.context["refused"]
    assert (refused.code, refused.reason) == ("FAR", "min_spend_not_met")


def test_an_order_known_by_its_total_alone_can_use_one_too(people: People, placed: Order) -> None:
    OrderLine.objects.all().delete()
    assert use(people.alice, placed).status_code == 302
    assert Redemption.objects.get().subtotal_minor == 8_000


def test_an_operator_may_for_the_coupons_they_are_named_for(people: People, placed: Order) -> None:
    assert people.bob.get(path(placed)).context["usable"] == []
    with nothing_changes():
        assert problems(use(people.bob, placed)) == ["You may not redeem this coupon."]
    rows = Coupon.objects.filter(slug="ten-off")
    redeemers.allow(
        merchant=people.acme, coupons=rows, who=Redeemers(people=[people.bob.user]),
        by="system", at=NOW,
    )  # fmt: skip
    assert [each.coupon for each, _ in people.bob.get(path(placed)).context["usable"]] == [
        "ten-off"
    ]
    assert use(people.bob, placed).status_code == 302


@pytest.mark.parametrize("role", [Role.CLERK, Role.REVIEWER, Role.RISK_ANALYST, Role.ANALYST])
def test_nobody_else_finds_the_page(people: People, placed: Order, role: Role) -> None:
    someone = person("someone", people.acme, role)
    with nothing_changes():
        for who in (someone, people.charlie):
            assert who.get(path(placed)).status_code in (302, 403, 404)
            assert use(who, placed).status_code in (302, 403, 404)
    page = someone.get(f"/redemption/order/{placed.pk}/change/")
    assert b"Use a coupon" not in page.content


def test_a_right_that_is_taken_a_moment_ago_is_gone(people: People, placed: Order) -> None:
    from redemption import marking

    Membership.objects.filter(user=people.alice.user).update(role=Role.ANALYST)
    with nothing_changes(), pytest.raises(marking.NotAllowed):
        marking.mark(
            user=people.alice.user, order=placed, code="ten-off", reason="x", as_placed=False,
            at=timezone.now(),
        )  # fmt: skip


def test_a_coupon_of_high_risk_takes_the_supervisors_word(
    people: People, shop: Shop, placed: Order
) -> None:
    shop.coupon("dear", risk_level="high")
    assert use(people.alice, placed, code="dear").status_code == 302
