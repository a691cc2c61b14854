"""Two people move one coupon at once: first without the lock, then with it."""

from typing import Any

import pytest

from coupons import changing, lifecycle
from coupons.errors import HexiaoError
from coupons.models import Coupon, JournalEntry, Merchant, State
from tests.concurrency.meeting import Meeting
from tests.definitions import MINIMAL
from tests.shop import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def coupon() -> Coupon:
    merchant = Merchant.objects.create(
        slug="acme", name="Acme", currency="USD", reviews_required=True
    )
    coupon = changing.create(merchant=merchant, body=MINIMAL, by="staff:bob", at=NOW)
    return lifecycle.submit(coupon=coupon, by="staff:bob", at=NOW)


def unlocked(patch: pytest.MonkeyPatch) -> None:
    """Let a coupon be read for a move without being locked."""

    def read(*, coupon: Coupon) -> Coupon:
        return Coupon.objects.select_related("merchant").get(pk=coupon.pk)

    for module in (lifecycle, changing):
        patch.setattr(module, "locked", read)


def told(verb: Any, **values: Any) -> str:
    """Take a step; return the state that it led to, or the code of its refusal."""
    try:
        return str(verb(at=NOW, **values).state)
    except HexiaoError as error:
        return error.code


def published_twice(coupon: Coupon, patch: pytest.MonkeyPatch) -> list[str]:
    lifecycle.approve(coupon=coupon, by="staff:rita", at=NOW)
    return (
        Meeting(patch)
        .after(lifecycle, "locked")
        .of(
            lambda: told(lifecycle.publish, coupon=coupon, by="staff:bob"),
            lambda: told(lifecycle.publish, coupon=coupon, by="staff:rita"),
        )
    )


def publications() -> int:
    return JournalEntry.objects.filter(type="coupon.published").count()


def test_a_coupon_is_published_twice_without_the_lock(
    coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked(monkeypatch)
    assert published_twice(coupon, monkeypatch) == ["live", "live"]
    assert publications() == 2


def test_a_coupon_is_published_once(coupon: Coupon, monkeypatch: pytest.MonkeyPatch) -> None:
    assert published_twice(coupon, monkeypatch) == ["live", "wrong_state"]
    assert publications() == 1


def approved_and_changed(coupon: Coupon, patch: pytest.MonkeyPatch) -> list[str]:
    """Approve what was looked at while its author changes it."""
    meeting = Meeting(patch).after(lifecycle, "locked").after(changing, "locked")
    return meeting.of(
        lambda: told(
            changing.change, coupon=coupon, body={"value": {"USD": "500"}}, by="staff:bob"
        ),
        lambda: told(lifecycle.approve, coupon=coupon, by="staff:rita", seen_version=1),
    )


def test_what_nobody_looked_at_is_approved_without_the_lock(
    coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked(monkeypatch)
    assert approved_and_changed(coupon, monkeypatch) == ["draft", "approved"]
    coupon.refresh_from_db()
    assert (coupon.state, coupon.version) == (State.APPROVED, 2)


def test_an_approval_is_of_the_version_that_was_looked_at(
    coupon: Coupon, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert approved_and_changed(coupon, monkeypatch) == ["draft", "wrong_state"]
    coupon.refresh_from_db()
    assert (coupon.state, coupon.version) == (State.DRAFT, 2)
