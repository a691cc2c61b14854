"""One `Idempotency-Key` twice at once, both past the look: without its guards, then with them."""

import pytest

from coupons.api.idempotency import Slot
from coupons.models import IdempotentAnswer
from redemption import ledger
from redemption.models import Redemption
from tests.concurrency.meeting import Meeting, constraint_dropped
from tests.shop import Answer, Api, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)


def both(patch: pytest.MonkeyPatch) -> list[Answer]:
    shop = Shop.open()
    shop.coupon("ten-off")

    def call() -> Answer:
        return Api(shop.api.key).post("redemptions", order("ten-off"), Idempotency_Key="once")

    return Meeting(patch).before(ledger, "write").of(call, call)


def test_both_redeem_without_the_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    keep = Slot.statement

    def keep_again(slot: Slot, body: bytes, **more: int) -> tuple[str, list]:
        sql, values = keep(slot, body, **more)
        return sql[: sql.index("ON CONFLICT")], values[:-1]

    monkeypatch.setattr(Slot, "statement", keep_again)
    with (
        constraint_dropped(
            "coupons_idempotentanswer",
            "idempotency_key_is_used_once",
            then="DELETE FROM coupons_idempotentanswer",
        ),
        constraint_dropped(
            "redemption_use",
            "use_stands_once_per_order_and_code",
            then="UPDATE redemption_use SET standing = false",
        ),
    ):
        answers = both(monkeypatch)
        assert [answer.status for answer in answers] == [201, 201]
        assert Redemption.objects.count() == 2


@pytest.mark.parametrize("net", ["both", "the key alone"])
def test_the_second_gets_the_answer_of_the_first(monkeypatch: pytest.MonkeyPatch, net: str) -> None:
    index = "use_stands_once_per_order_and_code"
    if net == "both":
        first, second = both(monkeypatch)
    else:
        with constraint_dropped("redemption_use", index, then="SELECT 1"):
            first, second = both(monkeypatch)
    assert (first.status, second.status) == (201, 201), second
    assert second.body == first.body
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (Redemption.objects.count(), IdempotentAnswer.objects.count()) == (1, 1)
