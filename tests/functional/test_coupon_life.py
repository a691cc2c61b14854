"""The life of a coupon over the API: tested, submitted, published, paused, resumed, ended."""

from typing import Any

import pytest

from coupons.models import Merchant
from tests.definitions import MINIMAL, fields, journal
from tests.shop import Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open(time_zone="Europe/Berlin")


# --- Life --------------------------------------------------------------------------

TOLD = {
    "test": "tested",
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


def test_a_coupon_being_tested_is_for_test_customers_alone(shop: Shop) -> None:
    shop.coupon("ten-off", publish=False)
    shop.api.post("coupons/ten-off/test")
    shop.api.put("customers/C-test", {"is_test": True})
    quote = shop.api.post("validations", cart("ten-off", customer="C-1")).body
    assert [r["reason"] for r in quote["rejected"]] == ["not_published"]
    assert shop.api.post("validations", cart("ten-off", customer="C-test")).body["valid"] is True
