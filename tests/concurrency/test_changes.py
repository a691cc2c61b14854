"""A coupon that changes while somebody redeems: first without the guard, then with it."""

from collections.abc import Callable
from typing import Any

import pytest

from coupons.models import CouponCounter
from redemption import ledger, taking
from redemption.models import Use
from tests.concurrency.meeting import Meeting
from tests.shop import Answer, Api, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

GUARD = "revision = %s"


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", limits={"uses": 5})
    return shop


def unguarded(patch: pytest.MonkeyPatch) -> None:
    """Take from a coupon whatever has become of it since it was read."""
    assert GUARD in taking.TAKE_COUPON
    always = taking.TAKE_COUPON.replace(GUARD, "%s::bigint IS NOT NULL")
    patch.setattr(taking, "TAKE_COUPON", always)


def meanwhile(shop: Shop, patch: pytest.MonkeyPatch, change: Callable[[Api], Answer]) -> Answer:
    """Redeem; the change is made and answered once everything has been read for it."""
    calls = [
        lambda: Api(shop.api.key).post("redemptions", order("ten")),
        lambda: change(Api(shop.api.key)),
    ]
    redeemed, changed = Meeting(patch).before(ledger, "write").of(*calls)
    assert changed.status == 200, changed
    return redeemed


STOPS: dict[str, Any] = {"pause": "paused", "end": "expired"}


@pytest.mark.parametrize("verb", STOPS)
def test_somebody_redeems_after_the_stop_was_answered_without_the_guard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    unguarded(monkeypatch)
    answer = meanwhile(shop, monkeypatch, lambda api: api.post(f"coupons/ten/{verb}"))
    assert answer.status == 201


@pytest.mark.parametrize("verb", STOPS)
def test_nobody_redeems_once_the_stop_is_answered(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    answer = meanwhile(shop, monkeypatch, lambda api: api.post(f"coupons/ten/{verb}"))
    assert (answer.status, answer.code) == (422, "coupon_rejected")
    assert answer.body["rejected"][0]["reason"] == STOPS[verb]
    assert (Use.objects.count(), CouponCounter.objects.get().uses) == (0, 0)


def rename(api: Api) -> Answer:
    return api.patch("coupons/ten", {"name": "Newer"})


def test_a_definition_of_before_the_change_is_redeemed_without_the_guard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded(monkeypatch)
    answer = meanwhile(shop, monkeypatch, rename)
    assert (answer.status, answer.body["applied"][0]["name"]) == (201, "Ten")
    assert Use.objects.get().version == 1


def test_what_is_redeemed_after_a_change_follows_the_new_definition(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = meanwhile(shop, monkeypatch, rename)
    assert (answer.status, answer.body["applied"][0]["name"]) == (201, "Newer")
    assert Use.objects.get().version == 2
    assert CouponCounter.objects.get().uses == 1
