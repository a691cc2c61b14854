"""A code's page, and pools in the console: reserved, taken away, released, given anew."""

from typing import Any

import pytest
from django.db import connection

from coupons import jobs, pooling
from coupons.models import Code, CodeBatch, CodePool, Coupon, Job, JournalEntry, Merchant, Role
from reports import rollups
from tests.people import Person, person
from tests.shop import NOW, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", *(f"P{i}" for i in range(6)))
    return shop


@pytest.fixture
def alice(shop: Shop) -> Person:
    return person("alice", shop.merchant, Role.OWNER)


def pool_of(merchant: Merchant, count: int = 2) -> CodePool:
    return pooling.reserve(
        coupon=Coupon.objects.get(merchant=merchant, slug="ten"),
        partner="Bakery", purpose="autumn", count=count, by="staff:alice", at=NOW,
    )  # fmt: skip


def shown(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def page_of(text: str) -> str:
    return f"/coupons/code/{Code.objects.get(text=text).pk}/change/"


def test_codes_are_reserved_from_the_coupons_page(shop: Shop, alice: Person) -> None:
    coupon = Coupon.objects.get(slug="ten")
    address = f"/coupons/coupon/{coupon.pk}/reserve/"
    assert address in shown(alice.get(f"/coupons/coupon/{coupon.pk}/change/"))
    alice.post(address, partner="Bakery", purpose="autumn", count=2)
    pool = CodePool.objects.get()
    assert (pool.partner, pool.purpose, pool.count, pool.created_by) == (
        "Bakery", "autumn", 2, "staff:alice",
    )  # fmt: skip
    assert f"/coupons/codepool/{pool.pk}/change/" in shown(
        alice.get(f"/coupons/coupon/{coupon.pk}/change/")
    )
    with nothing_changes():
        answer = alice.post(address, partner="Mill", count=5)
    assert "There are only 4 free codes; issue more first." in shown(answer)


def test_a_pool_shows_its_figures_and_the_list_too(shop: Shop, alice: Person) -> None:
    pool = pool_of(shop.merchant)
    assert shop.api.post("redemptions", order("P0")).status == 201
    rollups.catch_up()
    page = shown(alice.get(f"/coupons/codepool/{pool.pk}/change/"))
    for part in ("<dt>Codes</dt><dd>2</dd>", "<dt>Redeemed</dt><dd>1</dd>", "10.00 USD"):
        assert part in page
    listed = alice.get("/coupons/codepool/").context["cl"].result_list
    assert [(row.partner, row.redeemed) for row in listed] == [("Bakery", 1)]


def test_the_file_is_taken_once_and_once_more_if_confirmed(shop: Shop, alice: Person) -> None:
    pool = pool_of(shop.merchant)
    address = f"/coupons/codepool/{pool.pk}/export/"
    answer = alice.post(address, format="csv")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").split()
    assert [line.partition(",")[0] for line in lines if line[0] in "CP"] == ["Code", "P0", "P1"]
    assert "alice took these codes away" in shown(alice.get(address))
    with nothing_changes():
        alice.post(address, format="csv")
    again = alice.post(address, format="csv", again="on")
    assert b"".join(again.streaming_content).count(b"\n") == 3
    told = JournalEntry.objects.filter(type="codes.exported").order_by("id")
    assert [entry.data["again"] for entry in told] == [False, True]


def test_a_pool_is_released_from_its_page(shop: Shop, alice: Person) -> None:
    pool = pool_of(shop.merchant)
    alice.post(f"/coupons/codepool/{pool.pk}/release/")
    assert Code.objects.filter(pool=pool).count() == 0
    assert "Back at the coupon" in shown(alice.get(f"/coupons/codepool/{pool.pk}/change/"))


@pytest.mark.parametrize("what", ["codebatch", "codepool"])
@pytest.mark.parametrize(("step", "kind"), [("revoke", "revoke"), ("reissue", "reissue")])
def test_leaked_codes_are_withdrawn_from_the_page(
    shop: Shop, alice: Person, what: str, step: str, kind: str
) -> None:
    pool = pool_of(shop.merchant)
    pk = pool.pk if what == "codepool" else CodeBatch.objects.get().pk
    assert f'href="../{step}/"' in shown(alice.get(f"/coupons/{what}/{pk}/change/"))
    with nothing_changes():
        alice.post(f"/coupons/{what}/{pk}/{step}/", reason=" ")
    answer = alice.post(f"/coupons/{what}/{pk}/{step}/", reason="leaked")
    job = Job.objects.get(kind=kind)
    assert answer["Location"] == f"/coupons/job/{job.pk}/change/"
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    assert Code.objects.filter(state="revoked").count() == (2 if what == "codepool" else 6)


def test_a_codes_page_tells_its_whole_life(shop: Shop, alice: Person) -> None:
    pool_of(shop.merchant)
    made = shop.api.post("redemptions", order("P0", customer="C-1"))
    assert shop.api.post("redemptions", order("P0", ref="O-2")).status == 422
    page = shown(alice.get(page_of("P0")))
    for part in (
        "Redeemed", "P0", "1 / 1", "Bakery", "Made in batch", "Code redeemed", "C-1",
        f"/redemption/redemption/{made.body['id']}/change/",
        "/redemption/refusedattempt/",
    ):  # fmt: skip
        assert part in page, part
    assert "/revoke/" not in page


def test_a_code_is_revoked_from_its_page_with_the_reason_shown(shop: Shop, alice: Person) -> None:
    page = page_of("P1")
    address = page.replace("change", "revoke")
    assert address in shown(alice.get(page))
    alice.post(address, reason="Seen on a forum")
    assert Code.objects.get(text="P1").state == "revoked"
    assert "Seen on a forum" in shown(alice.get(page))
    listed = alice.get("/coupons/code/", state="revoked").context["cl"].result_list
    assert [row.text for row in listed] == ["P1"]


def test_a_replaced_code_and_its_new_one_lead_to_each_other(shop: Shop, alice: Person) -> None:
    batch = CodeBatch.objects.get().pk
    alice.post(f"/coupons/codebatch/{batch}/reissue/", reason="leaked")
    while jobs.work_on(job_id=Job.objects.get(kind="reissue").pk, at=NOW):
        pass
    new = Code.objects.get(text="P0").replaced_by
    assert page_of(new.text) in shown(alice.get(page_of("P0")))
    assert page_of("P0") in shown(alice.get(page_of(new.text)))


def test_a_clerk_is_told_nothing_of_partners(shop: Shop) -> None:
    clerk = person("cleo", shop.merchant, Role.CLERK)
    pool_of(shop.merchant)
    assert clerk.get("/coupons/codepool/").status_code in (403, 404)
    assert "Bakery" not in shown(clerk.get("/coupons/code/"))


FILTERS = [
    ("state", ("text",), "code_revoked"),
    ("shared", ("text",), "coupon_has_one_shared_code"),
    ("unique", ("text",), "code_text_is_unique"),
    ("pool", ("id",), "code_by_pool"),
    ("coupon", ("id",), "code_by_coupon"),
]


@pytest.mark.parametrize(("by", "order", "index"), FILTERS)
def test_each_filter_of_the_codes_follows_an_index(
    shop: Shop, by: str, order: tuple[str, ...], index: str
) -> None:
    coupon, pool = Coupon.objects.get(slug="ten"), pool_of(shop.merchant)
    shop.coupon("elsewhere", code=None)
    other = Coupon.objects.get(slug="elsewhere")
    Code.objects.bulk_create(
        Code(merchant=shop.merchant, coupon=other, text=f"BULK{i:05}") for i in range(20_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE coupons_code")
    kept: dict[str, dict[str, Any]] = {
        "state": {"state": "revoked"},
        "shared": {"shared": True},
        "unique": {"shared": False},
        "pool": {"pool": pool},
        "coupon": {"coupon": coupon},
    }
    plan = Code.objects.of(shop.merchant).filter(**kept[by]).order_by(*order)[:51].explain()
    assert index in plan, plan
    assert "Seq Scan" not in plan


def test_no_index_of_codes_names_what_a_redemption_changes() -> None:
    """PostgreSQL then writes a use beside the row, and no index at all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'coupons_code'")
        found = [definition for (definition,) in cursor.fetchall()]
    assert len(found) > 5
    assert [each for each in found if "uses" in each] == []
