"""A prize's stock with many reveals at once: first without its guard, then with it."""

import pytest

from coupons.models import Code, CouponCounter, Prize
from redemption import draws
from redemption.models import Redemption
from tests.concurrency.test_limits import SHOPPERS, at_once, constraint_dropped, without
from tests.shop import Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

STOCK = 3
#: The prize is all but certain: everybody draws it at first, and most must lose it.
CERTAIN = 2_000_000_000


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("prize", code=None)
    return shop


def reveals(shop: Shop, *, stock: int | None = STOCK) -> list[dict]:
    prizes = [
        {"name": "Prize", "coupon": "prize", "weight": CERTAIN, "stock": stock},
        {"name": "Next time", "weight": 1},
    ]
    shop.coupon("draw", kind="draw", prizes=prizes)
    return [order("draw", ref=f"O-{i}", lines=[]) for i in range(SHOPPERS)]


def test_more_is_drawn_than_there_is_without_the_guards(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = reveals(shop)
    monkeypatch.setattr(draws, "TAKE_PRIZE", without("drawn < stock", draws.TAKE_PRIZE))
    with constraint_dropped("coupons_prize", "prize_drawn_within_stock", counted="drawn"):
        at_once(shop, bodies, monkeypatch)
        assert Prize.objects.get(place=0).drawn > STOCK


def test_a_prize_is_drawn_just_as_often_as_there_is_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = at_once(shop, reveals(shop), monkeypatch)
    assert [answer.status for answer in answers] == [201] * SHOPPERS
    won = [answer.body["applied"][0]["prize"] for answer in answers]
    codes = {prize["code"] for prize in won if prize["coupon"] == "prize"}
    assert sorted(prize["name"] for prize in won) == ["Next time"] * 9 + ["Prize"] * STOCK
    assert set(Code.objects.filter(coupon__slug="prize").values_list("text", flat=True)) == codes
    assert len(codes) == STOCK
    assert CouponCounter.objects.get(coupon__slug="prize").issued == STOCK
    drawn = Prize.objects.order_by("place").values_list("drawn", flat=True)
    assert list(drawn) == [STOCK, SHOPPERS - STOCK]
    assert Redemption.objects.count() == SHOPPERS


def test_a_coupons_limit_of_codes_holds_for_its_prizes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.api.patch("coupons/prize", {"limits": {"issued": None}}).status == 200
    bodies = reveals(shop, stock=None)
    CouponCounter.objects.filter(coupon__slug="prize").update(max_issued=STOCK)
    answers = at_once(shop, bodies, monkeypatch)
    assert [answer.status for answer in answers] == [201] * SHOPPERS
    assert Code.objects.filter(coupon__slug="prize").count() == STOCK
    assert CouponCounter.objects.get(coupon__slug="prize").issued == STOCK


def test_what_issues_and_what_uses_a_coupon_never_wait_in_a_circle(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = {"code": None, "stacking_group": "all", "stacks_with": ["all"]}
    blank = {"name": "Next time", "weight": 1}
    shop.coupon("older", kind="draw", prizes=[blank], publish=False, **together)
    shop.coupon("newer", **together)
    assert shop.api.patch("coupons/older", {"prizes": [blank | {"coupon": "newer"}]}).status == 200
    assert shop.api.post("coupons/older/publish").status == 200
    shop.coupon("third", kind="draw", prizes=[blank | {"coupon": "older"}], **together)
    half = range(SHOPPERS // 2)
    for slug in ("older", "newer", "third"):
        shop.codes(slug, *[f"{slug}{i}" for i in half])
    # These use the older and issue the newer; those use the newer and issue the older.
    these = [order(f"older{i}", ref=f"T-{i}", lines=[]) for i in half]
    those = [order(f"newer{i}", f"third{i}", ref=f"O-{i}") for i in half]
    answers = at_once(shop, [*these, *those], monkeypatch)
    assert [answer.status for answer in answers] == [201] * SHOPPERS
