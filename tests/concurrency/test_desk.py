"""Two requests of the desk at once: one press redeems once, one right is asked for each."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from coupons.models import Role
from redemption import desk, pressing
from redemption.desk import Clerk, Purchase
from redemption.models import Redemption
from tests.people import People, person
from tests.shop import NOW, Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clerk() -> Clerk:
    people = People.meet()
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("manage", "publish", "codes")
    shop.coupon("pool", kind="pass", code=None, limits={"uses_per_code": 9})
    shop.codes("pool", "POOL2345")
    owner = person("olga", people.acme, Role.OWNER)
    return Clerk(user=owner.user, merchant=people.acme)


def pressed(clerk: Clerk, *, times: int, order: Any) -> list[uuid.UUID]:
    """Send one press several times at the same moment, each with the order that it is given."""
    key = uuid.uuid4()
    start = Barrier(times)

    def send(n: int) -> uuid.UUID:
        try:
            start.wait(20)
            purchase = Purchase(code="POOL-2345", order=order(n))
            return desk.redeem(clerk=clerk, purchase=purchase, press=key, at=NOW.replace(year=2027))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(send, range(times)))


def test_one_press_sent_many_times_at_once_redeems_once(clerk: Clerk) -> None:
    # Even if each named another order, as no page does: the press alone holds it.
    done = pressed(clerk, times=6, order=lambda n: f"T-{n}")
    assert len(set(done)) == 1
    assert Redemption.objects.count() == 1


def test_without_the_press_each_would_redeem(clerk: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressing.Press, "hear", lambda *_: None)
    monkeypatch.setattr(pressing.Press, "statements", lambda *_: [])
    done = pressed(clerk, times=4, order=lambda n: f"T-{n}")
    assert len(set(done)) == Redemption.objects.count() == 4
