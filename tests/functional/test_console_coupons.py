"""Coupons in the console: made, published, paused, ended, and their codes."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from coupons import changing, jobs, lifecycle
from coupons.models import Code, Coupon, CouponVersion, Job, JournalEntry, State
from tests.people import People
from tests.shop import NOW

pytestmark = pytest.mark.django_db

ADD = "/coupons/coupon/add/"


@pytest.fixture
def people(db: None) -> People:
    return People.meet()


def form(**changes: Any) -> dict[str, Any]:
    """Fill the form in as a person would: 10 USD and 9 EUR off, one shared code."""
    return {
        "name": "Spring sale",
        "slug": "",
        "kind": "amount_off",
        "value_currency": ["USD", "EUR"],
        "value_amount": ["10.00", "9.00"],
        "min_spend_currency": ["USD"],
        "min_spend_amount": [""],
        "scope": "all",
        "codes": "shared",
        "code": "spring",
        **changes,
    }


def page(coupon: Coupon, step: str = "") -> str:
    return (
        f"/coupons/coupon/{coupon.pk}/{step}/confirm/"
        if step
        else f"/coupons/coupon/{coupon.pk}/change/"
    )


def test_operator_creates_and_publishes_a_coupon_with_a_shared_code(people: People) -> None:
    answer = people.bob.post(ADD, **form())
    coupon = Coupon.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page(coupon))
    assert (coupon.slug, coupon.state, coupon.merchant) == ("spring-sale", State.DRAFT, people.acme)
    assert lifecycle.current_definition(coupon)["value"] == {"USD": "10.00", "EUR": "9.00"}
    assert Code.objects.get().text == "SPRING"

    shown = people.bob.get(page(coupon)).content.decode()
    assert "9.00 EUR · 10.00 USD off" in shown
    assert f"{page(coupon, 'publish')}" in shown
    assert Coupon.objects.get().state == State.DRAFT

    assert people.bob.publish(coupon.pk).status_code == 302
    assert Coupon.objects.get().state == State.LIVE
    assert "Live" in people.bob.get(page(coupon)).content.decode()
    assert list(
        JournalEntry.objects.filter(coupon=coupon, type__startswith="coupon.")
        .order_by("id")
        .values_list("type", "actor")
    ) == [("coupon.created", "staff:bob"), ("coupon.published", "staff:bob")]


def test_operator_creates_a_coupon_with_a_thousand_unique_codes(people: People) -> None:
    people.bob.post(
        ADD,
        **form(codes="unique", code="", count="1000", pattern="VIP-####-####", uses_per_code="2"),
    )
    coupon = Coupon.objects.get()
    job = Job.objects.get()
    assert (job.total, job.done, job.created_by) == (1000, 0, "staff:bob")
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    assert Code.objects.filter(coupon=coupon, text__startswith="VIP", max_uses=2).count() == 1000
    shown = people.bob.get(page(coupon)).content.decode()
    assert "Done 1,000 / 1,000" in shown
    listed = people.bob.get("/coupons/code/", coupon__id__exact=coupon.pk)
    assert len(listed.context["cl"].result_list) == 50


def test_a_bad_pattern_leaves_no_draft_behind(people: People) -> None:
    answer = people.bob.post(ADD, **form(codes="unique", code="", count="1000", pattern="VIP-#"))
    assert answer.status_code == 200
    assert "Too few combinations" in answer.context["form"].errors["pattern"][0]
    assert (Coupon.objects.count(), Job.objects.count(), JournalEntry.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value_amount": ["10.001", ""]}, "value"),
        ({"value_currency": ["USDX", "EUR"]}, "value"),
        ({"kind": "percent_off", "percent": "120"}, "percent"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"code": ""}, "code"),
        ({"scope": "products", "products": " "}, "products"),
        ({"starts_on": "2026-05-02", "ends_on": "2026-04-30"}, "ends_on"),
    ],
)
def test_a_refusal_stands_at_its_field_and_nothing_is_made(
    people: People, changes: dict[str, Any], field: str
) -> None:
    answer = people.bob.post(ADD, **form(**changes))
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert Coupon.objects.count() == 0


def test_a_taken_slug_is_told(people: People) -> None:
    people.bob.post(ADD, **form())
    answer = people.bob.post(ADD, **form(code="other"))
    assert "A coupon with this slug exists already." in answer.content.decode()
    assert Coupon.objects.count() == 1


def test_the_typed_end_day_still_counts_in_the_merchants_zone(people: People) -> None:
    people.acme.time_zone = "America/New_York"
    people.acme.save()
    people.bob.post(ADD, **form(starts_on="2026-03-07", ends_on="2026-03-08"))
    coupon = Coupon.objects.get()
    zone = ZoneInfo("America/New_York")
    # The clocks change on the 8th: that day has 23 hours.
    assert coupon.starts_at == datetime(2026, 3, 7, 5, tzinfo=UTC)
    assert coupon.ends_at == datetime(2026, 3, 9, tzinfo=zone)
    assert coupon.ends_at.astimezone(UTC).hour == 4
    shown = people.bob.get(f"/coupons/coupon/{coupon.pk}/edit/").content.decode()
    assert 'name="ends_on" value="2026-03-08"' in shown


def test_pause_resume_and_end(people: People) -> None:
    people.bob.post(ADD, **form())
    coupon = Coupon.objects.get()
    states = []
    for step in ("publish", "pause", "resume", "end"):
        if step == "publish":
            people.bob.publish(coupon.pk)
        else:
            people.bob.post(page(coupon, step))
        states.append(Coupon.objects.get().state)
    assert states == [State.LIVE, State.PAUSED, State.LIVE, State.ENDED]
    answer = people.bob.client.post(page(coupon, "resume"), follow=True)
    assert Coupon.objects.get().state == State.ENDED
    assert [m.level_tag for m in answer.context["messages"]][-1] == "error"


def test_looking_at_a_step_does_nothing(people: People) -> None:
    people.bob.post(ADD, **form())
    coupon = Coupon.objects.get()
    shown = people.bob.get(page(coupon, "publish"))
    assert "Once codes are out" in shown.content.decode()
    assert Coupon.objects.get().state == State.DRAFT


def test_a_change_makes_a_version_and_keeps_what_the_form_does_not_show(people: People) -> None:
    people.bob.post(ADD, **form())
    coupon = Coupon.objects.get()
    changing.change(
        coupon=coupon,
        body={"customers": {"segments": ["loyal"]}},
        by="staff:alice",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    edit = f"/coupons/coupon/{coupon.pk}/edit/"
    sent = form(name="Spring sale 2", uses="9", seen_version="2")
    assert people.bob.client.post(edit, sent).status_code == 302
    definition = lifecycle.current_definition(Coupon.objects.get())
    assert (definition["name"], definition["limits"]["uses"]) == ("Spring sale 2", 9)
    assert definition["customers"]["segments"] == ["loyal"]
    assert CouponVersion.objects.count() == 3


def test_two_people_do_not_overwrite_each_other(people: People) -> None:
    people.bob.post(ADD, **form())
    coupon = Coupon.objects.get()
    edit = f"/coupons/coupon/{coupon.pk}/edit/"
    people.bob.client.post(edit, form(name="Bob's", seen_version="1"))
    answer = people.alice.client.post(edit, form(name="Alice's", seen_version="1"))
    assert "bob changed this coupon at" in answer.content.decode()
    assert Coupon.objects.get().name == "Bob's"
    assert Coupon.objects.get().version == 2


def test_what_is_fixed_after_publication_is_told_at_its_field(people: People) -> None:
    people.bob.post(ADD, **form())
    coupon = Coupon.objects.get()
    people.bob.publish(coupon.pk)
    answer = people.bob.client.post(
        f"/coupons/coupon/{coupon.pk}/edit/",
        form(value_amount=["99.00", "9.00"], seen_version="1"),
    )
    assert list(answer.context["form"].errors) == ["value"]
    assert Coupon.objects.get().version == 1


def test_more_codes_are_issued_from_the_page(people: People) -> None:
    people.bob.post(ADD, **form(codes="unique", code="", count="10"))
    coupon = Coupon.objects.get()
    address = f"/coupons/coupon/{coupon.pk}/codes/"
    assert people.bob.post(address, count="5", pattern="").status_code == 302
    assert list(Job.objects.order_by("created_at").values_list("total", flat=True)) == [10, 5]
