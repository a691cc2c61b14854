"""Codes set aside for a partner: reserved, exported once, given back, counted."""

from typing import Any

import pytest

from coupons import jobs, pooling, walking
from coupons.errors import Invalid, WrongState
from coupons.models import Code, CodePool, CodeWalk, Coupon, CouponCounter, Job, JournalEntry
from redemption.reconciling import differences
from reports import rollups
from reports.models import PoolFigure
from tests.shop import NOW, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", *(f"P{i}" for i in range(8)))
    return shop


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "AT_ONCE", 2)
    monkeypatch.setattr(walking, "CHUNK", 2)


def reserve(count: int = 3, partner: str = "Bakery", **more: Any) -> CodePool:
    values = {"purpose": "autumn", "by": "staff:alice", "at": NOW, **more}
    return pooling.reserve(
        coupon=Coupon.objects.get(slug="ten"), partner=partner, count=count, **values
    )


def codes_in(pool: CodePool) -> list[str]:
    return list(Code.objects.filter(pool=pool).order_by("id").values_list("text", flat=True))


def work(kind: Job.Kind) -> Job:
    job = Job.objects.filter(kind=kind).latest("created_at", "id")
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    job.refresh_from_db()
    return job


def told(type: str) -> list[dict[str, Any]]:
    return [entry.data for entry in JournalEntry.objects.filter(type=type).order_by("id")]


def test_a_pool_takes_codes_that_nobody_has_and_two_pools_share_none(shop: Shop) -> None:
    assert shop.api.post("redemptions", order("P1")).status == 201
    first, second = reserve(), reserve(2, partner="  The   Mill ")
    assert codes_in(first) == ["P0", "P2", "P3"]
    assert codes_in(second) == ["P4", "P5"]
    assert (first.count, second.count, second.partner) == (3, 2, "The Mill")
    assert told("codes.reserved") == [
        {"pool": first.pk, "partner": "Bakery", "count": 3},
        {"pool": second.pk, "partner": "The Mill", "count": 2},
    ]
    assert CouponCounter.objects.get().issued == 8
    assert differences() == []


def test_a_code_that_was_held_once_is_reserved_no_more(shop: Shop) -> None:
    held = shop.api.post("redemptions", order("P0", hold=True)).body["id"]
    assert shop.api.post(f"redemptions/{held}/release").status == 200
    assert codes_in(reserve(1)) == ["P1"]


def test_too_few_codes_are_told_with_how_many_there_are(shop: Shop) -> None:
    reserve(6)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        reserve(3)
    assert [(e.field, e.message) for e in refused.value.errors] == [
        ("count", "There are only 2 free codes; issue more first.")
    ]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"count": 0}, "count"), ({"partner": "  "}, "partner"), ({"purpose": "x" * 201}, "purpose")],
)
def test_a_pool_needs_a_partner_and_a_code(shop: Shop, values: Any, field: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        reserve(**values)
    assert [error.field for error in refused.value.errors] == [field]


def test_an_ended_coupon_reserves_nothing(shop: Shop) -> None:
    assert shop.api.post("coupons/ten/end").status == 200
    with nothing_changes(), pytest.raises(WrongState):
        reserve()


def test_codes_before_the_newest_pool_are_found_once_the_rest_is_gone(shop: Shop) -> None:
    first = reserve(2)
    reserve(5)
    pooling.release(pool=first, by="staff:alice", at=NOW)
    assert codes_in(reserve(3)) == ["P0", "P1", "P7"]


def test_a_large_pool_is_filled_piece_by_piece(shop: Shop, in_pieces: None) -> None:
    pool = reserve(5)
    assert (codes_in(pool), pool.count) == ([], 0)
    with nothing_changes(), pytest.raises(WrongState):
        export(pool)
    job = work(Job.Kind.RESERVE)
    pool.refresh_from_db()
    assert (job.status, job.done, job.total) == ("done", 5, 5)
    assert (codes_in(pool), pool.count) == (["P0", "P1", "P2", "P3", "P4"], 5)
    assert [each["count"] for each in told("codes.reserved")] == [5]


def test_a_large_pool_that_finds_too_few_keeps_them_and_says_so(
    shop: Shop, in_pieces: None
) -> None:
    for n in range(3):
        shop.api.post("redemptions", order(f"P{n}", ref=f"O-{n}"))
    pool = reserve(7)
    job = work(Job.Kind.RESERVE)
    pool.refresh_from_db()
    assert (job.status, job.problem) == ("failed", "There are only 5 free codes; issue more first.")
    assert (pool.count, len(codes_in(pool))) == (5, 5)


def test_what_was_not_exported_goes_back_but_for_what_is_used(shop: Shop) -> None:
    pool = reserve(3)
    assert shop.api.post("redemptions", order("P1")).status == 201
    pooling.release(pool=pool, by="staff:alice", at=NOW)
    pool.refresh_from_db()
    assert (codes_in(pool), pool.count, pool.released_at) == (["P1"], 1, NOW)
    assert told("codes.released") == [{"pool": pool.pk, "partner": "Bakery", "count": 2}]
    with nothing_changes(), pytest.raises(WrongState):
        pooling.release(pool=pool, by="staff:alice", at=NOW)
    with nothing_changes(), pytest.raises(WrongState):
        export(pool, again=True)


def test_a_large_pool_is_released_piece_by_piece(shop: Shop, in_pieces: None) -> None:
    pool = reserve(5)
    work(Job.Kind.RESERVE)
    pool.refresh_from_db()
    pooling.release(pool=pool, by="staff:alice", at=NOW)
    job = work(Job.Kind.RELEASE)
    pool.refresh_from_db()
    assert (job.status, job.done, codes_in(pool), pool.count) == ("done", 5, [], 0)


def export(pool: CodePool, *, again: bool = False, by: str = "staff:alice") -> Job:
    return pooling.export(pool=pool, again=again, format="csv", language="en", by=by, at=NOW)


def codes_of(job: Job) -> list[str]:
    with job.result.open("rb") as file:
        lines = file.read().decode().splitlines()
    return [line.partition(",")[0] for line in lines[1:]]


def test_the_first_export_is_free_and_another_is_confirmed_and_told(shop: Shop) -> None:
    pool = reserve(2)
    assert codes_of(export(pool)) == ["P0", "P1"]
    pool.refresh_from_db()
    assert (pool.exported_by, pool.exported_at) == ("staff:alice", NOW)
    with nothing_changes(), pytest.raises(WrongState):
        export(pool, by="staff:bob")
    with nothing_changes(), pytest.raises(WrongState):
        pooling.release(pool=pool, by="staff:bob", at=NOW)
    export(pool, again=True, by="staff:bob")
    pool.refresh_from_db()
    assert pool.exported_by == "staff:alice"
    assert told("codes.exported") == [
        {"pool": pool.pk, "partner": "Bakery", "count": 2, "again": False},
        {"pool": pool.pk, "partner": "Bakery", "count": 2, "again": True},
    ]


def test_codes_of_a_partner_do_not_go_over_to_another_coupon(shop: Shop) -> None:
    pool = reserve(2)
    assert shop.api.post("coupons/ten/replacement", {"slug": "new"}).status == 201
    assert shop.api.post("coupons/new/publish").status == 200
    work(Job.Kind.MOVE)
    assert Code.objects.filter(coupon__slug="ten").count() == 2
    assert codes_in(pool) == ["P0", "P1"]


def test_the_figures_of_a_pool_come_from_the_journal_and_are_the_same_rebuilt(shop: Shop) -> None:
    pool = reserve(2)
    for n, text in enumerate(("P0", "P1", "P2")):
        made = shop.api.post("redemptions", order(text, ref=f"O-{n}"))
    assert made.status == 201
    first = shop.api.get("redemptions?order=O-0").body["results"][0]["id"]
    assert shop.api.post(f"redemptions/{first}/reversals").status == 201
    rollups.catch_up()
    expected = [(pool.pk, "USD", 2, 1, 1000)]
    columns = ("pool", "currency", "redeemed", "reversed", "discount_minor")
    assert list(PoolFigure.objects.values_list(*columns)) == expected
    rollups.rebuild()
    assert list(PoolFigure.objects.values_list(*columns)) == expected
    assert CodeWalk.objects.count() == 0
