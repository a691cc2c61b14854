"""Plans that are good though PostgreSQL does not know how many rows there are."""

from contextlib import nullcontext

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from coupons import importing, jobs, planning
from coupons.models import Code, Coupon, SheetImport
from coupons.sheets import merging, staging
from tests.shop import NOW, Shop, order
from tests.table_counts import counted

pytestmark = pytest.mark.django_db(transaction=True)

CODES = [f"UNIQUE{i:04}" for i in range(60)]


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("unique", code=None, limits={"uses": 100, "uses_per_customer": 50})
    shop.codes("unique", *CODES)
    # What PostgreSQL does by itself from time to time. It now takes the ledger for empty.
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    connection.close()
    return shop


def test_a_redemption_reads_no_table_whole_though_planned_while_it_was_empty(shop: Shop) -> None:
    before = counted("seq_scan")
    for code in CODES:
        body = order(code, ref=code, customer=f"C-{code}")
        assert shop.api.post("redemptions", body, Idempotency_Key=code).status == 201
    after = counted("seq_scan")
    assert {table for table, count in after.items() if count > before[table]} == set()


#: Codes that are there; those of a file, and how many of these are a piece.
THERE, ROWS, PIECE = 20_000, 3_000, 1_000


def codes_read() -> int:
    """Count how often a code was read, in whatever way."""
    return counted("seq_tup_read")["coupons_code"] + counted("idx_tup_fetch")["coupons_code"]


@pytest.mark.parametrize(
    ("by_key", "there"), [(False, THERE), (True, THERE), (True, THERE // 10), (True, THERE * 3)]
)
def test_an_import_reads_no_codes_but_its_own(
    monkeypatch: pytest.MonkeyPatch, by_key: bool, there: int
) -> None:
    """The first run shows that it would read all of them, for each piece."""
    if not by_key:
        monkeypatch.setattr(planning, "by_key", nullcontext)
    for module in (staging, merging):
        monkeypatch.setattr(module, "CHUNK", PIECE)
    shop = Shop.open()
    shop.coupon("unique", code=None)
    with connection.cursor() as cursor:
        # So many come that PostgreSQL has not looked at.
        cursor.execute("VACUUM (ANALYZE) coupons_code")
        cursor.execute(
            "SELECT pg_clear_attribute_stats('public', 'coupons_code', attname, false)"
            "  FROM pg_attribute WHERE attrelid = 'coupons_code'::regclass AND attnum > 0"
        )
        cursor.execute(
            "INSERT INTO coupons_code"
            "       (merchant_id, coupon_id, text, state, shared, max_uses, uses)"
            " SELECT merchant_id, id, 'THERE' || n, 'active', false, 1, 0"
            "   FROM coupons_coupon, generate_series(1, %s) n",
            [there],
        )
    text = "code\n" + "".join(f"FILE{n:04}\n" for n in range(ROWS))
    before = codes_read()
    imported = importing.upload(
        merchant=shop.merchant,
        sheet="codes",
        coupon=Coupon.objects.get(),
        file=ContentFile(text.encode(), name="codes.csv"),
        at_once=True,
        by="staff:alice",
        at=NOW,
    )
    while jobs.work_on(job_id=imported.job_id, at=NOW):
        pass
    read = codes_read() - before
    assert SheetImport.objects.get().stage == "applied"
    assert Code.objects.count() == there + ROWS
    if by_key:
        assert read < 5 * ROWS
    else:
        assert read >= there * ROWS / PIECE
