"""Returns with others at the same rows: first without the guard, to see the race, then with it."""

from collections.abc import Callable
from typing import Any

import pytest

from coupons.models import Code, CouponCounter
from redemption import ledger, reversing, taking
from redemption.models import Redemption, Reversal, ReversalLine, Use, UseLine
from redemption.reconciling import differences
from redemption.taking import Entry, Statements
from tests.concurrency.meeting import Meeting, constraint_dropped, without_row_locks
from tests.shop import Answer, Api, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

ONE_HAT = {"lines": [{"id": "2", "quantity": 1}]}


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", limits={"uses": 9})
    return shop


def redeemed(shop: Shop, ref: str = "O-1", *codes: str) -> str:
    """Redeem, and return the redemption's path."""
    answer = shop.api.post("redemptions", order(*(codes or ("ten",)), ref=ref))
    assert answer.status == 201, answer
    return f"redemptions/{answer.body['id']}"


def calling(shop: Shop, path: str, body: Any = None) -> Callable[[], Answer]:
    return lambda: Api(shop.api.key).post(path, body)


def reversing_together(patch: pytest.MonkeyPatch) -> Meeting:
    """Meet once everything has been read and decided, and nothing written."""
    return Meeting(patch).before(reversing, "_write")


# --- Two returns of the same goods ---------------------------------------------------


def test_the_same_unit_comes_back_twice_without_the_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{redeemed(shop)}/reversals"
    without_row_locks(monkeypatch)
    calls = [calling(shop, path, ONE_HAT)] * 2
    answers = reversing_together(monkeypatch).of(*calls)
    assert [answer.status for answer in answers] == [201, 201]
    assert ReversalLine.objects.filter(line_ref="2").count() == 2  # of one hat that was bought
    assert UseLine.objects.get(line_ref="2").returned_quantity == 1


def test_a_unit_comes_back_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{redeemed(shop)}/reversals"
    calls = [calling(shop, path, ONE_HAT)] * 2
    first, second = reversing_together(monkeypatch).of(*calls)
    assert (first.status, second.status, second.code) == (201, 409, "already_reversed")
    assert ReversalLine.objects.filter(line_ref="2").count() == 1
    assert Redemption.objects.get().status == "partly_reversed"
    assert differences() == []


def test_a_whole_return_gives_back_twice_without_the_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    redeemed(shop, "O-0")
    path = f"{redeemed(shop)}/reversals"
    without_row_locks(monkeypatch)
    answers = reversing_together(monkeypatch).of(*[calling(shop, path)] * 2)
    assert [answer.status for answer in answers] == [201, 201]
    assert CouponCounter.objects.get().uses == 0  # though O-0 stands


def test_a_whole_return_gives_back_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    redeemed(shop, "O-0")
    path = f"{redeemed(shop)}/reversals"
    first, second = reversing_together(monkeypatch).of(*[calling(shop, path)] * 2)
    assert (first.status, second.status, second.code) == (201, 409, "already_reversed")
    assert CouponCounter.objects.get().uses == 1
    assert Reversal.objects.count() == 1
    assert differences() == []


def test_a_refund_of_one_reference_counts_twice_without_the_guards(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    redeemed(shop, "O-0")
    redeemed(shop)
    without_row_locks(monkeypatch)
    calls = [calling(shop, "orders/O-1/refunds", {"reference": "R-1"})] * 2
    empty = "TRUNCATE redemption_reversalline, redemption_reversal"
    name = "reversal_reference_is_unique"
    with constraint_dropped("redemption_reversal", name, then=empty):
        answers = reversing_together(monkeypatch).of(*calls)
        assert Reversal.objects.filter(reference="R-1").count() == 2
    assert [answer.status for answer in answers] == [201, 201]


def test_a_refund_of_one_reference_counts_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    redeemed(shop, "O-0")
    redeemed(shop)
    calls = [calling(shop, "orders/O-1/refunds", {"reference": "R-1"})] * 2
    first, second = reversing_together(monkeypatch).of(*calls)
    assert (first.status, second.status) == (201, 200)
    assert first.body == second.body
    assert Reversal.objects.count() == 1
    assert CouponCounter.objects.get().uses == 1
    assert differences() == []


# --- A coupon comes back while others take it ----------------------------------------

#: The count as the statement saw it at its start, before it waited for the row.
SEEN = """(SELECT s.uses FROM coupons_couponcounter s
            WHERE s.coupon_id = coupons_couponcounter.coupon_id)"""


def taken_meanwhile(shop: Shop, patch: pytest.MonkeyPatch) -> int:
    """Redeem while a return has given back and not committed; return the coupon's uses."""
    calls = [
        calling(shop, f"{redeemed(shop)}/reversals"),
        calling(shop, "redemptions", order("ten", ref="O-2")),
    ]
    answers = Meeting(patch).after(reversing, "give_back").of(*calls)
    assert [answer.status for answer in answers] == [201, 201]
    return int(CouponCounter.objects.get().uses)


def test_what_is_taken_while_another_comes_back_is_miscounted_if_read_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_first = taking.TAKE_COUPON.replace("uses = uses + 1", f"uses = {SEEN} + 1")
    assert read_first != taking.TAKE_COUPON
    monkeypatch.setattr(taking, "TAKE_COUPON", read_first)
    assert taken_meanwhile(shop, monkeypatch) == 2


def test_what_is_taken_while_another_comes_back_is_counted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert taken_meanwhile(shop, monkeypatch) == 1
    assert differences() == []


def come_back(shop: Shop, patch: pytest.MonkeyPatch) -> list[Answer]:
    """Return the one use of a code; two orders want it, one before and one after."""
    shop.coupon("unique", code=None)
    shop.codes("unique", "ONLY1")
    path = f"{redeemed(shop, 'O-1', 'only1')}/reversals"
    wanted = [calling(shop, "redemptions", order("only1", ref=f"O-{i}")) for i in (2, 3, 4)]
    return Meeting(patch).before(ledger, "write").of(wanted[0], calling(shop, path), *wanted[1:])


def test_a_code_that_came_back_is_redeemed_twice_without_the_guards(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = "uses < max_uses"
    monkeypatch.setattr(taking, "TAKE_CODE", taking.TAKE_CODE.replace(guard, "true"))
    back = "UPDATE coupons_code SET uses = 0"
    with constraint_dropped("coupons_code", "code_uses_within_limit", then=back):
        answers = come_back(shop, monkeypatch)
    assert [answer.status for answer in answers] == [422, 201, 201, 201]


def test_a_code_that_came_back_is_redeemed_once_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = come_back(shop, monkeypatch)
    assert [answer.status for answer in answers] == [422, 201, 201, 422]
    assert {answers[i].body["rejected"][0]["reason"] for i in (0, 3)} == {"already_redeemed"}
    assert Code.objects.get(text="ONLY1").uses == 1
    assert Use.objects.filter(standing=True).count() == 1
    assert differences() == []


# --- Many rows in opposite order -----------------------------------------------------


def crosswise(shop: Shop, patch: pytest.MonkeyPatch) -> list[Answer]:
    """Redeem two codes in both orders, and return such redemptions, all slowly and at once."""
    for slug in ("first", "second"):
        shop.coupon(slug, stacking_group="all", stacks_with=["all"], limits={"uses": 99})
    path = f"{redeemed(shop, 'O-0', 'second', 'first')}/reversals"
    slowly = "\n   AND (SELECT pg_sleep(0.2)) IS NOT NULL"
    for take in ("TAKE_COUPON", "SETTLE_COUPON"):
        patch.setattr(taking, take, getattr(taking, take) + slowly)
    calls = [
        calling(shop, "redemptions", order("first", "second", ref="O-1")),
        calling(shop, "redemptions", order("second", "first", ref="O-2")),
        calling(shop, path),
    ]
    together = Meeting(patch, in_turn=False)
    return together.before(ledger, "write").before(reversing, "give_back").of(*calls)


def test_two_codes_and_a_return_of_both_wait_in_a_circle_without_the_order(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_order = ledger._counters

    def as_asked(entry: Entry, statements: Statements) -> Any:
        return in_order(entry, statements)[:: -1 if entry.order == "O-2" else 1]

    monkeypatch.setattr(ledger, "_counters", as_asked)
    answers = crosswise(shop, monkeypatch)
    assert [answer.status for answer in answers] != [201, 201, 201]


def test_two_codes_and_a_return_of_both_never_wait_in_a_circle(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = crosswise(shop, monkeypatch)
    assert [answer.status for answer in answers] == [201, 201, 201]
    counted = CouponCounter.objects.filter(coupon__slug__in=("first", "second"))
    assert set(counted.values_list("uses", flat=True)) == {2}
    assert differences() == []
