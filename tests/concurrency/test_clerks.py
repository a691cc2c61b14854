"""PINs and proofs with many at once: first without the guard, to see the race, then with it."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from campaigns.models import Customer
from coupons import pin_tries, pins, valkey
from coupons.errors import HexiaoError
from coupons.models import Membership, PinTries, Role
from redemption import desk_proofs, ledger, proving
from redemption.desk import Clerk, Purchase
from redemption.desk_proofs import Given
from redemption.models import Proof, Redemption
from tests.concurrency.meeting import Meeting
from tests.desk import allow
from tests.people import PASSWORD, People, Person, person
from tests.shop import NOW, Shop

pytestmark = pytest.mark.django_db(transaction=True)

LATER = NOW + timedelta(days=400)


@pytest.fixture
def people() -> People:
    return People.meet()


@pytest.fixture
def cleo(people: People) -> Person:
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("manage", "publish")
    shop.coupon("dear", risk_level="high")
    cleo = person("cleo", people.acme, Role.CLERK)
    allow(cleo.user)
    return cleo


def told(call: Callable[[], Any]) -> Callable[[], str]:
    """Return a call that answers the code of its error; empty where it has none."""

    def make() -> str:
        try:
            call()
        except HexiaoError as error:
            return error.code
        return ""

    return make


# --- Ten PINs at once, where there are five tries ---------------------------------------


def guesses(cleo: Person, patch: pytest.MonkeyPatch) -> list[str]:
    """Type ten wrong PINs, each before any of the others is known to be wrong."""
    row = Membership.objects.select_related("user", "merchant").get(user=cleo.user)
    pins.choose(membership=row, pin="4071", password=PASSWORD, device="d", at=NOW)
    patch.setattr(valkey, "asked", lambda _: None)

    def guess() -> None:
        pins.prove(membership=row, pin="9999", device="d", at=NOW)

    return Meeting(patch).before(pins, "check_password").of(*[told(guess)] * 10)


def test_without_its_guard_ten_wrong_pins_at_once_are_all_looked_at(
    cleo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_take = pin_tries._TAKE.replace("t.tries < %(most)s OR", "true OR")
    monkeypatch.setattr(pin_tries, "_TAKE", open_take)
    assert guesses(cleo, monkeypatch) == ["wrong_pin"] * 10


def test_of_ten_wrong_pins_at_once_five_are_looked_at(
    cleo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sorted(guesses(cleo, monkeypatch)) == ["pin_locked"] * 5 + ["wrong_pin"] * 5
    assert PinTries.objects.get(place="d").tries == 5


# --- One proof, two presses -------------------------------------------------------------


def presses(people: People, cleo: Person, patch: pytest.MonkeyPatch) -> list[str]:
    """Press twice with the same code, on two tills, each before the other has written."""
    Customer.objects.create(merchant=people.acme, ref="C-1", email="c@d.example", created_at=NOW)
    clerk = Clerk(user=cleo.user, merchant=people.acme, device="d")
    purchase = Purchase(code="dear", total="50", customer="C-1")
    desk_proofs.send(clerk=clerk, purchase=purchase, at=LATER)
    code = mail.outbox[-1].subject.split()[0]

    def press() -> None:
        desk_proofs.redeem(
            clerk=clerk, purchase=purchase, press=uuid.uuid4(), given=Given(code=code), at=LATER
        )

    return Meeting(patch).before(ledger, "write").of(told(press), told(press))


def test_without_its_guard_one_proof_redeems_twice(
    people: People, cleo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_use = proving.USE.replace("used_at IS NULL AND", "")
    monkeypatch.setattr(proving, "USE", open_use)
    assert presses(people, cleo, monkeypatch) == ["", ""]
    assert Redemption.objects.count() == 2


def test_one_proof_redeems_once(
    people: People, cleo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sorted(presses(people, cleo, monkeypatch)) == ["", "coupon_rejected"]
    assert Redemption.objects.count() == 1
    assert Proof.objects.get().redemption_ref == Redemption.objects.get().pk
