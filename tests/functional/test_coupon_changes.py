"""Changes of a coupon over the API: free in a draft, few once it is out."""

from typing import Any

import pytest

from coupons.models import CouponVersion
from tests.definitions import MINIMAL, NO_USES, WHOLE, fields, journal
from tests.shop import Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open(time_zone="Europe/Berlin")
    shop.sells(WHOLE)
    return shop


# --- Changes -----------------------------------------------------------------------


def test_a_change_keeps_the_rest_and_writes_a_version(shop: Shop) -> None:
    shop.api.post("coupons", WHOLE)
    changed = shop.api.patch("coupons/whole", {"name": "Other", "percent": "20"})
    assert changed.status == 200, changed
    assert changed.body == {
        **WHOLE,
        "name": "Other",
        "percent": "20",
        "state": "draft",
        "version": 2,
        "counters": {**NO_USES, "issued": 1},
    }
    assert journal()[-1] == ("coupon.changed", {"fields": ["name", "percent"], "version": 2})
    kept = CouponVersion.objects.order_by("version").values_list("version", "definition__name")
    assert list(kept) == [(1, "Whole"), (2, "Other")]


def test_one_limit_changed_lifts_no_other(shop: Shop) -> None:
    shop.api.post("coupons", WHOLE)
    shop.api.post("coupons/whole/publish")
    changed = shop.api.patch("coupons/whole", {"limits": {"uses": 60}})
    assert changed.status == 200, changed
    assert changed.body["limits"] == WHOLE["limits"] | {"uses": 60}


@pytest.mark.parametrize("body", [{}, {"name": "Whole"}, {"state": "live", "version": 9}, WHOLE])
def test_a_change_of_nothing_writes_nothing(shop: Shop, body: Any) -> None:
    shop.api.post("coupons", WHOLE)
    with nothing_changes():
        answer = shop.api.patch("coupons/whole", body)
    assert (answer.status, answer.body["version"]) == (200, 1)


def test_what_get_answers_can_be_patched_back(shop: Shop) -> None:
    shop.api.post("coupons", WHOLE)
    with nothing_changes():
        same = shop.api.patch("coupons/whole", shop.api.get("coupons/whole").body)
    assert same.status == 200, same


@pytest.mark.parametrize(
    ("change", "field"),
    [({"percent": "0"}, "percent"), ({"limits": {"uses": "5"}}, "limits.uses"), ({"x": 1}, "x")],
)
def test_a_change_that_makes_no_sense_is_refused(shop: Shop, change: Any, field: str) -> None:
    shop.api.post("coupons", WHOLE)
    with nothing_changes():
        answer = shop.api.patch("coupons/whole", change)
    assert (answer.status, fields(answer)) == (422, [field])


def test_in_a_draft_everything_but_the_slug_may_change(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL)
    answer = shop.api.patch("coupons/s-1", {k: v for k, v in WHOLE.items() if k != "slug"})
    assert answer.status == 200, answer
    with nothing_changes():
        answer = shop.api.patch("coupons/s-1", {"slug": "s-2"})
    assert (answer.status, answer.code, fields(answer)) == (409, "frozen_field", ["slug"])


@pytest.mark.parametrize(
    ("change", "frozen"),
    [
        ({"percent": "20"}, ["percent"]),
        ({"cap": None}, ["cap"]),
        ({"min_spend": {"USD": "49.00"}}, ["min_spend"]),
        ({"countries": []}, ["countries"]),
        ({"scope": {}}, ["scope"]),
        ({"code": "OTHER"}, ["code"]),
        ({"code": None}, ["code"]),
        ({"kind": "free_shipping", "percent": None}, ["kind", "percent"]),
        ({"starts_at": None}, ["starts_at"]),
        ({"ends_at": "2026-12-31T23:59:59-05:00"}, ["ends_at"]),
        ({"limits": {"uses": 49}}, ["limits.uses"]),
        ({"limits": {"issued": 99, "uses": 49}}, ["limits.issued", "limits.uses"]),
        ({"limits": {"budget": {"USD": "4999.99"}}}, ["limits.budget"]),
        ({"limits": {"budget": {"EUR": "9000.00"}}}, ["limits.budget"]),
        (
            {"limits": {"uses_per_customer": 2}, "priority": 1},
            ["limits.uses_per_customer", "priority"],
        ),
    ],
)
def test_once_it_is_out_a_change_of_the_deal_is_frozen(
    shop: Shop, change: dict[str, Any], frozen: list[str]
) -> None:
    shop.api.post("coupons", WHOLE)
    shop.api.post("coupons/whole/publish")
    with nothing_changes():
        answer = shop.api.patch("coupons/whole", change)
    assert (answer.status, answer.code) == (409, "frozen_field")
    assert sorted(fields(answer)) == frozen


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other", "names": {}, "description": "", "thank_you": "Bye"},
        {"ends_at": "2027-02-01T00:00:00-05:00"},
        {"ends_at": None},
        {"limits": {"uses": 51, "issued": None, "budget": {"USD": "5000.01"}}},
        {"limits": {"uses_per_code": 5, "uses_per_customer": None}},
    ],
)
def test_once_it_is_out_wording_a_later_end_and_more_stock_are_free(
    shop: Shop, change: dict[str, Any]
) -> None:
    shop.api.post("coupons", WHOLE)
    shop.api.post("coupons/whole/publish")
    answer = shop.api.patch("coupons/whole", change)
    assert answer.status == 200, answer
    for name, value in change.items():
        expected = WHOLE["limits"] | value if name == "limits" else value
        assert answer.body[name] == expected


def test_the_uses_per_code_are_fixed_once_codes_carry_theirs(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL)
    shop.codes("s-1", "A1")
    with nothing_changes():
        answer = shop.api.patch("coupons/s-1", {"limits": {"uses_per_code": 2}})
    assert (answer.code, fields(answer)) == ("frozen_field", ["limits.uses_per_code"])


def test_a_limit_below_what_is_gone_already_is_refused(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL | {"code": "SHARED"})
    shop.codes("s-1", "A1", "A2")
    with nothing_changes():
        answer = shop.api.patch("coupons/s-1", {"limits": {"issued": 2}})
    assert (answer.status, answer.code) == (422, "invalid")
    assert shop.api.patch("coupons/s-1", {"limits": {"issued": 3}}).status == 200


def test_an_ended_coupon_never_changes(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL)
    shop.api.post("coupons/s-1/publish")
    shop.api.post("coupons/s-1/end")
    with nothing_changes():
        answer = shop.api.patch("coupons/s-1", {"name": "Other"})
    assert (answer.status, answer.code) == (409, "wrong_state")


def test_a_shared_code_comes_goes_and_changes_in_a_draft_and_is_counted(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL)
    shop.codes("s-1", "A1", "A2", "A3")

    def issued(**change: Any) -> int:
        answer = shop.api.patch("coupons/s-1", change)
        assert answer.status == 200, answer
        return int(answer.body["counters"]["issued"])

    assert issued(name="Other") == 3
    assert issued(code="ONE") == 4
    assert issued(code="TWO") == 4
    assert shop.api.post("validations", cart("ONE")).body["rejected"][0]["reason"] == (
        "code_not_found"
    )
    assert issued(code=None) == 3
    with nothing_changes():
        taken = shop.api.patch("coupons/s-1", {"code": "A1"})
    assert (taken.status, taken.code) == (409, "already_exists")


def test_a_redemption_is_judged_by_the_version_of_its_time(shop: Shop) -> None:
    shop.coupon("ten-off", thank_you="One")
    first = shop.api.post("redemptions", order("ten-off"))
    shop.api.patch("coupons/ten-off", {"thank_you": "Two"})
    second = shop.api.post("redemptions", order("ten-off", ref="O-2"))
    assert (first.body["thank_you"], second.body["thank_you"]) == ("One", "Two")
    again = shop.api.get(f"redemptions/{first.body['id']}")
    assert again.body["thank_you"] == "One"
