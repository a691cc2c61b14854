"""What a cart could use: the codes it names, and the coupons that are open to all."""

from typing import Any

import pytest

from coupons import reach
from coupons.models import Reach
from redemption import qualifying
from tests.round_trips import counted
from tests.shop import Shop, cart
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def asked(shop: Shop, *codes: str, **changes: Any) -> dict[str, Any]:
    with nothing_changes():
        answer = shop.api.post("qualifications", cart(*codes, **changes))
    assert answer.status == 200, answer
    return answer.body


def slugs(rows: list[dict[str, Any]]) -> list[str]:
    return [row["coupon"] for row in rows]


def seen(shop: Shop, **changes: Any) -> set[str]:
    found = asked(shop, **changes)
    return {*slugs(found["usable"]), *slugs(found["unusable"])}


def test_open_coupons_are_found_without_a_code_and_the_best_is_quoted(shop: Shop) -> None:
    shop.coupon("ten-off")
    shop.coupon("twenty-off", value={"USD": "20.00"})
    shop.coupon("far", min_spend={"USD": "150.00"})
    found = asked(shop)
    assert slugs(found["usable"]) == ["twenty-off", "ten-off"]
    assert [row["discount"] for row in found["usable"]] == ["20.00", "10.00"]
    assert [row["code"] for row in found["usable"]] == ["TWENTYOFF", "TENOFF"]
    assert slugs(found["unusable"]) == ["far"]
    assert [row["reason"] for row in found["unusable"]] == ["min_spend_not_met"]
    (reason,) = found["unusable"][0]["reasons"]
    assert (reason["missing"], reason["would_save"]) == ("50.02", "10.00")
    assert reason["message"] == "50.02 USD more and you save 10.00 USD with this coupon."
    assert slugs(found["best"]["applied"]) == ["twenty-off"]
    assert (found["best"]["payable"], found["best"]["rejected"]) == ("79.98", [])
    assert (found["complete"], found["best_is_exact"]) == (True, True)


def test_codes_given_are_tried_with_the_open_ones_and_come_once(shop: Shop) -> None:
    shop.coupon("open", stacks_with=["order"])
    shop.coupon("mine", code=None, stacks_with=["order"])
    shop.codes("mine", "MINE1")
    found = asked(shop, "mine1", "open", "unknown")
    assert sorted(slugs(found["usable"])) == ["mine", "open"]
    assert [(row["code"], row["reason"]) for row in found["unusable"]] == [
        ("UNKNOWN", "code_not_found")
    ]
    assert sorted(slugs(found["best"]["applied"])) == ["mine", "open"]
    assert found["best"]["discount"] == "20.00"


def test_nothing_open_is_an_answer_too(shop: Shop) -> None:
    found = asked(shop, lines=[])
    assert (found["usable"], found["unusable"]) == ([], [])
    assert (found["best"]["valid"], found["best"]["payable"]) == (True, "0.00")


def test_what_is_not_open_to_all_is_not_shown(shop: Shop) -> None:
    shop.coupon("draft", publish=False)
    shop.coupon("unique", code=None)
    shop.coupon("claimed", claim_required=True)
    shop.coupon("later", starts_at="2099-01-01T00:00:00Z")
    for slug in ("paused", "ended"):
        shop.coupon(slug)
    shop.api.post("coupons/paused/pause")
    shop.api.post("coupons/ended/end")
    Shop.open("other").coupon("others")
    assert seen(shop) == set()
    shop.api.post("coupons/paused/resume")
    assert seen(shop) == {"paused"}


def test_a_coupon_is_tried_where_its_scope_names_something_of_the_cart(shop: Shop) -> None:
    for slug, scope in {
        "whole": {},
        "all-but": {"exclude_categories": ["hats"]},
        "above": {"categories": ["shoes"]},
        "exact": {"categories": ["shoes/running", "toys"]},
        "below": {"categories": ["shoes/running/kids"]},
        "aside": {"categories": ["sho", "toys"]},
        "product": {"products": ["HAT"]},
        "another": {"products": ["SCARF"]},
    }.items():
        shop.coupon(slug, scope=scope)
    assert seen(shop) == {"whole", "all-but", "above", "exact", "product"}


def test_a_category_that_the_cart_leaves_out_is_the_products(shop: Shop) -> None:
    shop.api.put("products/A1", {"category": "shoes/running"})
    shop.coupon("shoes", scope={"categories": ["shoes"]})
    line = {"id": "1", "sku": "A1", "quantity": 1, "unit_price": "50.00"}
    assert slugs(asked(shop, lines=[line])["usable"]) == ["shoes"]
    assert seen(shop, lines=[{**line, "category": "toys"}]) == set()


def test_a_change_of_the_coupon_changes_what_it_reaches(shop: Shop) -> None:
    shop.coupon("moving", publish=False, scope={"categories": ["toys"]})
    shop.api.patch("coupons/moving", {"scope": {"products": ["HAT", "SHOE"]}, "priority": 7})
    assert Reach.objects.count() == 0
    shop.api.post("coupons/moving/publish")
    kept = Reach.objects.order_by("key").values_list("key", "priority", "ends_at")
    assert list(kept) == [("product:HAT", 7, None), ("product:SHOE", 7, None)]
    shop.api.post("coupons/moving/end")
    assert Reach.objects.count() == 0


def test_only_so_many_coupons_are_tried_by_priority_and_the_answer_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "MOST", 2)
    shop.coupon("third", priority=30)
    shop.coupon("first", priority=10, scope={"products": ["HAT", "SHOE"]})
    assert asked(shop)["complete"] is True
    shop.coupon("second", priority=20)
    found = asked(shop)
    assert sorted(slugs(found["usable"])) == ["first", "second"]
    assert found["complete"] is False
    # A code that is asked for is tried whatever its priority.
    assert sorted(slugs(asked(shop, "third")["usable"])) == ["first", "second", "third"]


def test_the_search_for_the_best_is_bounded_and_the_answer_says_so(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Enough to look at one set.
    monkeypatch.setattr(qualifying, "MAX_STEPS", 50)
    for slug in ("one", "two", "three"):
        shop.coupon(slug, stacks_with=["order"])
    found = asked(shop)
    assert found["best_is_exact"] is False
    assert len(found["best"]["applied"]) == 1


def test_rates_and_tax_count_here_too(shop: Shop) -> None:
    table = {"date": "2026-01-01", "base": "EUR", "rates": {"USD": "1.25"}}
    shop.api.put("exchange-rates", table)
    shop.api.put("tax-rates/US", {"rate": "10"})
    shop.coupon("euros", convert=True, value={"EUR": "8.00"})
    found = asked(shop, country="US")
    assert [row["discount"] for row in found["usable"]] == ["10.00"]
    best = found["best"]
    assert (best["discount"], best["tax"], best["payable"]) == ("10.00", "9.00", "98.98")


def test_what_the_database_is_asked_does_not_grow_with_the_coupons(shop: Shop) -> None:
    queries = []
    for more in (1, 4):
        for i in range(more):
            shop.coupon(f"shoes-{more}-{i}", scope={"categories": ["shoes"]})
            shop.coupon(f"toys-{more}-{i}", scope={"categories": ["toys"]})
        asked(shop)
        with counted() as traffic:
            shop.api.post("qualifications", cart())
        queries.append(traffic.queries)
    # The key, the coupons, the facts.
    assert queries == [3, 3]
