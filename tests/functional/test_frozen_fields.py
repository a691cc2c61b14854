"""What may be changed when: everything before anyone holds it, little afterwards."""

from typing import Any

import pytest

from coupons import lifecycle
from coupons.freezing import frozen_fields, may_only_grow
from coupons.handing_out import METHOD_FIELDS
from coupons.models import Coupon
from tests.definitions import ITS_OWN, MINIMAL, WHOLE, fields
from tests.shop import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

WORDING = {"name", "names", "description", "thank_you", "texts", "face", "follow_up"}


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def stored(slug: str = "s-1") -> Coupon:
    return Coupon.objects.select_related("merchant").get(slug=slug)


def test_a_published_coupon_that_nobody_can_hold_changes_freely(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL)
    shop.api.post("coupons/s-1/publish")
    assert frozen_fields(coupon=stored()) == {"slug"}
    assert may_only_grow(coupon=stored()) == frozenset()
    changed = shop.api.patch("coupons/s-1", {"value": {"USD": "9"}, "limits": {"uses": 3}})
    assert (changed.status, changed.body["value"]) == (200, {"USD": "9.00"})
    assert shop.api.patch("coupons/s-1", {"limits": {"uses": 2}}).status == 200


@pytest.mark.parametrize("codes", [{"codes": ["A1"]}, {"count": 5}])
def test_it_is_fixed_as_soon_as_it_has_a_code(shop: Shop, codes: dict[str, Any]) -> None:
    shop.api.post("coupons", MINIMAL)
    shop.api.post("coupons/s-1/publish")
    assert shop.api.post("coupons/s-1/codes", codes).status == 202
    with nothing_changes():
        answer = shop.api.patch("coupons/s-1", {"value": {"USD": "9"}})
    assert (answer.status, answer.code, fields(answer)) == (409, "frozen_field", ["value"])


def test_a_shared_code_fixes_it_once_it_is_published(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL | {"code": "S1"})
    assert frozen_fields(coupon=stored()) == {"slug"}
    shop.api.post("coupons/s-1/publish")
    assert {"value", "code", "starts_at", "slug"} <= frozen_fields(coupon=stored())


def test_what_is_frozen_what_may_grow_and_what_is_free_are_the_whole_definition(
    shop: Shop,
) -> None:
    shop.sells(WHOLE)
    shop.api.post("coupons", WHOLE)
    shop.api.post("coupons/whole/publish")
    frozen = frozen_fields(coupon=stored("whole"))
    growing = may_only_grow(coupon=stored("whole"))
    limits = {f"limits.{name}" for name in WHOLE["limits"]}
    assert growing == {"ends_at"} | limits
    whole = set(lifecycle.current_definition(stored("whole")))
    assert frozen == whole - WORDING - METHOD_FIELDS - {"ends_at", "limits", "prizes"}


def test_the_uses_of_codes_that_are_out_are_frozen_in_a_draft_already(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL)
    shop.codes("s-1", "A1")
    assert frozen_fields(coupon=stored()) == {"slug", "limits.uses_per_code"}
    shop.api.post("coupons/s-1/publish")
    assert "limits.uses_per_code" not in may_only_grow(coupon=stored())


def test_a_draw_keeps_its_chances_and_may_get_more_prizes_of_a_kind(shop: Shop) -> None:
    prizes = [{"name": "A pen", "weight": 1, "stock": 2}, {"name": "Nothing", "weight": 9}]
    shop.api.post(
        "coupons", {"slug": "d", "name": "D", "kind": "draw", "code": "DRAW", "prizes": prizes}
    )
    shop.api.post("coupons/d/publish")
    fixed = {f"prizes.{place}.{name}" for place in (0, 1) for name in ("coupon", "weight")}
    assert fixed <= frozen_fields(coupon=stored("d"))
    assert {"prizes.0.stock", "prizes.1.stock"} <= may_only_grow(coupon=stored("d"))


def test_what_a_second_person_approved_is_fixed_even_without_codes(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL)
    shop.api.post("coupons/s-1/publish")
    shop.merchant.reviews_required = True
    shop.merchant.save()
    assert "value" in frozen_fields(coupon=stored())
    with nothing_changes():
        answer = shop.api.patch("coupons/s-1", {"value": {"USD": "9"}})
    assert (answer.status, answer.code) == (409, "frozen_field")


def test_of_an_ended_coupon_everything_is_frozen(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL)
    shop.api.post("coupons/s-1/publish")
    shop.api.post("coupons/s-1/end")
    body = shop.api.get("coupons/s-1").body
    beside = {"state", "version", "counters", *ITS_OWN}
    assert frozen_fields(coupon=stored()) == body.keys() - beside
    assert may_only_grow(coupon=stored()) == frozenset()


def test_the_api_tells_the_history_newest_first(shop: Shop) -> None:
    shop.api.post("coupons", MINIMAL | {"code": "S1"})
    shop.api.patch("coupons/s-1", {"name": "Other", "description": "More"})
    shop.api.post("coupons/s-1/publish")
    shop.api.post("coupons/s-1/pause")
    history = shop.api.get("coupons/s-1").body["history"]
    assert [each["type"] for each in history] == [
        "coupon.paused",
        "coupon.published",
        "coupon.changed",
        "coupon.created",
        "codes.issued",
    ]
    assert history[2].keys() == {"at", "actor", "type", "version", "fields"}
    assert (history[2]["version"], history[2]["fields"]) == (2, ["description", "name"])
    assert history[0]["actor"].startswith("key:")
    assert "history" not in shop.api.get("coupons").body["results"][0]
