"""Partner pools over the API."""

import pytest

from coupons import pooling
from coupons.models import Code, CodePool, Job
from tests.shop import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", "P0", "P1", "P2")
    return shop


def test_codes_are_reserved_and_listed(shop: Shop) -> None:
    made = shop.api.post(
        "coupons/ten/pools", {"partner": "Bakery", "purpose": "autumn", "count": 2}
    )
    pool = CodePool.objects.get()
    assert made.status == 201
    assert {k: v for k, v in made.body.items() if k != "created_at"} == {
        "id": pool.pk, "partner": "Bakery", "purpose": "autumn", "count": 2,
        "exported_at": None, "released_at": None, "job": None,
    }  # fmt: skip
    assert shop.api.get("coupons/ten/pools").body["results"] == [made.body]
    assert Code.objects.filter(pool=pool).count() == 2


def test_the_same_call_again_reserves_once(shop: Shop) -> None:
    body = {"partner": "Bakery", "count": 1}
    first = shop.api.post("coupons/ten/pools", body, Idempotency_Key="k1")
    again = shop.api.post("coupons/ten/pools", body, Idempotency_Key="k1")
    assert (first.status, again.status, first.body) == (201, 201, again.body)
    assert CodePool.objects.count() == 1


def test_too_few_codes_reserve_none(shop: Shop) -> None:
    with nothing_changes():
        answer = shop.api.post("coupons/ten/pools", {"partner": "Bakery", "count": 4})
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.body["errors"] == [
        {"field": "count", "message": "There are only 3 free codes; issue more first."}
    ]


def test_many_codes_are_reserved_by_a_job(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "AT_ONCE", 1)
    made = shop.api.post("coupons/ten/pools", {"partner": "Bakery", "count": 2})
    assert (made.status, made.body["count"]) == (201, 0)
    assert made.body["job"] == str(Job.objects.get(kind="reserve").pk)
    assert shop.api.get(f"jobs/{made.body['job']}").body["total"] == 2
