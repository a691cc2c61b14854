"""Four eyes in the console: submitted, commented on, approved or refused, then published."""

from datetime import timedelta
from typing import Any

import pytest

from coupons import changing, lifecycle, reviewing
from coupons.errors import NotAllowed
from coupons.models import Coupon, CouponVersion, JournalEntry, Review, Role, State
from tests.definitions import MINIMAL, journal
from tests.people import People, Person, person
from tests.shop import NOW
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

QUEUE = "/coupons/couponinreview/"


@pytest.fixture
def people() -> People:
    people = People.meet()
    people.acme.reviews_required = True
    people.acme.save()
    return people


@pytest.fixture
def rita(people: People) -> Person:
    return person("rita", people.acme, Role.REVIEWER)


def written(people: People, *, by: str = "staff:bob", **definition: Any) -> Coupon:
    return changing.create(merchant=people.acme, body=MINIMAL | definition, by=by, at=NOW)


def submitted(people: People, *, by: str = "staff:bob", **definition: Any) -> Coupon:
    coupon = written(people, by=by, **definition)
    return lifecycle.submit(coupon=coupon, by=by, at=NOW)


def page(coupon: Coupon, step: str | None = None) -> str:
    tail = "change/" if step is None else f"{step}/confirm/"
    return f"/coupons/coupon/{coupon.pk}/{tail}"


def press(someone: Person, coupon: Coupon, step: str, **form: Any) -> list[tuple[str, str]]:
    """Press a button and confirm it, warnings ticked; return the messages that came."""
    sent = {"seen_version": str(coupon.version), **form}
    if step == "publish":
        sent["accepted"] = someone.ticks(coupon.pk)
    answer = someone.client.post(page(coupon, step), sent, follow=True)
    assert answer.status_code == 200
    return [(m.level_tag, str(m)) for m in answer.context["messages"]]


def state() -> str:
    return Coupon.objects.get().state


def said() -> list[tuple[str, str, str, int]]:
    rows = Review.objects.order_by("id")
    return list(rows.values_list("verdict", "author", "text", "version"))


def test_a_coupon_goes_from_its_author_over_a_reviewer_into_the_shop(
    people: People, rita: Person
) -> None:
    coupon = written(people)
    shown = people.bob.get(page(coupon)).content.decode()
    assert "Submit for review" in shown
    assert page(coupon, "publish") not in shown
    press(people.bob, coupon, "submit", reason="Please by Friday.")
    assert state() == State.IN_REVIEW
    listed = rita.get(QUEUE).content.decode()
    for text in ("bob", "Please by Friday."):
        assert text in listed
    shown = rita.get(page(coupon)).content.decode()
    assert page(coupon, "approve") in shown
    assert page(coupon, "refuse") in shown
    assert press(rita, coupon, "approve", reason="Fine.") == [
        ("success", "“S” is approved. It can be published now.")
    ]
    assert state() == State.APPROVED
    press(people.bob, coupon, "publish")
    assert state() == State.LIVE
    assert said() == [
        ("submitted", "staff:bob", "Please by Friday.", 1),
        ("approved", "staff:rita", "Fine.", 1),
    ]
    *before, (happened, data) = journal()
    assert before == [
        ("coupon.created", {}),
        ("coupon.submitted", {"reason": "Please by Friday."}),
        ("coupon.approved", {"reason": "Fine."}),
    ]
    assert (happened, list(data)) == ("coupon.published", ["accepted"])
    assert [each["code"] for each in data["accepted"]] == ["no_end", "no_codes"]
    shown = people.bob.get(page(coupon)).content.decode()
    assert "<blockquote>Fine.</blockquote>" in shown


def test_a_refusal_says_why_and_makes_a_draft_of_it(people: People, rita: Person) -> None:
    coupon = submitted(people)
    with nothing_changes():
        answer = rita.post(page(coupon, "refuse"), reason=" ", seen_version="1")
    assert list(answer.context["form"].errors) == ["reason"]
    press(rita, coupon, "refuse", reason="Too much.")
    assert state() == State.DRAFT
    assert said()[-1] == ("refused", "staff:rita", "Too much.", 1)
    assert journal()[-1] == ("coupon.refused", {"reason": "Too much."})
    assert "Too much." in people.bob.get(page(coupon)).content.decode()


def _alone(people: People) -> Coupon:
    return submitted(people, by="staff:alice")


def _handed_in(people: People) -> Coupon:
    return lifecycle.submit(coupon=written(people), by="staff:alice", at=NOW)


def _changed(people: People) -> Coupon:
    coupon = changing.change(
        coupon=written(people), body={"name": "Better"}, by="staff:alice", at=NOW
    )
    return lifecycle.submit(coupon=coupon, by="staff:bob", at=NOW)


@pytest.mark.parametrize("had_a_hand", [_alone, _handed_in, _changed])
def test_nobody_approves_what_they_had_a_hand_in(people: People, had_a_hand: Any) -> None:
    coupon = had_a_hand(people)
    with nothing_changes():
        told = press(people.alice, coupon, "approve")
    assert told == [("error", "Another person has to approve this coupon.")]
    assert state() == State.IN_REVIEW


def test_what_another_person_has_approved_is_nobodys_any_more(people: People) -> None:
    coupon = submitted(people, by="staff:alice")
    lifecycle.approve(coupon=coupon, by="staff:rita", at=NOW)
    coupon = changing.change(coupon=coupon, body={"name": "New"}, by="staff:bob", at=NOW)
    lifecycle.submit(coupon=coupon, by="staff:bob", at=NOW)
    with pytest.raises(NotAllowed):
        lifecycle.approve(coupon=coupon, by="staff:bob", at=NOW)
    # Alice's version was looked at by Rita; this one is Bob's.
    assert lifecycle.approve(coupon=coupon, by="staff:alice", at=NOW).state == State.APPROVED


def test_the_version_that_was_looked_at_is_the_one_that_is_approved(
    people: People, rita: Person
) -> None:
    seen = submitted(people)
    changed = changing.change(coupon=seen, body={"name": "Dear"}, by="staff:bob", at=NOW)
    lifecycle.submit(coupon=changed, by="staff:bob", at=NOW)
    text = "Somebody else changed this coupon meanwhile; look at it again."
    for step in ("approve", "refuse"):
        with nothing_changes():
            told = press(rita, seen, step, reason="So.")
        assert told == [("error", text)]


def test_a_change_in_the_form_says_that_it_needs_another_look(people: People, rita: Person) -> None:
    coupon = submitted(people, code="s1")
    lifecycle.approve(coupon=coupon, by="staff:rita", at=NOW)
    edit = f"/coupons/coupon/{coupon.pk}/edit/"
    shown = people.bob.get(edit)
    assert "Saving a change makes it a draft again." in shown.content.decode()
    changing.change(coupon=coupon, body={"name": "Other"}, by="staff:bob", at=NOW)
    assert state() == State.DRAFT
    with nothing_changes():
        told = press(people.bob, coupon, "publish")
    assert [level for level, _ in told] == ["error"]
    assert "A person has to approve this coupon first." in told[0][1]


@pytest.mark.parametrize(
    ("steps", "stale", "told"),
    [
        (["publish"], "publish", "A coupon that is live cannot be published."),
        (["publish", "end"], "pause", "A coupon that is ended cannot be paused."),
        (["submit"], "test", "A coupon that is in review cannot be tested."),
        ([], "approve", "A coupon that is a draft cannot be approved."),
    ],
)
def test_a_stale_button_says_what_is_the_matter(
    people: People, steps: list[str], stale: str, told: str
) -> None:
    people.acme.reviews_required = False
    people.acme.save()
    coupon = written(people)
    for step in steps:
        press(people.bob, coupon, step)
    with nothing_changes():
        assert press(people.alice, coupon, stale) == [("error", told)]


def test_a_stale_button_speaks_chinese_too(people: People) -> None:
    coupon = submitted(people)
    people.alice.user.language = "zh-hans"
    people.alice.user.save()
    with nothing_changes():
        told = press(people.alice, coupon, "test")
    assert told == [("error", "状态为“审核中”的优惠券不能开始测试。")]


def test_whoever_sees_a_coupon_may_comment_and_nobody_else(people: People) -> None:
    coupon = written(people)
    address = f"{QUEUE}{coupon.pk}/comment/"
    ann = person("ann", people.acme, Role.ANALYST)
    assert ann.post(address, text=" Is it\nmeant so? ").status_code == 302
    assert said() == [("comment", "staff:ann", "Is it\nmeant so?", 1)]
    assert journal()[-1] == ("coupon.commented", {"version": 1})
    assert "meant so?" in people.bob.get(page(coupon)).content.decode()
    cleo = person("cleo", people.acme, Role.CLERK)
    with nothing_changes():
        for someone in (people.charlie, cleo):
            assert someone.post(address, text="Hello").status_code == 404
        assert people.bob.get(address).status_code == 404
        for text in ("", "  ", "x" * 1_001):
            assert people.bob.post(address, text=text).status_code == 302


def test_the_longest_wait_comes_first(people: People, rita: Person) -> None:
    assert "Nothing waits for a review" in rita.get(QUEUE).content.decode()
    for days, slug in ((1, "young"), (3, "old"), (2, "middle")):
        coupon = written(people, slug=slug, name=slug)
        lifecycle.submit(coupon=coupon, by="staff:bob", at=NOW - timedelta(days=days))
    coupon = Coupon.objects.get(slug="old")
    reviewing.comment(coupon=coupon, text="I look at it.", by="staff:rita", at=NOW)
    listed = rita.get(QUEUE)
    rows = listed.context["cl"].result_list
    assert [row.slug for row in rows] == ["old", "middle", "young"]
    assert (rows[0].submitted_by, rows[0].last_comment) == ("staff:bob", "I look at it.")
    assert "Nothing waits for a review" not in listed.content.decode()
    assert rita.get(f"{QUEUE}{coupon.pk}/change/")["Location"] == page(coupon)


def test_where_reviews_are_not_wanted_a_person_publishes_at_once(people: People) -> None:
    people.acme.reviews_required = False
    people.acme.save()
    coupon = written(people)
    shown = people.bob.get(page(coupon)).content.decode()
    assert page(coupon, "publish") in shown
    press(people.bob, coupon, "publish")
    assert (state(), CouponVersion.objects.count(), Review.objects.count()) == ("live", 1, 0)
    assert JournalEntry.objects.filter(type="coupon.published").count() == 1
