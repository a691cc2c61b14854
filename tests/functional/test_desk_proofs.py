"""One more proof for a valuable coupon: by the customer's code or a supervisor's PIN."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from campaigns.models import Customer
from coupons import pins, redeemers
from coupons.models import Coupon, JournalEntry, Membership, Merchant, Product, Role
from coupons.redeemers import Redeemers
from redemption import proving
from redemption.models import Proof, Redemption, RefusedAttempt
from tests import desk
from tests.desk import allow, form_of
from tests.people import PASSWORD, People, Person, person
from tests.shop import NOW, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(settings: Any) -> People:
    settings.HEXIAO_TEST_CLOCK = True
    settings.HEXIAO_DESK_IDLE_MINUTES = 0
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("manage", "publish", "redeem", "codes")
    shop.coupon("dear", risk_level="high")
    shop.coupon("plain")
    Customer.objects.create(
        merchant=people.acme, ref="C-1", email="chen@example.com", created_at=NOW
    )
    Customer.objects.create(merchant=people.acme, ref="C-2", created_at=NOW)
    return shop


@pytest.fixture
def cleo(people: People, shop: Shop) -> Person:
    cleo = person("cleo", people.acme, Role.CLERK)
    allow(cleo.user)
    return cleo


def supervisor(people: People) -> int:
    """Give Bob, who may change redemptions, the PIN 8305."""
    row = Membership.objects.select_related("user", "merchant").get(user=people.bob.user)
    pins.choose(membership=row, pin="8305", password=PASSWORD, device="d", at=NOW)
    return row.pk


def limit(people: People, minor: int) -> None:
    Merchant.objects.filter(pk=people.acme.pk).update(proof_above_minor=minor)


def check(who: Person, code: str = "dear", **more: Any) -> Any:
    return who.post("/desk/check/", code=code, **{"total": "50", "customer": "C-1", **more})


def press(who: Person, shown: Any, minutes: int = 0, **given: Any) -> Any:
    return desk.press(who, shown, later(minutes) if minutes else None, **given)


def later(minutes: int) -> dict[str, str]:
    return {"X-Test-Clock": (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()}


def send(who: Person, shown: Any, minutes: int = 0) -> Any:
    headers = {"HX-Request": "true", **(later(minutes) if minutes else {})}
    return who.client.post("/desk/proof/", form_of(shown), headers=headers)


def code_in_mail() -> str:
    found = re.search(r"\b\d{6}\b", mail.outbox[-1].body)
    assert found
    return found[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


# --- which coupons ask ---


def test_a_coupon_of_high_risk_asks_and_another_does_not(cleo: Person) -> None:
    shown = check(cleo)
    card = shown.context["card"]
    assert (card["state"], card["quote"].discount) == ("proof", "10.00")
    assert (card["sends_to"], card["supervisors"]) == ("c***@example.com", [])
    assert check(cleo, "plain").context["card"]["state"] == "good"


@pytest.mark.parametrize(("minor", "state"), [(999, "proof"), (1000, "good"), (0, "proof")])
def test_a_discount_above_the_merchants_amount_asks(
    people: People, cleo: Person, minor: int, state: str
) -> None:
    limit(people, minor)
    assert check(cleo, "plain").context["card"]["state"] == state


@pytest.mark.parametrize(("price", "state"), [(2_500, "proof"), (2_400, "good"), (None, "proof")])
def test_goods_count_by_their_price_and_without_one_they_ask(
    people: People, shop: Shop, cleo: Person, price: int | None, state: str
) -> None:
    shop.coupon("mug", kind="gift", gifts=[{"sku": "MUG", "quantity": 2}])
    Product.objects.filter(sku="MUG").update(price_minor=price, currency="USD")
    allow(cleo.user)
    limit(people, 4_900)
    assert check(cleo, "mug").context["card"]["state"] == state


def test_an_amount_in_another_currency_is_converted_and_without_a_rate_it_asks(
    people: People, shop: Shop, cleo: Person
) -> None:
    Merchant.objects.filter(pk=people.acme.pk).update(currencies=["EUR"], proof_above_minor=1_050)
    shop.coupon("euro", value={"EUR": "10.00"})
    allow(cleo.user)
    shown = check(cleo, "euro", currency="EUR")
    assert shown.context["card"]["state"] == "proof"
    body = {"date": "2026-03-04", "base": "USD", "rates": {"EUR": "1.0"}}
    assert shop.api.put("exchange-rates", body).status == 200
    assert check(cleo, "euro", currency="EUR").context["card"]["state"] == "good"


def test_a_program_redeems_as_before(shop: Shop) -> None:
    assert shop.api.post("redemptions", order("dear")).status == 201


def test_what_is_refused_for_another_reason_asks_for_no_proof(people: People, shop: Shop) -> None:
    shop.coupon("far", risk_level="high", min_spend={"USD": "500.00"})
    cleo = person("cleo", people.acme, Role.CLERK)
    allow(cleo.user)
    card = check(cleo, "far").context["card"]
    assert (card["state"], len(card["reasons"])) == ("bad", 1)


# --- by the customer ---


def test_the_customers_code_redeems_once_and_the_journal_tells_of_it(cleo: Person) -> None:
    shown = check(cleo)
    part = send(cleo, shown)
    assert (part.status_code, part.context["sent_to"]) == (200, "c***@example.com")
    assert mail.outbox[0].to == ["chen@example.com"]
    assert "Dear" in mail.outbox[0].body
    code = code_in_mail()
    assert code not in str(Proof.objects.values_list().get())
    done = press(cleo, shown, proof_code=f" {code[:3]} {code[3:]} ")
    assert done.status_code == 303
    row = Redemption.objects.get()
    proof = Proof.objects.get()
    assert (proof.redemption_ref, proof.used_at) == (row.pk, row.created_at)
    entry = JournalEntry.objects.get(type="redemption.proven")
    assert (entry.actor, entry.redemption_ref, entry.customer_ref, entry.data) == (
        "staff:cleo", row.pk, "C-1", {"proof": "message", "approved_by": "customer"},
    )  # fmt: skip
    # Another press needs another code.
    again = check(cleo)
    with nothing_changes():
        assert press(cleo, again, proof_code=code).context["proof_problem"] == (
            "The customer's code is not right, or is over"
        )


def test_the_same_press_again_is_the_same_redemption(cleo: Person) -> None:
    shown = check(cleo)
    send(cleo, shown)
    code = code_in_mail()
    first = press(cleo, shown, proof_code=code)
    with nothing_changes():
        assert press(cleo, shown, proof_code=code)["Location"] == first["Location"]


def test_without_a_proof_nothing_is_redeemed_and_why_is_told(cleo: Person) -> None:
    shown = check(cleo)
    with nothing_changes():
        page = press(cleo, shown)
    assert page.context["card"]["state"] == "proof"
    assert RefusedAttempt.objects.get().told == [["DEAR", ["verification_required"]]]


def test_a_wrong_code_has_five_tries(cleo: Person) -> None:
    shown = check(cleo)
    send(cleo, shown)
    code = code_in_mail()
    for _ in range(5):
        page = press(cleo, shown, proof_code=wrong(code))
        assert page.context["card"]["state"] == "proof"
        shown = page
    with nothing_changes():
        press(cleo, shown, proof_code=code)
    assert (Redemption.objects.count(), Proof.objects.get().tries) == (0, 5)


@pytest.mark.parametrize("typed", ["", "abc", "1", "0" * 200, "１２３４５６", "' OR 1=1 --"])
def test_nonsense_is_a_wrong_code(cleo: Person, typed: str) -> None:
    shown = check(cleo)
    send(cleo, shown)
    with nothing_changes(but=("redemption_proof",)):
        assert press(cleo, shown, proof_code=typed).context["card"]["state"] == "proof"


def test_a_code_is_good_for_ten_minutes(cleo: Person) -> None:
    shown = check(cleo)
    send(cleo, shown)
    with nothing_changes():
        press(cleo, shown, minutes=11, proof_code=code_in_mail())
    assert Redemption.objects.count() == 0


def test_a_new_code_takes_the_place_of_the_last_after_a_minute(cleo: Person) -> None:
    shown = check(cleo)
    send(cleo, shown)
    old = code_in_mail()
    with nothing_changes():
        part = send(cleo, shown)
    assert part.context["proof_problem"] == "A code was sent a moment ago; wait a minute"
    assert len(mail.outbox) == 1
    assert send(cleo, shown, minutes=2).context["sent_to"]
    assert (Proof.objects.count(), len(mail.outbox)) == (1, 2)
    assert press(cleo, shown, proof_code=old).context["proof_problem"]
    new = code_in_mail()
    assert press(cleo, shown, proof_code=new).status_code == 303


def test_ten_codes_in_a_day_are_enough(cleo: Person) -> None:
    shown = check(cleo)
    sent = [bool(send(cleo, shown, minutes=2 * n + 1).context["sent_to"]) for n in range(12)]
    assert sent == [True] * 10 + [False] * 2
    assert send(cleo, shown, minutes=25 * 60).context["sent_to"]


def test_a_code_is_for_its_coupon_its_customer_and_its_clerk(
    people: People, shop: Shop, cleo: Person
) -> None:
    shop.coupon("other", risk_level="high")
    allow(cleo.user)
    dora = person("dora", people.acme, Role.CLERK)
    allow(dora.user)
    Customer.objects.create(merchant=people.acme, ref="C-3", email="x@y.example", created_at=NOW)
    send(cleo, check(cleo))
    code = code_in_mail()
    for who, shown in (
        (cleo, check(cleo, "other")),
        (cleo, check(cleo, customer="C-3")),
        (cleo, check(cleo, customer="")),
        (dora, check(dora)),
    ):
        with nothing_changes(but=("redemption_proof",)):
            press(who, shown, proof_code=code)
    assert Redemption.objects.count() == 0
    assert press(cleo, check(cleo), proof_code=code).status_code == 303


@pytest.mark.parametrize("customer", ["C-2", ""])
def test_nobody_is_written_to_without_an_address(cleo: Person, customer: str) -> None:
    shown = check(cleo, customer=customer)
    assert shown.context["card"]["sends_to"] == ""
    with nothing_changes():
        part = send(cleo, shown)
    assert part.context["proof_problem"] == "There is no address to send this customer a code"
    assert mail.outbox == []


def test_a_mail_server_that_is_away_is_told_and_another_code_may_be_asked_for(
    cleo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise ConnectionRefusedError

    shown = check(cleo)
    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", away)
        part = send(cleo, shown)
    assert part.context["proof_problem"] == "The message could not be sent"
    assert send(cleo, shown).context["sent_to"] == "c***@example.com"


def test_the_message_is_in_the_customers_language(cleo: Person) -> None:
    Customer.objects.filter(ref="C-1").update(language="zh-CN")
    send(cleo, check(cleo))
    assert "验证码" in mail.outbox[0].subject


def test_no_code_is_sent_for_a_coupon_that_is_not_ones_own(people: People, cleo: Person) -> None:
    shown = check(cleo)
    redeemers.disallow(
        merchant=people.acme,
        coupons=Coupon.objects.of(people.acme),
        who=Redeemers(people=[cleo.user]),
        by="system",
        at=NOW,
    )
    with nothing_changes():
        part = send(cleo, shown)
        press(cleo, shown, proof_code="123456")
    assert part.context["proof_problem"] == "You may not redeem this coupon."
    assert mail.outbox == []


# --- by a supervisor ---


def test_a_supervisors_pin_redeems_and_the_journal_names_them(people: People, cleo: Person) -> None:
    bob = supervisor(people)
    shown = check(cleo, customer="")
    assert shown.context["card"]["supervisors"] == [(bob, "bob")]
    assert press(cleo, shown, supervisor=bob, supervisor_pin="8305").status_code == 303
    assert Redemption.objects.get().actor == "staff:cleo"
    entry = JournalEntry.objects.get(type="redemption.proven")
    assert entry.data == {"proof": "supervisor", "approved_by": "staff:bob"}


def test_a_wrong_pin_or_one_of_who_supervises_nothing_redeems_nothing(
    people: People, cleo: Person
) -> None:
    bob = supervisor(people)
    own = Membership.objects.select_related("user", "merchant").get(user=cleo.user)
    pins.choose(membership=own, pin="4071", password=PASSWORD, device="d", at=NOW)
    shown = check(cleo)
    with nothing_changes(but=("coupons_pintries",)):
        page = press(cleo, shown, supervisor=bob, supervisor_pin="9999")
        assert page.context["proof_problem"] == "The PIN is not right"
        page = press(cleo, shown, supervisor=own.pk, supervisor_pin="4071")
        assert page.context["problems"] == ["There is no such staff member."]
        page = press(cleo, shown, supervisor="x", supervisor_pin="8305")
        assert page.context["card"]["state"] == "proof"


def test_a_supervisor_does_not_approve_what_they_redeem_themselves(
    people: People, shop: Shop
) -> None:
    own = supervisor(people)
    allow(people.bob.user)
    shown = check(people.bob)
    assert (shown.context["card"]["supervisors"], shown.context["card"]["supervises"]) == ([], True)
    assert b"Nobody approves what they redeem themselves" in shown.content
    with nothing_changes(but=("coupons_pintries",)):
        page = press(people.bob, shown, supervisor=own, supervisor_pin="8305")
    assert page.context["proof_problem"] == (
        "You cannot approve what you redeem yourself: ask another supervisor, or send the "
        "customer a code."
    )
    assert page.context["card"]["state"] == "proof"
    assert (Redemption.objects.count(), Proof.objects.count()) == (0, 0)


def test_a_supervisor_at_the_desk_asks_another_one(people: People, shop: Shop) -> None:
    supervisor(people)
    allow(people.bob.user)
    row = Membership.objects.select_related("user", "merchant").get(user=people.alice.user)
    pins.choose(membership=row, pin="9163", password=PASSWORD, device="d", at=NOW)
    shown = check(people.bob)
    assert shown.context["card"]["supervisors"] == [(row.pk, "alice")]
    assert b"You are one, but nobody approves what they redeem themselves" in shown.content
    assert press(people.bob, shown, supervisor=row.pk, supervisor_pin="9163").status_code == 303
    entry = JournalEntry.objects.get(type="redemption.proven")
    assert (entry.actor, entry.data["approved_by"]) == ("staff:bob", "staff:alice")


def test_a_supervisor_at_the_desk_sends_the_customer_a_code(people: People, shop: Shop) -> None:
    supervisor(people)
    allow(people.bob.user)
    shown = check(people.bob)
    send(people.bob, shown)
    assert press(people.bob, shown, proof_code=code_in_mail()).status_code == 303


def test_a_supervisors_pin_is_locked_after_five_wrong_ones(people: People, cleo: Person) -> None:
    bob = supervisor(people)
    shown = check(cleo)
    for _ in range(5):
        press(cleo, shown, supervisor=bob, supervisor_pin="9999")
    page = press(cleo, shown, supervisor=bob, supervisor_pin="8305")
    assert page.context["proof_problem"] == "Too many wrong PINs; type the password"
    assert Redemption.objects.count() == 0


def test_a_proof_is_forgotten_a_day_after_its_end_unless_it_was_used(cleo: Person) -> None:
    shown = check(cleo)
    send(cleo, shown)
    press(cleo, shown, proof_code=code_in_mail())
    send(cleo, shown)
    assert Proof.objects.count() == 2
    assert proving.forget(at=datetime.now(UTC) + timedelta(hours=23), chunks=9) == 0
    assert proving.forget(at=datetime.now(UTC) + timedelta(hours=25), chunks=9) == 1
    assert Proof.objects.get().used_at is not None


# --- the merchant's amount ---


def test_the_owner_sets_the_amount(people: People) -> None:
    path = f"/coupons/merchant/{people.acme.pk}/change/"
    page = people.alice.get(path)
    form = {
        name: value
        for name, value in page.context["adminform"].form.initial.items()
        if value not in (None, False) and name in page.context["adminform"].form.fields
    }
    form["currencies"] = ""

    def saved(typed: str) -> int | None:
        people.alice.client.post(path, {**form, "proof_above": typed})
        return Merchant.objects.get(pk=people.acme.pk).proof_above_minor

    assert saved("100.50") == 10_050
    assert b"100.50" in people.alice.get(path).content
    for bad in ("-1", "1.234", "x", "1" * 24):
        assert saved(bad) == 10_050
    assert saved("") is None
