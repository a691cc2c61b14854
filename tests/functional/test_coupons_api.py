"""Coupons over the API: created, read, listed."""

from typing import Any

import pytest

from coupons.models import Coupon
from tests.definitions import MINIMAL, NO_USES, WHOLE, fields, journal, listed
from tests.round_trips import counted
from tests.shop import Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open(time_zone="Europe/Berlin")
    shop.sells(WHOLE)
    return shop


def test_a_draft_shows_its_definition_state_version_and_counters(shop: Shop) -> None:
    made = shop.api.post("coupons", WHOLE)
    assert made.status == 201, made
    assert made.body == {
        **WHOLE,
        "state": "draft",
        "version": 1,
        "counters": {**NO_USES, "issued": 1},
    }
    assert listed(shop.api.get("coupons/whole").body) == made.body
    assert journal() == [("coupon.created", {})]


def test_what_get_answers_can_be_posted_again(shop: Shop) -> None:
    shop.api.post("coupons", WHOLE)
    first = shop.api.get("coupons/whole").body
    other = Shop.open("other")
    other.sells(WHOLE)
    again = other.api.post("coupons", first)
    assert again.status == 201, again
    assert again.body == listed(first)


def test_what_is_left_out_gets_the_defaults_of_the_contract(shop: Shop) -> None:
    body = shop.api.post("coupons", MINIMAL).body
    assert body["convert"] is False
    assert body["priority"] == 100
    assert (body["stacking_group"], body["stacks_with"]) == ("order", [])
    assert body["member_prices"] == "stack"
    assert body["methods"] == ["automatic", "manual", "api", "batch"]
    assert body["claim_required"] is False
    assert body["return_policy"] == "restore_if_valid"
    assert (body["funded_by"], body["risk_level"]) == ("merchant", "normal")
    assert body["time_zone"] == "Europe/Berlin"
    assert body["customers"]["who"] == "all"
    assert body["limits"] == dict.fromkeys(WHOLE["limits"]) | {"uses_per_code": 1}
    assert body["value"] == {"USD": "5.00"}
    assert body["code"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": None}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "With Space"}, "slug"),
        ({"slug": "UPPER"}, "slug"),
        ({"slug": "a--b"}, "slug"),
        ({"slug": "x" * 81}, "slug"),
        ({"slug": 7}, "slug"),
        ({"name": None}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"kind": None}, "kind"),
        ({"kind": "lottery"}, "kind"),
        ({"value": None}, "value"),
        ({"value": "10.00"}, "value"),
        ({"value": {"USD": 10}}, "value.USD"),
        ({"value": {"USD": "0.00"}}, "value.USD"),
        ({"value": {"USD": "-1"}}, "value.USD"),
        ({"value": {"USD": "1.001"}}, "value.USD"),
        ({"value": {"XXZ": "1"}}, "value.XXZ"),
        ({"percent": "20"}, "percent"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"starts_at": "2026-01-01"}, "starts_at"),
        ({"starts_at": "2026-01-01T00:00:00"}, "starts_at"),
        (
            {"starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-02T00:00:00Z"},
            "ends_at",
        ),
        ({"countries": ["usa"]}, "countries.0"),
        ({"methods": ["magic"]}, "methods.0"),
        ({"limits": {"uses": 0}}, "limits.uses"),
        ({"limits": {"uses": -1}}, "limits.uses"),
        ({"limits": {"uses": True}}, "limits.uses"),
        ({"limits": {"uses": 2**31}}, "limits.uses"),
        ({"limits": {"lives": 9}}, "limits.lives"),
        ({"limits": {"budget": {"USD": 10}}}, "limits.budget.USD"),
        ({"priority": "high"}, "priority"),
        ({"gifts": [{"sku": "MUG"}]}, "gifts"),
        ({"code": "-"}, "code"),
        ({"code": "x" * 65}, "code"),
        ({"colour": "red"}, "colour"),
        ({"return_policy": "restore_and_extend"}, "extend_days"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(
    shop: Shop, change: dict[str, Any], field: str
) -> None:
    with nothing_changes():
        answer = shop.api.post("coupons", MINIMAL | change)
    assert (answer.status, answer.code) == (422, "invalid")
    assert field in fields(answer), answer.body


def test_everything_that_is_wrong_is_told_at_once(shop: Shop) -> None:
    answer = shop.api.post("coupons", {"slug": "A", "kind": "percent_off", "percent": "101"})
    assert sorted(fields(answer)) == ["name", "percent", "slug"]


def test_a_gift_has_to_be_a_product_of_the_shop(shop: Shop) -> None:
    gift = {"slug": "g", "name": "G", "kind": "gift", "gifts": [{"sku": "MUG", "quantity": 1}]}
    with nothing_changes():
        answer = shop.api.post("coupons", gift)
    assert (answer.status, fields(answer)) == (422, ["gifts.0.sku"])
    shop.api.put("products/MUG", {})
    assert shop.api.post("coupons", gift).status == 201


@pytest.mark.parametrize(
    "clash",
    [{"slug": "ten-off"}, {"code": "TEN-OFF"}, {"code": "tenoff"}, {"code": "ｔｅｎ off"}],
)
def test_a_taken_slug_or_code_already_exists(shop: Shop, clash: dict[str, Any]) -> None:
    shop.coupon("ten-off")
    with nothing_changes():
        answer = shop.api.post("coupons", MINIMAL | clash)
    assert (answer.status, answer.code) == (409, "already_exists")
    other = Shop.open("other")
    assert other.api.post("coupons", MINIMAL | clash).status == 201


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PATCH", ""), ("POST", "/publish")])
def test_a_coupon_that_is_not_there_is_a_404(shop: Shop, method: str, path: str) -> None:
    with nothing_changes():
        answer = shop.api.call(method, f"coupons/none{path}", {})
    assert (answer.status, answer.code) == (404, "not_found")


# --- The list ----------------------------------------------------------------------


def test_the_list_has_the_newest_first_page_by_page(shop: Shop) -> None:
    for number in range(5):
        shop.api.post("coupons", MINIMAL | {"slug": f"s-{number}"})
    path: str | None = "coupons?page_size=2"
    seen = []
    while path:
        page = shop.api.get(path)
        assert page.status == 200
        seen.append([c["slug"] for c in page.body["results"]])
        path = (page.body["next"] or "").partition("/api/v1/")[2] or None
    assert seen == [["s-4", "s-3"], ["s-2", "s-1"], ["s-0"]]
    assert shop.api.get("coupons").body["results"][4] == listed(shop.api.get("coupons/s-0").body)


def test_counters_follow_the_uses(shop: Shop) -> None:
    shop.coupon("ten-off", limits={"budget": {"USD": "100.00"}, "uses_per_day": 9})
    shop.api.post("redemptions", order("ten-off"))
    shop.api.post("redemptions", order("ten-off", ref="O-2"))
    assert shop.api.get("coupons/ten-off").body["counters"] == {
        "issued": 1,
        "claimed": 0,
        "held": 0,
        "uses": 2,
        "uses_today": 2,
        "budget_used": "20.00",
    }
    assert Coupon.objects.get().version == 1


def test_a_list_of_coupons_costs_the_same_queries_however_long(shop: Shop) -> None:
    def cost() -> int:
        with counted() as traffic:
            assert shop.api.get("coupons").status == 200
        return traffic.queries

    shop.coupon("one")
    cost()
    few = cost()
    for i in range(20):
        shop.coupon(f"more-{i}", publish=bool(i % 2))
    assert cost() == few == 4


def test_the_list_says_of_each_coupon_what_its_own_page_says(shop: Shop) -> None:
    for slug, zone in (("first", "Pacific/Kiritimati"), ("second", "Pacific/Pago_Pago")):
        shop.coupon(slug, time_zone=zone)
        shop.api.post("redemptions", order(slug, ref=slug))
    shop.api.patch("coupons/second", {"name": "Second try"})
    told = shop.api.get("coupons").body["results"]
    pages = [shop.api.get(f"coupons/{slug}").body for slug in ("second", "first")]
    assert told == [listed(page) for page in pages]
    assert [(one["version"], one["counters"]["uses_today"]) for one in told] == [(2, 1), (1, 1)]


def test_uses_of_today_are_those_on_the_coupons_own_day(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    start = {"starts_at": "2026-01-01T00:00:00Z"}
    shop.coupon("east", time_zone="Asia/Shanghai", **start)
    shop.coupon("west", time_zone="America/Los_Angeles", **start)
    shop.coupon("limited", time_zone="UTC", limits={"uses_per_day": 9}, **start)
    shop.api.put("customers/test", {"is_test": True})
    for hour, customer in ((7, "C-1"), (15, "C-1"), (16, "C-1"), (23, "C-1"), (23, "test")):
        for slug in ("east", "west", "limited"):
            done = shop.api.post(
                "redemptions",
                order(slug, ref=f"{slug}-{hour}-{customer}", customer=customer),
                X_Test_Clock=f"2026-06-01T{hour:02}:00:00Z",
            )
            assert done.status == 201, done
    # In Shanghai a day ends at 16:00 UTC, in Los Angeles at 07:00.
    now = "2026-06-01T23:30:00Z"
    listed = shop.api.get("coupons", X_Test_Clock=now).body["results"]
    today = {one["slug"]: one["counters"]["uses_today"] for one in listed}
    assert today == {"east": 2, "west": 4, "limited": 4}
    later = shop.api.get("coupons/west", X_Test_Clock="2026-06-02T07:00:00Z").body
    assert later["counters"]["uses_today"] == 0
