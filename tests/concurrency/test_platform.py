"""Two shops want the last use of one coupon of the platform: exactly one gets it."""

from typing import Any

import pytest

from coupons import platform
from coupons.models import Code, CouponCounter
from redemption import ledger, reconciling, taking
from redemption.models import Use
from tests.concurrency.meeting import Meeting, constraint_dropped
from tests.shop import NOW, Answer, Api, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shops() -> list[Shop]:
    mall = Shop.open("mall")
    platform.appoint(merchant=mall.merchant, by="system", at=NOW)
    mall.coupon("last", limits={"uses": 1})
    mall.coupon("unique", code=None)
    mall.codes("unique", "ONLYONE")
    return [Shop.open("acme"), Shop.open("harbour")]


def at_once(shops: list[Shop], code: str, patch: pytest.MonkeyPatch) -> list[Answer]:
    """Redeem in both shops at once; nobody writes before both have looked."""

    def call(shop: Shop) -> Any:
        return lambda: Api(shop.api.key).post("redemptions", order(code, ref="O-1"))

    return Meeting(patch).before(ledger, "write").of(*map(call, shops))


@pytest.mark.parametrize(
    ("code", "take", "guard", "table", "constraint"),
    [
        (
            "last",
            "TAKE_COUPON",
            "uses < max_uses",
            "coupons_couponcounter",
            "coupon_uses_within_limit",
        ),
        ("onlyone", "TAKE_CODE", "uses < max_uses", "coupons_code", "code_uses_within_limit"),
    ],
)
def test_both_shops_get_it_without_the_guard(
    shops: list[Shop],
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    take: str,
    guard: str,
    table: str,
    constraint: str,
) -> None:
    statement = getattr(taking, take)
    assert guard in statement
    monkeypatch.setattr(taking, take, statement.replace(guard, "true"))
    with constraint_dropped(table, constraint, then=f"UPDATE {table} SET uses = 0"):  # noqa: S608
        answers = at_once(shops, code, monkeypatch)
    assert [answer.status for answer in answers] == [201, 201]


@pytest.mark.parametrize(
    ("code", "reason"), [("last", "usage_limit_reached"), ("onlyone", "already_redeemed")]
)
def test_one_shop_gets_it_and_the_other_is_told_why(
    shops: list[Shop], monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    answers = at_once(shops, code, monkeypatch)
    assert sorted(answer.status for answer in answers) == [201, 422]
    (loser,) = (answer for answer in answers if answer.status == 422)
    assert [row["reason"] for row in loser.body["rejected"]] == [reason]
    assert Use.objects.count() == 1
    assert sum(CouponCounter.objects.values_list("uses", flat=True)) == 1
    assert sum(Code.objects.filter(shared=False).values_list("uses", flat=True)) == (
        1 if code == "onlyone" else 0
    )
    assert reconciling.differences() == []
