"""Returns, holds and checks of the counters in the console: who may, and what they do."""

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from coupons.models import Code, CouponCounter, JournalEntry, Role
from redemption import reconciling
from redemption.models import Reconciliation, Redemption, Reversal
from tests.people import People, Person, person
from tests.shop import Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

LINES = [
    {"id": "1", "sku": "SHOE", "quantity": 3, "unit_price": "10.00"},
    {"id": "2", "sku": "HAT", "quantity": 1, "unit_price": "15.00"},
]


@pytest.fixture
def people() -> People:
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("redeem", "manage", "publish", "codes")
    shop.coupon("own", code=None, limits={"uses": 9})
    shop.codes("own", "OWN1", "OWN2")
    return shop


def redeem(shop: Shop, code: str = "OWN1", **more: Any) -> Redemption:
    body = order(code, lines=LINES, customer="C-1", **more)
    done = shop.api.post("redemptions", body)
    assert done.status == 201, done.body
    return Redemption.objects.get(pk=done.body["id"])


def page(row: Redemption, name: str = "change", *more: str) -> str:
    return reverse(f"admin:redemption_redemption_{name}", args=[row.pk, *more])


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def send(who: Person, row: Redemption, **form: Any) -> Any:
    """Send the form of returns, with a reference that it was opened with."""
    opened = who.get(page(row, "return"))
    reference = opened.context["form"]["reference"].value()
    return who.post(page(row, "return"), **{"reference": reference, **form})


# --- Returns -----------------------------------------------------------------------------


def test_a_return_is_shown_first_and_done_when_confirmed(people: People, shop: Shop) -> None:
    row = redeem(shop)
    shown = people.bob.get(page(row))
    assert page(row, "return") in text(shown)
    with nothing_changes():
        asked = send(people.bob, row, units_0="2", reason="too small")
    assert asked.context["preview"] == [
        "2 units of SHOE come back; 4.44 USD of the discount goes with them.",
        "Of the goods' price, 4.44 USD stays with the shop: it was a discount.",
        "OWN1 stays used: not all of its goods are back.",
    ]
    form = {"units_0": "2", "reason": "too small", "reference": "click", "return": "1"}
    done = people.bob.post(page(row, "return"), **form)
    assert done["Location"] == page(row, "return")
    made = Reversal.objects.get()
    assert (made.amount_minor, made.reason, made.actor) == (444, "too small", "staff:bob")
    again = people.bob.post(page(row, "return"), **form)
    assert (again.status_code, Reversal.objects.count()) == (302, 1)
    earlier = people.bob.get(page(row, "return")).context["earlier"]
    assert [(each["goods"], each["amount"], each["who"]) for each in earlier] == [
        ("2 × SHOE", "4.44 USD", "bob")
    ]


def test_everything_that_is_left_brings_the_coupon_back(people: People, shop: Shop) -> None:
    row = redeem(shop)
    asked = send(people.alice, row, everything="on")
    assert asked.context["preview"][-1] == "OWN1 comes back and can be used again."
    send(people.alice, row, **{"everything": "on", "return": "1"})
    row.refresh_from_db()
    assert (row.status, Code.objects.get(text="OWN1").uses) == ("reversed", 0)
    last = text(people.alice.get(page(row, "return")))
    assert "OWN1 comes back and can be used again." in last
    assert "Show what it means" not in last


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({}, "Say how many units come back."),
        ({"units_0": "4"}, "less than or equal to 3"),
        ({"units_0": "-1"}, "greater than or equal to 0"),
        ({"units_0": "x"}, "Enter a whole number."),
    ],
)
def test_a_return_that_makes_no_sense_changes_nothing(
    people: People, shop: Shop, form: dict[str, Any], told: str
) -> None:
    row = redeem(shop)
    with nothing_changes():
        answer = send(people.bob, row, **{**form, "return": "1"})
    assert told in text(answer)


def test_a_held_redemption_is_not_returned(people: People, shop: Shop) -> None:
    row = redeem(shop, hold=True)
    with nothing_changes():
        answer = send(people.bob, row, **{"everything": "on", "return": "1"})
    assert "It was not redeemed; a hold is released." in text(answer)


# --- Holds -------------------------------------------------------------------------------


def test_stuck_coupons_are_found_by_code_order_and_customer(people: People, shop: Shop) -> None:
    row = redeem(shop, hold=True)
    redeem(shop, "OWN2", ref="O-2")
    holds = reverse("admin:redemption_hold_changelist")
    for typed in ("own-1", "O-1", "C-1", ""):
        listed = people.bob.get(holds, q=typed).context["cl"].result_list
        assert [each.pk for each in listed] == [row.pk], typed
    for typed in ("OWN2", "O-2", "C-2", "nothing"):
        assert people.bob.get(holds, q=typed).context["cl"].result_list == [], typed
    own = reverse("admin:redemption_hold_change", args=[row.pk])
    assert people.bob.get(own)["Location"] == page(row)


def test_a_hold_past_its_time_is_not_stuck(people: People, shop: Shop) -> None:
    row = redeem(shop, hold=True)
    Redemption.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    listed = people.bob.get(reverse("admin:redemption_hold_changelist"))
    assert listed.context["cl"].result_list == []
    shown = text(people.bob.get(page(row)))
    assert "Released" in shown
    assert page(row, "step", "release") not in shown


def test_a_hold_is_released_once_confirmed_by_name(people: People, shop: Shop) -> None:
    row = redeem(shop, hold=True)
    assert page(row, "step", "release") in text(people.bob.get(page(row)))
    with nothing_changes():
        asked = people.bob.get(page(row, "step", "release"))
    assert "The codes are free at once" in text(asked)
    people.bob.post(page(row, "step", "release"))
    row.refresh_from_db()
    assert (row.status, Code.objects.get(text="OWN1").uses) == ("released", 0)
    told = JournalEntry.objects.get(type="redemption.released")
    assert told.actor == "staff:bob"


def test_a_hold_is_confirmed_from_its_page(people: People, shop: Shop) -> None:
    row = redeem(shop, hold=True)
    people.bob.post(page(row, "step", "confirm"))
    row.refresh_from_db()
    assert row.status == "redeemed"
    assert JournalEntry.objects.get(type="redemption.created").actor == "staff:bob"
    with nothing_changes():
        refused = people.bob.client.post(page(row, "step", "release"), follow=True)
    assert "It is no hold any more; goods come back by a reversal." in text(refused)


def test_who_only_looks_releases_and_returns_nothing(people: People, shop: Shop) -> None:
    held, done = redeem(shop, hold=True), redeem(shop, "OWN2", ref="O-2")
    analyst = person("ann", people.acme, Role.ANALYST)
    clerk = person("cleo", people.acme, Role.CLERK)
    with nothing_changes():
        for who in (analyst, clerk, people.charlie):
            for step in ("release", "confirm"):
                assert who.get(page(held, "step", step)).status_code == 404
                assert who.post(page(held, "step", step)).status_code == 404
            form = {"everything": "on", "reference": "r", "return": "1"}
            assert who.post(page(done, "return"), **form).status_code == 404
    looked = text(analyst.get(page(done, "return")))
    assert "Nothing has come back yet." in looked
    assert "Show what it means" not in looked
    for who in (clerk, people.charlie):
        assert who.get(page(done, "return")).status_code == 404


# --- Checks of the counters ----------------------------------------------------------------

CHECK = "/redemption/reconciliation/check/"


def test_an_owner_checks_the_counters(people: People, shop: Shop) -> None:
    redeem(shop)
    made = people.alice.post(CHECK)
    row = Reconciliation.objects.get()
    assert made["Location"] == reverse("admin:redemption_reconciliation_change", args=[row.pk])
    assert (row.different, row.differences, row.actor) == (0, [], "staff:alice")
    assert row.numbers == sum(each["numbers"] for each in row.compared)
    assert "No difference" in text(people.alice.get(made["Location"]))


def test_what_differs_is_shown_with_its_page(people: People, shop: Shop) -> None:
    redeem(shop)
    CouponCounter.objects.update(uses=5)
    people.alice.post(CHECK)
    row = Reconciliation.objects.get()
    page = text(people.alice.get(f"/redemption/reconciliation/{row.pk}/change/"))
    coupon = CouponCounter.objects.get().coupon_id
    assert reverse("admin:coupons_coupon_change", args=[coupon]) in page
    assert "+4" in page
    assert "Differences: 1" in page
    assert CouponCounter.objects.get().uses == 5


def test_a_check_that_takes_too_long_says_where_else(
    people: People, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = reconciling.RECOUNTS[0]
    pairs = slow.pairs.replace("WHERE NOT", "WHERE pg_sleep(0.2) IS NOT NULL AND NOT")
    monkeypatch.setattr(reconciling, "PATIENCE_MS", 50)
    monkeypatch.setattr(reconciling, "RECOUNTS", [type(slow)(slow.counter, slow.page, pairs)])
    answer = people.alice.client.post(CHECK, follow=True)
    assert "manage.py reconcile" in text(answer)
    assert Reconciliation.objects.count() == 0


def test_only_an_owner_checks(people: People, shop: Shop) -> None:
    assert people.alice.get(CHECK).status_code == 404
    with nothing_changes():
        assert people.bob.post(CHECK).status_code == 404
    people.alice.post(CHECK)
    row = Reconciliation.objects.get()
    own = reverse("admin:redemption_reconciliation_change", args=[row.pk])
    for who in (people.bob, people.charlie):
        assert who.get(own).status_code in (403, 404)
