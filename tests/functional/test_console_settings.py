"""The merchant's settings: its own facts from lists, and a forgotten password."""

import pytest

from coupons.models import JournalEntry, Membership, Role
from tests.people import PASSWORD, People, person
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db
NEW = "quiet-otter-47-lamp"


@pytest.fixture
def people(db: None) -> People:
    return People.meet()


def page(people: People, name: str) -> str:
    row = Membership.objects.get(user__username=name)
    return f"/coupons/membership/{row.pk}/password/"


def test_the_overview_names_what_one_may_open(people: People) -> None:
    cards = people.alice.get("/settings/").context["cards"]
    assert [card["link"] for card in cards][:2] == ["/coupons/merchant/", "/coupons/channel/"]
    assert all(card["about"] for card in cards)
    assert "/coupons/staffgroup/" in {card["link"] for card in cards}
    assert "/coupons/user/" not in {card["link"] for card in cards}
    assert people.alice.get("/").content.count(b'href="/settings/"') == 1
    assert [c["link"] for c in people.bob.get("/settings/").context["cards"]] == [
        "/coupons/journalentry/"
    ]
    clerk = person("cleo", people.acme, Role.CLERK)
    assert clerk.get("/settings/").status_code == 404


def test_a_merchant_is_set_up_from_lists(people: People) -> None:
    people.acme.languages = ["en", "tlh"]
    people.acme.save()
    path = f"/coupons/merchant/{people.acme.pk}/change/"
    form = {
        "name": "Acme", "currency": "EUR", "currencies": "EUR,JPY", "time_zone": "Asia/Shanghai",
        "warn_above_percent": "40",
    }  # fmt: skip
    assert people.alice.post(path, **form, languages=["zh-hans", "tlh"]).status_code == 302
    people.acme.refresh_from_db()
    assert (people.acme.currency, people.acme.time_zone) == ("EUR", "Asia/Shanghai")
    assert sorted(people.acme.languages) == ["tlh", "zh-hans"]
    # The main currency is none of the further ones.
    assert (people.acme.currencies, people.acme.warn_above_percent) == (["JPY"], 40)
    with nothing_changes():
        for wrong in (
            {"currency": "XYZ"}, {"currencies": "XYZ"}, {"time_zone": "Mars/Base"},
            {"languages": ["zz"]}, {"warn_above_percent": "101"}, {"warn_above_percent": ""},
        ):  # fmt: skip
            answer = people.alice.post(path, **{**form, "languages": ["en"], **wrong})
            assert list(answer.context["adminform"].form.errors) == list(wrong)


def test_an_owner_sets_a_forgotten_password(people: People) -> None:
    assert b"last log-in" in people.alice.get("/coupons/membership/").content.lower()
    answer = people.alice.post(page(people, "bob"), password=NEW)
    assert answer.status_code == 302
    people.bob.user.refresh_from_db()
    assert people.bob.user.check_password(NEW)
    # Whoever was logged in with the old one is logged out.
    assert people.bob.get("/")["Location"].startswith("/login/")
    entry = JournalEntry.objects.get()
    assert (entry.type, entry.actor, entry.data["user"]) == (
        "staff.password_set", "staff:alice", "bob",
    )  # fmt: skip
    assert NEW not in str(entry.data)


def test_nobody_gets_into_another_merchant_by_a_password(people: People) -> None:
    Membership.objects.create(merchant=people.other, user=people.bob.user, role=Role.OWNER)
    row = Membership.objects.get(user=people.bob.user, merchant=people.acme)
    path = f"/coupons/membership/{row.pk}/password/"
    with nothing_changes():
        answer = people.alice.post(path, password=NEW)
        assert b"works elsewhere too" in answer.content
        assert people.charlie.post(path, password=NEW).status_code == 404
        assert people.alice.post(page(people, "alice"), password="12345").status_code == 200
    people.bob.user.refresh_from_db()
    assert people.bob.user.check_password(PASSWORD)
