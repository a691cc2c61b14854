"""Holds with others at the same rows: first without the guard, to see the race, then with it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from coupons.models import Code, CouponCounter, JournalEntry
from redemption import holds, ledger, recording, taking
from redemption.models import Redemption, Use
from redemption.reconciling import differences
from tests.concurrency.meeting import Meeting, constraint_dropped, without_row_locks
from tests.shop import NOW, Answer, Api, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(settings: Any) -> Shop:
    settings.HEXIAO_TEST_CLOCK = True
    shop = Shop.open()
    shop.coupon("unique", code=None, starts_at=at(-60), limits={"uses": 9})
    shop.codes("unique", "ONLY1", "OTHER")
    return shop


def at(minutes: float) -> str:
    """Return the header's time so many minutes after noon."""
    return (NOW + timedelta(minutes=minutes)).isoformat()


def redeem(shop: Shop, ref: str, *, minute: float = 0, **changes: Any) -> Callable[[], Answer]:
    """Return the call that redeems the one code, or holds it for 15 minutes."""
    body = order("only1", ref=ref, **changes)
    return lambda: Api(shop.api.key).post("redemptions", body, X_Test_Clock=at(minute))


def held(shop: Shop) -> str:
    """Hold the one code beside another redemption of its coupon; return the hold's path."""
    assert shop.api.post("redemptions", order("other", ref="O-0"), X_Test_Clock=at(0)).status == 201
    answer = redeem(shop, "O-1", hold=True)()
    assert answer.status == 201, answer
    return f"redemptions/{answer.body['id']}"


def called(shop: Shop, path: str, *, minute: float = 14) -> Callable[[], Answer]:
    return lambda: Api(shop.api.key).post(path, X_Test_Clock=at(minute))


def sweep() -> int:
    return holds.release_lapsed(at=NOW + timedelta(minutes=15))


def stands() -> tuple[str, int, int]:
    """Return the hold's status, the uses of its code, and those of its coupon."""
    status = Redemption.objects.get(order_ref="O-1").status
    return status, Code.objects.get(text="ONLY1").uses, CouponCounter.objects.get().uses


def told(verb: str) -> int:
    return JournalEntry.objects.filter(type=f"redemption.{verb}", data__order="O-1").count()


ORDERS = [False, True]


# --- Hold and redemption of one code -------------------------------------------------


@pytest.mark.parametrize("hold_first", ORDERS)
def test_a_code_is_held_and_redeemed_without_the_guards(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, hold_first: bool
) -> None:
    guard = "uses < max_uses"
    assert guard in taking.TAKE_CODE
    monkeypatch.setattr(taking, "TAKE_CODE", taking.TAKE_CODE.replace(guard, "true"))
    calls = [redeem(shop, "O-1", hold=hold_first), redeem(shop, "O-2", hold=not hold_first)]
    back = "UPDATE coupons_code SET uses = 0"
    with constraint_dropped("coupons_code", "code_uses_within_limit", then=back):
        answers = Meeting(monkeypatch).before(ledger, "write").of(*calls)
    assert [answer.status for answer in answers] == [201, 201]


@pytest.mark.parametrize("hold_first", ORDERS)
def test_a_code_is_held_or_redeemed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, hold_first: bool
) -> None:
    calls = [redeem(shop, "O-1", hold=hold_first), redeem(shop, "O-2", hold=not hold_first)]
    first, second = Meeting(monkeypatch).before(ledger, "write").of(*calls)
    assert (first.status, second.status) == (201, 422)
    why = "held" if hold_first else "already_redeemed"
    assert second.body["rejected"][0]["reason"] == why
    assert Use.objects.filter(standing=True).count() == 1
    assert Code.objects.get(text="ONLY1").uses == 1
    assert differences() == []


# --- Confirmation, release, expiry ----------------------------------------------------


def meeting(patch: pytest.MonkeyPatch) -> Meeting:
    """Meet once a hold has been read, and before anything of it is written."""
    return Meeting(patch).after(holds, "locked").before(holds, "_release")


@pytest.mark.parametrize("sweeper_first", ORDERS)
def test_what_was_confirmed_is_free_again_without_the_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, sweeper_first: bool
) -> None:
    confirm: Callable[[], Any] = called(shop, f"{held(shop)}/confirmation")
    without_row_locks(monkeypatch)
    calls = [sweep, confirm] if sweeper_first else [confirm, sweep]
    answers = meeting(monkeypatch).of(*calls)
    assert answers[sweeper_first].status == 200
    assert stands()[1:] == (0, 1)  # confirmed, and yet given back


@pytest.mark.parametrize("sweeper_first", ORDERS)
def test_a_hold_is_confirmed_or_runs_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, sweeper_first: bool
) -> None:
    confirm: Callable[[], Any] = called(shop, f"{held(shop)}/confirmation")
    calls = [sweep, confirm] if sweeper_first else [confirm, sweep]
    answers = meeting(monkeypatch).of(*calls)
    if sweeper_first:
        assert (answers[0], answers[1].status, answers[1].code) == (1, 409, "wrong_state")
        assert stands() == ("released", 0, 1)
    else:
        assert (answers[0].status, answers[1]) == (200, 0)
        assert stands() == ("redeemed", 1, 2)
    assert differences() == []


def test_a_confirmation_at_once_is_told_twice_without_the_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{held(shop)}/confirmation"
    without_row_locks(monkeypatch)
    meeting(monkeypatch).of(called(shop, path), called(shop, path))
    assert told("created") == 2


def test_a_confirmation_at_once_is_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{held(shop)}/confirmation"
    first, second = meeting(monkeypatch).of(called(shop, path), called(shop, path))
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    assert told("created") == 1
    assert stands() == ("redeemed", 1, 2)
    assert differences() == []


@pytest.mark.parametrize("release_first", ORDERS)
def test_what_was_confirmed_is_released_without_the_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, release_first: bool
) -> None:
    path = held(shop)
    verbs = ["release", "confirmation"] if release_first else ["confirmation", "release"]
    without_row_locks(monkeypatch)
    answers = meeting(monkeypatch).of(*[called(shop, f"{path}/{verb}") for verb in verbs])
    assert [answer.status for answer in answers] == [200, 200]
    assert stands()[1:] == (0, 1)


@pytest.mark.parametrize("release_first", ORDERS)
def test_a_hold_is_confirmed_or_released(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, release_first: bool
) -> None:
    path = held(shop)
    verbs = ["release", "confirmation"] if release_first else ["confirmation", "release"]
    calls = [called(shop, f"{path}/{verb}") for verb in verbs]
    first, second = meeting(monkeypatch).of(*calls)
    assert (first.status, second.status, second.code) == (200, 409, "wrong_state")
    assert stands() == (("released", 0, 1) if release_first else ("redeemed", 1, 2))
    assert differences() == []


def two_sweepers(shop: Shop, patch: pytest.MonkeyPatch) -> list[int]:
    """Sweep twice at once where one redemption of a shared code stands, and one hold ran out."""
    shop.coupon("shared", starts_at=at(-60))
    for ref, hold in (("O-0", False), ("O-1", True)):
        body = order("shared", ref=ref, hold=hold)
        assert shop.api.post("redemptions", body, X_Test_Clock=at(0)).status == 201
    return Meeting(patch).before(recording, "parts_of").of(sweep, sweep)


def test_two_sweepers_give_back_twice_without_the_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_row_locks(monkeypatch)
    assert two_sweepers(shop, monkeypatch) == [1, 1]
    assert told("released") == 2
    assert CouponCounter.objects.get(coupon__slug="shared").uses == 0  # though O-0 stands


def test_two_sweepers_give_back_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert two_sweepers(shop, monkeypatch) == [1, 0]
    assert told("released") == 1
    assert CouponCounter.objects.get(coupon__slug="shared").uses == 1
    assert differences() == []
