"""A coupon's page tells its life; each version can be read; it is replaced from there."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils.html import strip_tags

from coupons import changing, lifecycle, replacing
from coupons.admin.changes_in_words import Change, changes
from coupons.models import Coupon, JournalEntry, Replacement
from tests.definitions import MINIMAL
from tests.people import People
from tests.shop import NOW
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(db: None) -> People:
    return People.meet()


def coupon(people: People, **body: Any) -> Coupon:
    return changing.create(
        merchant=people.acme, body={**MINIMAL, "code": "S1", **body}, by="staff:bob", at=NOW
    )


def change(row: Coupon, **body: Any) -> None:
    changing.change(coupon=row, body=body, by="staff:alice", at=NOW + timedelta(minutes=5))


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", strip_tags(answer.content.decode()))


def page(row: Coupon, rest: str = "change/") -> str:
    return f"/coupons/coupon/{row.pk}/{rest}"


def test_a_change_is_told_from_what_to_what(people: People) -> None:
    row = coupon(people, countries=["US", "CA"])
    change(row, min_spend={"USD": "1250"}, limits={"uses": 5000}, countries=["US", "GB"])
    shown = text(people.bob.get(page(row)))
    assert "Minimum spend None → to 1,250.00 USD" in shown
    assert "Uses in all nothing → to 5,000" in shown
    assert "Countries Added GB Removed CA" in shown
    assert "alice" in shown


def test_every_field_of_a_change_is_said() -> None:
    from coupons import definition
    from tests.definitions import WHOLE

    before, after = definition.parse(MINIMAL), definition.parse(WHOLE)
    said = changes(before, after)
    assert Change(label="Kind", old="Amount off", new="Percent off") in said
    assert Change(label="Categories", added="shoes") in said
    (ways,) = [one for one in said if one.label == "Ways to redeem it"]
    assert (ways.added, len(ways.removed.split(", "))) == ("", 2)
    assert changes(after, after) == []


def test_the_life_tells_reasons_and_the_clock(people: People, settings: Any) -> None:
    row = coupon(people, ends_at="2026-03-10T00:00:00Z", starts_at="2026-03-05T00:00:00Z")
    lifecycle.publish(coupon=row, by="staff:alice", at=NOW)
    JournalEntry.objects.create(
        merchant=people.acme,
        at=NOW + timedelta(minutes=1),
        type="coupon.paused",
        actor="staff:bob",
        coupon=row,
        data={"reason": "The price tag was wrong."},
    )
    shown = text(people.bob.get(page(row)))
    assert "The price tag was wrong." in shown
    life = shown[shown.index("History") :]
    told = ["Coupon ran out", "Coupon started", "Coupon paused", "Coupon published"]
    places = [life.index(word) for word in told]
    assert places == sorted(places)
    assert "2026-03-05 00:00 · The clock" in life


def test_a_long_life_is_read_page_by_page(people: People) -> None:
    row = coupon(people)
    for number in range(40):
        change(row, name=f"Name {number}")
    seen: list[str] = []
    address, query = page(row), ""
    for _ in range(3):
        answer = people.bob.client.get(address + query)
        seen += [moment["what"] for moment in answer.context["moments"]]
        query = f"?before={answer.context['life_before']}"
    assert answer.context["life_before"] is None
    assert (len(seen), set(seen[-2:])) == (42, {"Coupon created", "New codes issued"})
    assert people.bob.client.get(address + "?before=nonsense").status_code == 200


def test_every_version_can_be_read(people: People) -> None:
    row = coupon(people)
    change(row, value={"USD": "7"})
    change(row, description="Only this week")
    first = text(people.bob.get(page(row, "versions/1/")))
    assert "This is how it was created." in first
    assert "5.00 USD off" in first
    second = text(people.bob.get(page(row, "versions/2/")))
    assert "Gives 5.00 USD off → to 7.00 USD off" in second
    assert "holds no more" in second
    assert "Version 1" in second
    assert "Version 3" in second
    third = text(people.bob.get(page(row, "versions/3/")))
    assert "holds now" in third
    assert "Description nothing → to Only this week" in third
    assert people.bob.get(page(row, "versions/4/")).status_code == 404
    assert people.charlie.get(page(row, "versions/1/")).status_code == 404


def test_a_coupon_is_replaced_from_its_page(people: People) -> None:
    row = coupon(people)
    lifecycle.publish(coupon=row, by="staff:alice", at=NOW)
    assert page(row, "replace/") in people.bob.get(page(row)).content.decode()
    with nothing_changes():
        shown = people.bob.get(page(row, "replace/"))
    assert "Nothing happens to “S” until you publish the new one." in text(shown)
    assert 'value="s-2"' in shown.content.decode()
    answer = people.bob.post(page(row, "replace/"), slug="s-next", moves_codes="on")
    made = Replacement.objects.get()
    assert (made.old, made.new.slug) == (row, "s-next")
    assert (made.moves_codes, made.moves_shared_code, made.created_by) == (True, False, "staff:bob")
    assert answer["Location"] == page(made.new, "edit/")
    assert "To be replaced, once it is published, by S s-next" in text(people.bob.get(page(row)))
    assert "Takes the place of S s-1" in text(people.bob.get(page(made.new)))
    assert people.bob.get(page(row, "replace/")).status_code == 404


def test_a_slug_that_is_taken_is_told_and_nothing_is_made(people: People) -> None:
    row = coupon(people)
    lifecycle.publish(coupon=row, by="staff:alice", at=NOW)
    with nothing_changes():
        answer = people.bob.post(page(row, "replace/"), slug="s-1")
    assert "A coupon with this slug exists already." in text(answer)


def test_only_the_own_team_may_replace_and_only_what_is_out(people: People) -> None:
    row = coupon(people)
    assert people.bob.get(page(row, "replace/")).status_code == 404
    lifecycle.publish(coupon=row, by="staff:alice", at=NOW)
    with nothing_changes():
        assert people.charlie.post(page(row, "replace/"), slug="x").status_code == 404


def test_the_page_says_how_many_codes_went_over(people: People) -> None:
    row = coupon(people)
    lifecycle.publish(coupon=row, by="staff:alice", at=NOW)
    new = replacing.replace(coupon=row, by="staff:bob", at=NOW)
    lifecycle.publish(coupon=new, by="staff:alice", at=NOW)
    shown = text(people.bob.get(page(row)))
    assert "Codes moved: 1 from s-1 to s-2" in shown
    assert "Coupon replaced: by s-2" in shown
    assert "Replaced by S s-2" in shown
    assert "Stock from s-1 to s-2" in shown


def test_a_change_that_is_refused_offers_a_new_coupon(people: People) -> None:
    row = coupon(people)
    lifecycle.publish(coupon=row, by="staff:alice", at=NOW)
    sent = {
        "name": "S",
        "kind": "amount_off",
        "value_currency": ["USD"],
        "value_amount": ["9.00"],
        "scope": "all",
        "codes": "shared",
        "code": "S1",
        "seen_version": "1",
    }
    with nothing_changes():
        answer = people.bob.client.post(page(row, "edit/"), sent)
    assert list(answer.context["form"].errors) == ["value"]
    assert page(row, "replace/") in answer.content.decode()
