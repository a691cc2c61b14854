"""The life of a coupon over the API: tested, submitted, published, paused, resumed, ended."""

from typing import Any

import pytest

from coupons import lifecycle
from coupons.models import Coupon, Merchant
from tests.definitions import MINIMAL, fields, journal
from tests.shop import NOW, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open(time_zone="Europe/Berlin")


# --- Life --------------------------------------------------------------------------

TOLD = {
    "test": "tested",
    "withdraw": "withdrawn",
    "submit": "submitted",
    "publish": "published",
    "pause": "paused",
    "resume": "resumed",
    "end": "ended",
}
WAYS = {
    "draft": [],
    "testing": ["test"],
    "in_review": ["submit"],
    "live": ["publish"],
    "paused": ["publish", "pause"],
    "ended": ["publish", "end"],
}
LEADS = {
    ("testing", "withdraw"): "draft",
    ("in_review", "withdraw"): "draft",
    ("draft", "test"): "testing",
    ("draft", "submit"): "in_review",
    ("draft", "publish"): "live",
    ("testing", "submit"): "in_review",
    ("testing", "publish"): "live",
    ("in_review", "publish"): "live",
    ("live", "pause"): "paused",
    ("live", "end"): "ended",
    ("paused", "resume"): "live",
    ("paused", "end"): "ended",
}


@pytest.mark.parametrize("state", WAYS)
@pytest.mark.parametrize("step", TOLD)
def test_each_step_from_each_state_goes_on_or_is_the_wrong_state(
    shop: Shop, state: str, step: str
) -> None:
    shop.api.post("coupons", MINIMAL)
    for before in WAYS[state]:
        assert shop.api.post(f"coupons/s-1/{before}").status == 200
    assert shop.api.get("coupons/s-1").body["state"] == state
    if (state, step) in LEADS:
        answer = shop.api.post(f"coupons/s-1/{step}")
        assert (answer.status, answer.body["state"]) == (200, LEADS[state, step])
        assert journal()[-1] == (f"coupon.{TOLD[step]}", {})
    else:
        with nothing_changes():
            answer = shop.api.post(f"coupons/s-1/{step}")
        assert (answer.status, answer.code) == (409, "wrong_state")


def test_the_state_is_read_with_the_clock(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    times = {"starts_at": "2026-06-01T00:00:00Z", "ends_at": "2026-07-01T00:00:00Z"}
    shop.api.post("coupons", MINIMAL | times)
    shop.api.post("coupons/s-1/publish", X_Test_Clock="2026-05-01T00:00:00Z")

    def state(at: str) -> str:
        return str(shop.api.get("coupons/s-1", X_Test_Clock=at).body["state"])

    assert state("2026-05-31T23:59:59Z") == "scheduled"
    assert state("2026-06-01T00:00:00Z") == "live"
    assert state("2026-06-30T23:59:59Z") == "live"
    assert state("2026-07-01T00:00:00Z") == "expired"


def test_start_and_end_come_by_the_clock_alone(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    times = {"starts_at": "2026-06-01T00:00:00Z", "ends_at": "2026-07-01T00:00:00Z"}
    shop.api.post("coupons", MINIMAL | times | {"code": "s1"})
    shop.api.post("coupons/s-1/publish", X_Test_Clock="2026-05-01T00:00:00Z")

    def told(at: str) -> list[str]:
        with nothing_changes():
            quote = shop.api.post("validations", cart("s1"), X_Test_Clock=at).body
        return [each["reason"] for each in quote["rejected"]]

    assert told("2026-05-31T23:59:59.999999Z") == ["not_started"]
    assert told("2026-06-01T00:00:00Z") == []
    assert told("2026-06-30T23:59:59.999999Z") == []
    assert told("2026-07-01T00:00:00Z") == ["expired"]


@pytest.mark.parametrize("step", ["pause", "end"])
def test_a_step_is_judged_by_the_clock_too(shop: Shop, settings: Any, step: str) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    times = {"starts_at": "2026-06-01T00:00:00Z", "ends_at": "2026-07-01T00:00:00Z"}
    shop.api.post("coupons", MINIMAL | times)
    shop.api.post("coupons/s-1/publish", X_Test_Clock="2026-05-01T00:00:00Z")
    with nothing_changes():
        late = shop.api.post(f"coupons/s-1/{step}", X_Test_Clock="2026-07-01T00:00:00Z")
    assert (late.status, late.code) == (409, "wrong_state")
    assert late.body["detail"] == f"A coupon that is expired cannot be {TOLD[step]}."
    early = shop.api.post(f"coupons/s-1/{step}", X_Test_Clock="2026-05-02T00:00:00Z")
    assert early.body["state"] == TOLD[step]


def test_a_paused_coupon_that_goes_on_after_its_end_has_expired(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    shop.api.post("coupons", MINIMAL | {"ends_at": "2026-07-01T00:00:00Z"})
    for step in ("publish", "pause"):
        shop.api.post(f"coupons/s-1/{step}", X_Test_Clock="2026-05-01T00:00:00Z")
    gone_on = shop.api.post("coupons/s-1/resume", X_Test_Clock="2026-07-01T00:00:00Z")
    assert (gone_on.status, gone_on.body["state"]) == (200, "expired")


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ([], "submit"),
        (["submit"], "withdraw"),
        (["publish"], "pause"),
        (["publish", "pause"], "resume"),
        (["publish"], "end"),
    ],
)
def test_a_reason_is_kept_with_the_step(shop: Shop, before: list[str], step: str) -> None:
    shop.api.post("coupons", MINIMAL)
    for each in before:
        shop.api.post(f"coupons/s-1/{each}")
    for wrong in ("x" * 1_001, "bell \x07"):
        with nothing_changes():
            refused = shop.api.post(f"coupons/s-1/{step}", {"reason": wrong})
        assert (refused.status, fields(refused)) == (422, ["reason"])
    with nothing_changes():
        refused = shop.api.post(f"coupons/s-1/{step}", {"reason": 5})
    assert (refused.status, fields(refused)) == (422, ["reason"])
    assert shop.api.post(f"coupons/s-1/{step}", {"reason": " 太贵 "}).status == 200
    assert journal()[-1] == (f"coupon.{TOLD[step]}", {"reason": "太贵"})


def test_a_step_needs_no_body_at_all(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL)
    assert shop.api.call("POST", "coupons/s-1/submit").status == 200
    assert shop.api.post("coupons/s-1/withdraw", {"reason": None}).status == 200
    assert journal()[-2:] == [("coupon.submitted", {}), ("coupon.withdrawn", {})]


def test_a_coupon_without_a_start_starts_with_its_publication(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    shop.api.post("coupons", MINIMAL | {"code": "s1"})
    shop.api.post("coupons/s-1/publish", X_Test_Clock="2026-06-01T00:00:00Z")
    early = shop.api.post("validations", cart("s1"), X_Test_Clock="2026-05-31T23:59:59Z")
    assert [r["reason"] for r in early.body["rejected"][0]["reasons"]] == ["not_started"]
    late = shop.api.post("validations", cart("s1"), X_Test_Clock="2026-06-01T00:00:00Z")
    assert late.body["valid"] is True


def test_what_would_be_over_before_it_starts_is_not_publishable(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL | {"ends_at": "2020-01-01T00:00:00Z"})
    with nothing_changes():
        answer = shop.api.post("coupons/s-1/publish")
    assert (answer.status, answer.code, fields(answer)) == (422, "not_publishable", ["ends_at"])


def test_where_reviews_are_wanted_a_program_cannot_publish(shop: Shop) -> None:
    Merchant.objects.update(reviews_required=True)
    shop.api.post("coupons", MINIMAL)
    with nothing_changes():
        answer = shop.api.post("coupons/s-1/publish")
    assert (answer.status, answer.code, fields(answer)) == (422, "not_publishable", ["review"])
    for step in ("submit", "withdraw", "test"):
        shop.api.post(f"coupons/s-1/{step}")
        assert shop.api.post("coupons/s-1/publish").code == "not_publishable"


def approved(shop: Shop) -> Coupon:
    """Have Rita approve a coupon that a program wrote and submitted."""
    shop.coupon("ten-off", publish=False)
    shop.api.post("coupons/ten-off/submit")
    coupon = Coupon.objects.get()
    return lifecycle.approve(coupon=coupon, by="staff:rita", at=NOW)


def test_a_program_publishes_what_a_person_has_approved(shop: Shop) -> None:
    Merchant.objects.update(reviews_required=True)
    approved(shop)
    assert shop.api.get("coupons/ten-off").body["state"] == "approved"
    with nothing_changes():
        told = shop.api.post("validations", cart("ten-off")).body["rejected"]
    assert [each["reason"] for each in told] == ["not_published"]
    answer = shop.api.post("coupons/ten-off/publish")
    assert (answer.status, answer.body["state"]) == (200, "live")
    assert [type for type, _ in journal()] == [
        "coupon.created",
        "coupon.submitted",
        "coupon.approved",
        "coupon.published",
    ]


@pytest.mark.parametrize("is_approved", [True, False])
def test_a_change_takes_the_approval_with_it(shop: Shop, is_approved: bool) -> None:
    Merchant.objects.update(reviews_required=True)
    if is_approved:
        approved(shop)
    else:
        shop.coupon("ten-off", publish=False)
        shop.api.post("coupons/ten-off/submit")
    same = shop.api.patch("coupons/ten-off", {"name": "Ten-Off"})
    assert same.body["state"] == ("approved" if is_approved else "in_review")
    # Nothing is out, so anything may change.
    changed = shop.api.patch("coupons/ten-off", {"value": {"USD": "90.00"}})
    assert (changed.status, changed.body["state"], changed.body["version"]) == (200, "draft", 2)
    assert shop.api.post("coupons/ten-off/publish").code == "not_publishable"


@pytest.mark.parametrize("step", ["approve", "refuse"])
def test_no_key_approves_or_refuses(shop: Shop, step: str) -> None:
    shop.coupon("ten-off", publish=False)
    shop.api.post("coupons/ten-off/submit")
    with nothing_changes():
        assert shop.api.post(f"coupons/ten-off/{step}", {"reason": "so"}).status == 404


@pytest.mark.parametrize(
    ("steps", "reason"),
    [([], "not_published"), (["publish", "pause"], "paused"), (["publish", "end"], "expired")],
)
def test_a_coupon_that_is_not_live_redeems_nothing(
    shop: Shop, steps: list[str], reason: str
) -> None:
    shop.coupon("ten-off", publish=False)
    for step in steps:
        shop.api.post(f"coupons/ten-off/{step}")
    with nothing_changes():
        answer = shop.api.post("redemptions", order("ten-off"))
    assert answer.code == "coupon_rejected"
    assert answer.body["rejected"][0]["reason"] == reason
