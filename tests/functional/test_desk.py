"""The redemption desk: who may, what is shown, what is written, and what is in the way."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Customer
from coupons.models import (
    Category,
    Channel,
    Code,
    Coupon,
    JournalEntry,
    Membership,
    Product,
    Role,
)
from redemption import guessing, pressing
from redemption.models import Redemption
from redemption.views.urls import urlpatterns
from redemption.views.words import masked
from tests import desk
from tests.desk import allow, disallow
from tests.people import PASSWORD, People, Person, person
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> People:
    monkeypatch.setattr(guessing, "_refused", {})
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("manage", "publish", "codes", "redeem")
    shop.coupon("ten-off", thank_you="Thanks!", min_spend={"USD": "20.00"})
    return shop


@pytest.fixture
def cleo(people: People, shop: Shop) -> Person:
    cleo = person("cleo", people.acme, Role.CLERK)
    allow(cleo.user)
    return cleo


def check(who: Person, code: str = "ten-off", **more: Any) -> Any:
    return who.post("/desk/check/", code=code, **more)


def press(who: Person, shown: Any, **headers: str) -> Any:
    """Press the button on a page that shows a good coupon."""
    assert shown.context["card"]["state"] == "good", shown.context["card"]
    return desk.press(who, shown, headers)


def redeemed(who: Person, code: str = "ten-off", **more: Any) -> Redemption:
    answer = press(who, check(who, code, **more))
    assert answer.status_code == 303, answer.context["problems"]
    return Redemption.objects.get(pk=answer["Location"].split("/")[-2])


# --- a shopper comes ---


def test_a_clerk_checks_and_redeems_by_hand(cleo: Person, shop: Shop) -> None:
    with nothing_changes():
        wanting = check(cleo, " Ten-Off ").context["card"]
        good = check(cleo, total="５0,00")
    assert (wanting["state"], wanting["code"]) == ("wanting", "TENOFF")
    assert (good.context["card"]["takes_off"], good.context["card"]["quote"].payable) == (
        "10.00",
        "40.00",
    )
    assert "$10 off" in good.content.decode()
    done = press(cleo, good)
    row = Redemption.objects.get()
    assert (row.method, row.actor, row.status) == ("manual", "staff:cleo", "redeemed")
    assert row.order_ref[:2] == "D-"
    page = cleo.get(done["Location"]).content.decode()
    assert "Thanks!" in page
    assert "40.00 USD" in page
    entry = JournalEntry.objects.get(type="redemption.created")
    assert (entry.actor, entry.redemption_ref) == ("staff:cleo", row.pk)


def test_every_reason_is_told(cleo: Person, shop: Shop) -> None:
    shop.coupon("choosy", methods=["api"], countries=["DE"], min_spend={"USD": "60.00"})
    allow(cleo.user)
    with nothing_changes():
        card = check(cleo, "choosy", total="50").context["card"]
    assert card["state"] == "bad"
    assert card["reasons"] == [
        "This coupon cannot be redeemed this way.",
        "This coupon is not valid in your country.",
        "10.00 USD more is needed for this coupon.",
    ]


def test_goods_are_priced_and_matched(cleo: Person, shop: Shop) -> None:
    shop.coupon("hats-only", scope={"categories": ["hats"]})
    allow(cleo.user)
    category = Category.objects.get(merchant=shop.merchant, path="hats")
    Product.objects.create(
        merchant=shop.merchant, sku="HAT", currency="USD", price_minor=6000, category=category
    )
    assert check(cleo, "hats-only", total="90").context["card"]["state"] == "bad"
    lines = {"sku": ["HAT", ""], "quantity": ["2", ""], "unit_price": ["", ""]}
    shown = check(cleo, "hats-only", **lines)
    assert shown.context["card"]["quote"].payable == "110.00"
    press(cleo, shown)
    assert Redemption.objects.get().subtotal_minor == 12_000
    for wrong in ({"sku": ["NONE"]}, {"sku": ["HAT"], "quantity": ["two"]}):
        answer = check(cleo, "hats-only", **{**lines, **wrong})
        assert answer.status_code == 422
        assert len(answer.context["problems"]) == 1


def test_a_pass_counts_its_uses(cleo: Person, shop: Shop) -> None:
    shop.coupon("pool", kind="pass", code=None, limits={"uses_per_code": 2})
    shop.codes("pool", "POOL2345")
    allow(cleo.user)
    shown = check(cleo, "pool-2345")
    assert shown.context["card"]["entry"] == (1, 2)
    done = press(cleo, shown)
    assert "1 of 2 used" in cleo.get(done["Location"]).content.decode()
    redeemed(cleo, "POOL2345")
    card = check(cleo, "POOL2345").context["card"]
    assert card["reasons"] == ["This code has been used."]
    assert card["earlier"]["who"] == "cleo"
    assert cleo.get(card["earlier"]["address"]).status_code == 200


def test_goods_to_hand_over_are_named(cleo: Person, shop: Shop) -> None:
    shop.coupon("mug", kind="gift", gifts=[{"sku": "MUG", "quantity": 2}])
    Product.objects.filter(sku="MUG").update(name="Blue mug")
    allow(cleo.user)
    row = redeemed(cleo, "mug")
    page = cleo.get(f"/desk/redeemed/{row.pk}/").content.decode()
    assert "2 × Blue mug" in " ".join(page.split())


def test_a_draw_reveals_its_prize(cleo: Person, shop: Shop) -> None:
    shop.coupon("prize", code=None)
    shop.coupon("draw", kind="draw", prizes=[{"name": "Ten", "weight": 1, "coupon": "prize"}])
    allow(cleo.user)
    row = redeemed(cleo, "draw")
    page = cleo.get(f"/desk/redeemed/{row.pk}/").content.decode()
    assert "Ten" in page
    assert Code.objects.get(coupon__slug="prize").text in page


def test_a_customer_is_found_by_phone_and_shown_masked(cleo: Person, shop: Shop) -> None:
    Customer.objects.create(merchant=shop.merchant, ref="C-1001", phone="+15550100", created_at=NOW)
    shown = check(cleo, total="50", customer="+15550100")
    assert shown.context["card"]["whose"] == "C-1***"
    assert "C-1001" not in shown.content.decode()
    press(cleo, shown)
    assert Redemption.objects.get().customer.ref == "C-1001"
    with nothing_changes():
        unknown = check(cleo, total="50", customer="C-9999")
    assert unknown.status_code == 422
    assert unknown.context["problems"] == ["There is no such customer. Leave it empty for a guest."]
    assert [masked(each) for each in ("张小明", "C-1001", "ab")] == ["张**", "C-1***", "a***"]


# --- who may ---


def test_who_is_not_named_learns_nothing_of_the_coupon(people: People, shop: Shop) -> None:
    dora = person("dora", people.acme, Role.CLERK)
    with nothing_changes():
        shown = check(dora, total="50")
        forced = dora.post("/desk/redeem/", code="ten-off", total="50", press=str(uuid.uuid4()))
    assert shown.context["card"] == {"state": "forbidden"}
    assert "$10" not in shown.content.decode()
    assert forced.context["problems"] == ["You may not redeem this coupon."]
    assert "There is no coupon yet" in dora.get("/desk/").content.decode()
    # An owner may, and so may whoever is in a group that is named.
    assert check(people.alice, total="50").context["card"]["state"] == "good"


def test_a_right_taken_a_second_ago_is_gone(cleo: Person, shop: Shop) -> None:
    shown = check(cleo, total="50")
    disallow(cleo.user)
    with nothing_changes():
        answer = press(cleo, shown)
    assert (answer.status_code, answer.context["problems"]) == (
        422,
        ["You may not redeem this coupon."],
    )
    allow(cleo.user)
    Membership.objects.filter(user=cleo.user).delete()
    with nothing_changes():
        assert press(cleo, shown)["Location"] == "/login/?next=/desk/"


def test_a_code_of_another_merchant_is_answered_as_one_that_is_not_there(
    people: People, shop: Shop, cleo: Person
) -> None:
    with nothing_changes():
        theirs = check(people.charlie, total="50")
        unknown = check(people.charlie, "nothing-at-all", total="50")
        forced = people.charlie.post(
            "/desk/redeem/", code="ten-off", total="50", press=str(uuid.uuid4())
        )
    assert theirs.context["card"] == unknown.context["card"] == {"state": "unknown"}
    assert forced.context["card"] == {"state": "unknown"}
    row = redeemed(cleo, total="50")
    assert people.charlie.get(f"/desk/redeemed/{row.pk}/").status_code == 404
    with nothing_changes():
        assert people.charlie.post(f"/desk/undo/{row.pk}/", reason="x").status_code == 404


def test_whoever_guesses_is_not_answered(cleo: Person, shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_DEVICE = 3
    assert [check(cleo, f"WRONG{n}").status_code for n in range(4)] == [200] * 3 + [429]
    shown = check(cleo, total="50")
    assert shown.status_code == 429
    assert shown.context["problems"] == ["Too many wrong codes"]
    with nothing_changes():
        forced = cleo.post("/desk/redeem/", code="ten-off", total="50", press=str(uuid.uuid4()))
    assert forced.status_code == 429


def test_a_clerk_of_one_channel_redeems_there_only(people: People, shop: Shop) -> None:
    for slug in ("till-1", "till-2"):
        Channel.objects.create(merchant=people.acme, slug=slug, name=slug.title())
    shop.coupon("first-till", channels=["till-1"])
    cleo = person("cleo", people.acme, Role.CLERK)
    allow(cleo.user)
    member = Membership.objects.get(user=cleo.user)
    page = f"/coupons/membership/{member.pk}/change/"

    def bind(slug: str) -> None:
        channel = Channel.objects.get(slug=slug)
        answer = people.alice.post(page, role=Role.CLERK.value, channel=channel.pk)
        assert answer.status_code == 302, answer.context["adminform"].form.errors

    bind("till-2")
    card = check(cleo, "first-till", total="50").context["card"]
    assert card["reasons"] == ["This coupon is not valid in this shop."]
    bind("till-1")
    assert redeemed(cleo, "first-till", total="50").channel.slug == "till-1"
    entries = JournalEntry.objects.filter(type="staff.channel_changed").order_by("id")
    assert [each.data["channel"] for each in entries] == ["till-2", "till-1"]
    foreign = Channel.objects.create(merchant=people.other, slug="theirs", name="Theirs")
    refused = people.alice.post(page, role=Role.CLERK.value, channel=foreign.pk)
    assert "channel" in refused.context["adminform"].form.errors


def test_the_log_in_leads_a_clerk_to_the_desk(people: People, cleo: Person) -> None:
    cleo.client.logout()
    login = cleo.client.post("/login/", {"username": "cleo", "password": PASSWORD}, follow=True)
    assert login.redirect_chain[-1][0] == "/desk/"
    assert b'action="/desk/check/"' in login.content
    assert people.alice.get("/").status_code == 200


# --- every address ---


def every_path(pk: uuid.UUID) -> list[str]:
    row = {"pk": pk}
    return [
        reverse(f"desk:{each.name}", kwargs=row if "<uuid:pk>" in str(each.pattern) else {})
        for each in urlpatterns
    ]


PUBLIC = {"/desk/app.webmanifest", "/desk/worker.js", "/desk/offline/"}


def test_every_address_asks_for_a_log_in_and_shows_nothing_of_others(
    people: People, cleo: Person, shop: Shop
) -> None:
    row = redeemed(cleo, total="50")
    nobody = person("nobody", None, None)
    cleo.client.logout()
    with nothing_changes():
        for path in every_path(row.pk):
            for who in (cleo, nobody, people.charlie):
                for answer in (who.get(path), who.post(path, code="ten-off", q="T-9")):
                    told = answer.content.decode(errors="replace") + answer.get("Location", "")
                    for secret in ("Ten-Off", "$10", row.order_ref, "Acme"):
                        assert secret not in told, (path, who.user)
                    if path not in PUBLIC and who is not people.charlie:
                        assert answer["Location"] == "/login/?next=/desk/", path


def test_the_desk_speaks_of_no_code_in_an_address_and_is_kept_nowhere(cleo: Person) -> None:
    page = check(cleo, total="50")
    assert "no-store" in page["Cache-Control"]
    assert "script-src 'self';" in page["Content-Security-Policy"] + ";"
    assert cleo.get("/desk/check/", code="ten-off")["Location"] == "/desk/"
    manifest = cleo.get("/desk/app.webmanifest").json()
    assert (manifest["start_url"], manifest["display"]) == ("/desk/", "standalone")
    worker = cleo.get("/desk/worker.js")
    assert worker["Content-Type"].startswith("text/javascript")


# --- twice ---


def test_a_press_that_arrives_twice_redeems_once(cleo: Person, shop: Shop) -> None:
    shown = check(cleo, total="50", order="T-1")
    first = press(cleo, shown)
    with nothing_changes():
        assert press(cleo, shown)["Location"] == first["Location"]
    assert Redemption.objects.count() == 1


def test_a_press_that_arrives_again_after_the_undo_redeems_nothing(
    cleo: Person, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = check(cleo, total="50")
    first = press(cleo, shown)
    cleo.post(first["Location"].replace("redeemed", "undo"))
    with nothing_changes():
        assert press(cleo, shown)["Location"] == first["Location"]
    # Without the guard the late request redeems anew.
    monkeypatch.setattr(pressing.Press, "hear", lambda *_: None)
    monkeypatch.setattr(pressing.Press, "statements", lambda *_: [])
    assert press(cleo, shown)["Location"] != first["Location"]


def test_an_order_that_has_used_the_code_with_another_cart_is_told(
    cleo: Person, shop: Shop
) -> None:
    redeemed(cleo, total="50", order="T-1")
    other = {"code": "ten-off", "total": "70", "order": "T-1", "press": str(uuid.uuid4())}
    with nothing_changes():
        answer = cleo.post("/desk/redeem/", **other)
    assert answer.context["problems"] == ["The order has used TENOFF with another cart."]


# --- undo ---


def undo(who: Person, row: Redemption, *, after: int = 0, reason: str = "") -> Any:
    at = (timezone.now() + timedelta(minutes=after)).isoformat()
    path = f"/desk/undo/{row.pk}/"
    return who.client.post(path, {"reason": reason}, headers={"X-Test-Clock": at})


def test_a_clerk_undoes_their_own_for_some_minutes(
    people: People, cleo: Person, shop: Shop, settings: Any
) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    settings.HEXIAO_DESK_IDLE_MINUTES = 0
    row = redeemed(cleo, total="50")
    dora = person("dora", people.acme, Role.CLERK)
    allow(dora.user)
    with nothing_changes():
        assert undo(cleo, row, after=11).context["problems"] == ["Ask a supervisor to undo it."]
        assert undo(dora, row).status_code == 422
    assert undo(cleo, row, after=9).status_code == 303
    row.refresh_from_db()
    assert row.status == "reversed"
    assert Coupon.objects.get(slug="ten-off").counter.uses == 0
    with nothing_changes():
        assert undo(cleo, row, after=9).status_code == 303
    assert "Undone" in cleo.get(f"/desk/redeemed/{row.pk}/").content.decode()


def test_a_supervisor_undoes_later_and_says_why(
    people: People, cleo: Person, shop: Shop, settings: Any
) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    row = redeemed(cleo, total="50")
    allow(people.bob.user)
    with nothing_changes():
        assert undo(people.bob, row, after=600).context["problems"] == ["Say why it is undone."]
    assert undo(people.bob, row, after=600, reason="Wrong coat").status_code == 303
    entry = JournalEntry.objects.get(type="redemption.reversed")
    assert (entry.actor, entry.data["reason"]) == ("staff:bob", "Wrong coat")


def test_what_a_program_redeemed_is_not_the_desks_to_undo(people: People, shop: Shop) -> None:
    body = {"currency": "USD", "codes": ["ten-off"], "order": "O-1"}
    body["lines"] = [{"id": "1", "sku": "A", "quantity": 1, "unit_price": "50.00"}]
    assert shop.api.post("redemptions", body).status == 201
    row = Redemption.objects.get()
    with nothing_changes():
        assert people.alice.get(f"/desk/redeemed/{row.pk}/").status_code == 404
        assert undo(people.alice, row, reason="x").status_code == 404


# --- find ---


def test_what_was_redeemed_is_found_by_order_customer_and_phone(
    people: People, cleo: Person, shop: Shop
) -> None:
    Customer.objects.create(merchant=shop.merchant, ref="C-1001", phone="+15550100", created_at=NOW)
    row = redeemed(cleo, total="50", customer="C-1001", order="T-1")
    dora = person("dora", people.acme, Role.CLERK)
    for typed in ("T-1", "C-1001", "+15550100"):
        (found,) = cleo.post("/desk/find/", q=typed).context["found"]
        assert (found["address"], found["whose"]) == (f"/desk/redeemed/{row.pk}/", "C-1***")
        for other in (dora, people.charlie):
            assert other.post("/desk/find/", q=typed).context["found"] == []
    assert b"Nothing redeemed by hand" in cleo.post("/desk/find/", q="T-2").content
    assert cleo.get("/desk/find/", q="T-1")["Location"] == "/desk/"


# --- the end of a session ---


def test_a_session_that_ended_leads_to_the_log_in_and_back(cleo: Person, shop: Shop) -> None:
    shown = check(cleo, total="50")
    cleo.client.logout()
    with nothing_changes():
        by_script = cleo.client.post("/desk/check/", {}, headers={"HX-Request": "true"})
        pressed = press(cleo, shown, **{"HX-Request": "true"})
    for answer in (by_script, pressed):
        assert (answer.status_code, answer["HX-Redirect"]) == (204, "/login/?next=/desk/")


# --- speed ---


def test_the_number_of_queries_is_fixed(cleo: Person, shop: Shop) -> None:
    shop.coupon("many", code=None)
    shop.codes("many", *(f"MANY{n:04}" for n in range(2, 200)))
    allow(cleo.user)

    def queries(code: str, **more: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            check(cleo, code, **more)
        return len(seen)

    queries("MANY0002", total="50")
    asked = queries("MANY0003", total="50")
    for n in range(20):
        person(f"another-{n}", shop.merchant, Role.CLERK)
        shop.coupon(f"another-{n}")
    allow(cleo.user)
    assert queries("MANY0004", total="50") == asked
    assert asked <= 22
