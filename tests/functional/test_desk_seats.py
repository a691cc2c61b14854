"""Shared devices of the desk: PINs, switching, locking, and what a PIN never opens."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache

from coupons import pins, valkey
from coupons.errors import PinLocked, TooManyTries, WrongPassword, WrongPin
from coupons.models import JournalEntry, Membership, Pin, PinTries, Role, User
from redemption.models import Redemption
from tests.console_addresses import every_address
from tests.desk import allow, disallow, press
from tests.people import PASSWORD, People, Person, person
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

PIN = "4071"


@pytest.fixture
def people(settings: Any) -> People:
    settings.HEXIAO_TEST_CLOCK = True
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("manage", "publish")
    shop.coupon("ten-off")
    return shop


@pytest.fixture
def cleo(people: People, shop: Shop) -> Person:
    return clerk(people, "cleo")


@pytest.fixture
def dora(people: People, shop: Shop) -> Person:
    return clerk(people, "dora", pin="8305")


def clerk(people: People, name: str, *, pin: str = PIN, role: Role = Role.CLERK) -> Person:
    """Have somebody with a PIN who may redeem every coupon that the shop has now."""
    made = person(name, people.acme, role)
    choose(made, pin)
    allow(made.user)
    return made


def member(who: Person) -> Membership:
    return Membership.objects.select_related("user", "merchant").get(user=who.user)


def choose(who: Person, pin: str, *, password: str = PASSWORD) -> Pin:
    return pins.choose(membership=member(who), pin=pin, password=password, device="d", at=NOW)


def prove(who: Person, pin: str, *, device: str = "d", at: datetime = NOW) -> Pin:
    return pins.prove(membership=member(who), pin=pin, device=device, at=at)


def unlock(at_device: Person, who: Person, pin: str = "", **more: Any) -> Any:
    """Take over the device that `at_device` is a browser of."""
    return at_device.post("/desk/unlock/", person=member(who).pk, pin=pin, **more)


def on_screen(at_device: Person) -> str:
    """Return the name in the page's corner; empty where the desk is locked."""
    page = at_device.get("/desk/").content.decode()
    found = re.search(r'<span class="person">(\w+)</span>\s*</summary>', page)
    return found[1] if found else ""


def later(minutes: float) -> dict[str, str]:
    return {"X-Test-Clock": (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()}


def told(kind: str) -> list[tuple[str, Any]]:
    rows = JournalEntry.objects.filter(type=kind).order_by("id")
    return [(row.actor, row.data) for row in rows]


# --- a PIN of one's own ---


def test_a_pin_is_chosen_with_the_password_and_kept_as_a_hash(people: People, shop: Shop) -> None:
    bob = people.bob
    page = bob.post("/desk/pin/", pin=PIN, again=PIN, password=PASSWORD)
    assert page.context["is_done"] is True
    row = Pin.objects.get()
    assert (row.membership, PIN in row.hash) == (member(bob), False)
    assert prove(bob, PIN) == row
    assert told("staff.pin_set") == [("staff:bob", {"user": "bob"})]


@pytest.mark.parametrize(
    ("pin", "again", "password", "problem"),
    [
        ("407", "407", PASSWORD, "A PIN has from 4 to 8 digits."),
        ("407140714", "407140714", PASSWORD, "A PIN has from 4 to 8 digits."),
        ("40a1", "40a1", PASSWORD, "A PIN has from 4 to 8 digits."),
        ("４０７１", "４０７１", PASSWORD, "A PIN has from 4 to 8 digits."),
        ("", "", PASSWORD, "A PIN has from 4 to 8 digits."),
        ("1234", "1234", PASSWORD, "This PIN is easily guessed; choose another."),
        ("4071", "4072", PASSWORD, "The two are not the same."),
        ("4071", "4071", "wrong", "The password is not right"),
        ("4071", "4071", "", "The password is not right"),
    ],
)
def test_a_bad_pin_or_password_sets_nothing(
    people: People, shop: Shop, pin: str, again: str, password: str, problem: str
) -> None:
    with nothing_changes(but=("coupons_pintries",)):
        page = people.bob.post("/desk/pin/", pin=pin, again=again, password=password)
    assert (page.status_code, page.context["problems"]) == (422, [problem])
    assert Pin.objects.count() == 0


def test_ten_wrong_passwords_are_followed_by_a_pause(people: People, shop: Shop) -> None:
    for _ in range(10):
        with pytest.raises(WrongPassword):
            choose(people.bob, PIN, password="wrong")
    with pytest.raises(TooManyTries) as refused:
        choose(people.bob, PIN)
    assert refused.value.retry_after == 900
    cache.clear()
    afterwards = NOW + timedelta(minutes=15)
    membership = member(people.bob)
    pins.choose(membership=membership, pin=PIN, password=PASSWORD, device="d", at=afterwards)
    assert PinTries.objects.count() == 0


def test_an_owner_resets_a_pin_and_cannot_set_one(people: People, cleo: Person) -> None:
    path = f"/coupons/membership/{member(cleo).pk}/pin/"
    assert b"Reset the PIN" in people.alice.get(path).content
    with nothing_changes():
        for who in (people.bob, people.charlie, cleo):
            assert who.post(path).status_code in (403, 404)
    assert people.alice.post(path).status_code == 302
    assert Pin.objects.count() == 0
    assert told("staff.pin_reset") == [("staff:alice", {"user": "cleo"})]
    with pytest.raises(WrongPin):
        prove(cleo, PIN)


def test_a_pin_goes_with_the_membership(people: People, cleo: Person) -> None:
    member(cleo).delete()
    assert Pin.objects.count() == 0


# --- wrong PINs ---


def test_five_wrong_pins_lock_it_on_the_device_until_the_password(
    people: People, cleo: Person
) -> None:
    for _ in range(5):
        with pytest.raises(WrongPin):
            prove(cleo, "9999")
    for _ in range(2):
        with pytest.raises(PinLocked):
            prove(cleo, PIN)
    assert told("staff.pin_locked") == [("system", {"user": "cleo"})]
    # For good, not for a while; on another device it still works.
    cache.clear()
    with pytest.raises(PinLocked):
        prove(cleo, PIN, at=NOW + timedelta(days=30))
    assert prove(cleo, PIN, device="other")
    pins.prove_password(membership=member(cleo), password=PASSWORD, device="d", at=NOW)
    assert prove(cleo, PIN)


def test_it_holds_without_valkey(
    people: People, cleo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(valkey, "asked", lambda _: None)
    for _ in range(5):
        with pytest.raises(WrongPin):
            prove(cleo, "9999")
    with pytest.raises(PinLocked):
        prove(cleo, PIN)


def test_valkey_alone_turns_a_flood_away(people: People, cleo: Person) -> None:
    for _ in range(5):
        with pytest.raises(WrongPin):
            prove(cleo, "9999")
    PinTries.objects.filter(place="d").delete()
    with pytest.raises(PinLocked):
        prove(cleo, PIN)


def test_a_right_pin_forgets_the_wrong_ones(people: People, cleo: Person) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongPin):
                prove(cleo, "9999")
        assert prove(cleo, PIN)


def test_twenty_tries_in_a_day_are_all_on_whatever_device(people: People, cleo: Person) -> None:
    for n in range(20):
        with pytest.raises(WrongPin):
            prove(cleo, "9999", device=f"d{n // 4}")
    with pytest.raises(PinLocked):
        prove(cleo, PIN, device="new")
    cache.clear()
    assert prove(cleo, PIN, device="new", at=NOW + timedelta(days=1))


def test_tries_of_one_person_are_not_anothers(people: People, cleo: Person, dora: Person) -> None:
    for _ in range(5):
        with pytest.raises(WrongPin):
            prove(cleo, "8305")  # Dora's
    assert prove(dora, "8305")


def test_an_account_that_is_switched_off_has_no_pin(people: People, cleo: Person) -> None:
    User.objects.filter(pk=cleo.user.pk).update(is_active=False)
    with pytest.raises(WrongPin):
        prove(cleo, PIN)


# --- taking a device over ---


def test_switching_changes_who_everything_is_done_by(
    people: People, cleo: Person, dora: Person
) -> None:
    assert on_screen(cleo) == "cleo"
    assert unlock(cleo, dora, "8305")["Location"] == "/desk/"
    assert on_screen(cleo) == "dora"
    redeem(cleo)
    assert Redemption.objects.get().actor == "staff:dora"
    (entry,) = told("desk.taken")
    assert (entry[0], entry[1]["by"]) == ("staff:dora", "pin")


def redeem(who: Person) -> Any:
    shown = who.post("/desk/check/", code="ten-off", total="50")
    return press(who, shown)


def test_a_wrong_pin_lets_nobody_in_and_locks(people: People, cleo: Person, dora: Person) -> None:
    on_screen(cleo)
    with nothing_changes(but=("coupons_pintries",)):
        page = unlock(cleo, dora, "9999")
    assert (page.status_code, page.context["problems"]) == (423, ["The PIN is not right"])
    assert page.context["chosen"] == member(dora).pk
    assert on_screen(cleo) == ""


@pytest.mark.parametrize("chosen", ["", "0", "x", "9" * 30, "-1"])
def test_a_name_that_is_nobody_here_lets_nobody_in(
    people: People, cleo: Person, chosen: str
) -> None:
    on_screen(cleo)
    page = cleo.post("/desk/unlock/", person=chosen, pin=PIN)
    assert page.context["problems"] == ["Choose your name."]


def test_staff_of_another_merchant_cannot_take_a_device_over(people: People, cleo: Person) -> None:
    choose(people.charlie, PIN)
    on_screen(cleo)
    page = unlock(cleo, people.charlie, PIN)
    assert (page.status_code, page.context["problems"]) == (423, ["Choose your name."])
    assert "charlie" not in page.content.decode()


def test_a_device_that_nobody_has_opened_asks_for_a_log_in(people: People, cleo: Person) -> None:
    cleo.client.logout()
    for answer in (unlock(cleo, cleo, PIN), cleo.get("/desk/"), cleo.post("/desk/lock/")):
        assert answer["Location"] == "/login/?next=/desk/"


def test_the_password_opens_the_desk_where_the_pin_is_locked(
    people: People, cleo: Person, dora: Person
) -> None:
    on_screen(cleo)
    for _ in range(5):
        unlock(cleo, dora, "9999")
    page = unlock(cleo, dora, "8305")
    assert page.context["problems"] == ["Too many wrong PINs; type the password"]
    assert unlock(cleo, dora, password="wrong").status_code == 423
    assert unlock(cleo, dora, password=PASSWORD)["Location"] == "/desk/"
    assert on_screen(cleo) == "dora"
    assert cleo.get("/coupons/coupon/").status_code == 302
    cleo.post("/desk/lock/")
    assert unlock(cleo, dora, "8305").status_code == 303


# --- what it never opens ---


def test_a_pin_opens_no_page_of_the_console_whoever_it_is(people: People, cleo: Person) -> None:
    choose(people.alice, "62914")
    device = people.bob
    on_screen(device)
    assert unlock(device, people.alice, "62914")["Location"] == "/desk/"
    assert on_screen(device) == "alice"
    opened = []
    for each in every_address():
        open_to_all = {"login", "jsi18n", "language", "logout"}
        if each.has_row or each.name in open_to_all | {"app_list", "view_on_site"}:
            continue
        for path in each.paths(1):
            if device.get(path).status_code not in (302, 404, 405):
                opened.append(path)
    assert opened == []
    page = device.get("/desk/").content.decode()
    assert 'href="/"' not in page  # no way to the console


def test_a_pin_supervises_nothing_and_a_log_in_does(
    people: People, cleo: Person, settings: Any
) -> None:
    settings.HEXIAO_UNDO_MINUTES = 0
    address = redeem(cleo)["Location"]
    choose(people.alice, "62914")
    unlock(cleo, people.alice, "62914")
    with nothing_changes():
        page = cleo.post(address.replace("redeemed", "undo"), reason="Wrong")
    assert page.context["problems"] == ["Ask a supervisor to undo it."]
    assert cleo.get("/desk/day/", clerk=member(cleo).user_id).status_code == 404
    done = people.alice.post(address.replace("redeemed", "undo"), reason="Wrong")
    assert done.status_code == 303


def test_the_log_in_that_opened_the_device_is_over_after_a_switch(
    people: People, cleo: Person
) -> None:
    old = people.alice.client.cookies[django_settings.SESSION_COOKIE_NAME].value
    assert people.alice.get("/coupons/coupon/").status_code == 200
    on_screen(people.alice)
    unlock(people.alice, cleo, PIN)
    assert people.alice.get("/coupons/coupon/").status_code == 302
    people.alice.client.cookies[django_settings.SESSION_COOKIE_NAME] = old
    assert people.alice.get("/coupons/coupon/").status_code == 302


# --- locking ---


def test_a_desk_that_stands_still_is_locked_and_gives_nothing_away(
    people: People, cleo: Person
) -> None:
    on_screen(cleo)
    assert cleo.client.get("/desk/", headers=later(4)).status_code == 200
    page = cleo.client.get("/desk/", headers=later(10))
    assert (page.status_code, b"Ten-Off" in page.content) == (423, False)
    with nothing_changes():
        assert cleo.post("/desk/check/", code="ten-off", total="50").status_code == 423
    assert b'name="person"' in page.content
    assert unlock(cleo, cleo, PIN).status_code == 303
    assert on_screen(cleo) == "cleo"


def test_a_taken_desk_is_locked_as_well(people: People, cleo: Person, dora: Person) -> None:
    on_screen(cleo)
    unlock(cleo, dora, "8305")
    assert cleo.client.get("/desk/", headers=later(5.1)).status_code == 423


def test_nothing_typed_is_lost_with_a_lock(people: People, cleo: Person) -> None:
    on_screen(cleo)
    typed = {"code": "ten-off", "total": "50", "sku": ["A", "B"], "quantity": ["1", "2"]}
    cleo.post("/desk/lock/")
    page = cleo.client.post("/desk/check/", {**typed, "pin": "0000"})
    assert page.status_code == 423
    assert page.context["typed"] == [
        ("code", "ten-off"), ("total", "50"), ("sku", "A"), ("sku", "B"),
        ("quantity", "1"), ("quantity", "2"),
    ]  # fmt: skip
    opened = unlock(cleo, cleo, PIN, **typed)
    assert opened.context["form"]["code"].value() == "ten-off"
    assert opened.context["form"]["total"].value() == "50"


def test_a_script_gets_the_lock_alone_and_the_page_stays(people: People, cleo: Person) -> None:
    on_screen(cleo)
    cleo.post("/desk/lock/")
    part = cleo.client.post("/desk/check/", {"code": "ten-off"}, headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Retarget"]) == (423, "#lock")
    assert b"<html" not in part.content
    form = {"person": member(cleo).pk, "pin": PIN}
    opened = cleo.client.post("/desk/unlock/", form, headers={"HX-Request": "true"})
    assert (opened.status_code, opened.content) == (200, b"")


def test_somebody_else_gets_a_fresh_page(people: People, cleo: Person, dora: Person) -> None:
    on_screen(cleo)
    cleo.post("/desk/lock/")
    form = {"person": member(dora).pk, "pin": "8305", "code": "ten-off"}
    opened = cleo.client.post("/desk/unlock/", form, headers={"HX-Request": "true"})
    assert (opened.status_code, opened["HX-Redirect"]) == (204, "/desk/")


def test_a_log_in_on_a_locked_device_opens_it(people: People, cleo: Person) -> None:
    on_screen(cleo)
    cleo.post("/desk/lock/")
    assert on_screen(cleo) == ""
    cleo.client.post("/login/", {"username": "cleo", "password": PASSWORD})
    assert on_screen(cleo) == "cleo"


def test_closing_ends_the_device(people: People, cleo: Person, dora: Person) -> None:
    on_screen(cleo)
    unlock(cleo, dora, "8305")
    assert cleo.post("/desk/close/")["Location"] == "/login/"
    assert unlock(cleo, dora, "8305")["Location"] == "/login/?next=/desk/"


# --- what ends a seat ---


def test_a_seat_ends_with_the_pin_the_membership_and_the_account(
    people: People, cleo: Person, dora: Person
) -> None:
    def sit() -> None:
        people.bob.client.force_login(people.bob.user)
        on_screen(people.bob)
        unlock(people.bob, dora, "8305")
        assert on_screen(people.bob) == "dora"

    sit()
    pins.reset(membership=member(dora), by="staff:alice", at=NOW)
    assert on_screen(people.bob) == ""
    choose(dora, "8305")
    sit()
    User.objects.filter(pk=dora.user.pk).update(is_active=False)
    assert on_screen(people.bob) == ""
    User.objects.filter(pk=dora.user.pk).update(is_active=True)
    sit()
    member(dora).delete()
    assert on_screen(people.bob) == ""


def test_a_device_is_closed_with_who_opened_it_and_after_its_hours(
    people: People, cleo: Person, dora: Person, settings: Any
) -> None:
    settings.HEXIAO_DESK_IDLE_MINUTES = 0
    on_screen(cleo)
    unlock(cleo, dora, "8305")
    assert cleo.client.get("/desk/", headers=later(11 * 60)).status_code == 200
    assert cleo.client.get("/desk/", headers=later(13 * 60)).status_code == 303
    cleo.client.force_login(cleo.user)
    on_screen(cleo)
    unlock(cleo, dora, "8305")
    cleo.user.set_password("another-horse-battery")
    cleo.user.save()
    assert cleo.get("/desk/")["Location"] == "/login/?next=/desk/"


def test_ones_own_new_pin_ends_nothing(people: People, cleo: Person, dora: Person) -> None:
    on_screen(cleo)
    unlock(cleo, dora, "8305")
    page = cleo.post("/desk/pin/", pin="730186", again="730186", password=PASSWORD)
    assert page.context["is_done"] is True
    assert on_screen(cleo) == "dora"


def test_who_is_named_for_a_coupon_may_redeem_it_by_pin_and_others_not(
    people: People, cleo: Person, dora: Person
) -> None:
    on_screen(cleo)
    unlock(cleo, dora, "8305")
    disallow(dora.user)
    shown = cleo.post("/desk/check/", code="ten-off", total="50")
    assert shown.context["card"]["state"] == "forbidden"
