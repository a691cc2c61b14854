"""What redeeming a file costs beside reading it and writing the same rows."""

import io
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import python_calamine
import xlsxwriter
from django.db import connection

from coupons import jobs
from coupons.caller import Caller
from coupons.models import Code, CouponCounter, Merchant
from redemption import batches
from redemption.models import Redemption, RedemptionBatch
from redemption.reconciling import differences
from tests.benchmarks.filling import add_codes
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1_800)]

ROWS = int(os.environ.get("BENCH_ROWS", "100000"))
#: As many times the floor as redeeming a file may take.
MOST = 3

_AGAIN = (
    """
    INSERT INTO redemption_redemption
           (id, merchant_id, order_ref, customer_id, channel_id, status, method, currency,
            subtotal_minor, discount_minor, shipping_discount_minor, cart_hash, quote, evidence,
            is_test, actor, created_at, expires_at)
    SELECT md5(id::text)::uuid, merchant_id, 'again-' || order_ref, customer_id, channel_id,
           status, method, currency, subtotal_minor, discount_minor, shipping_discount_minor,
           cart_hash, quote, evidence, is_test, actor, created_at, expires_at
      FROM redemption_redemption
    """,
    """
    INSERT INTO redemption_use
           (id, merchant_id, redemption_id, coupon_id, version, code_id, order_ref, customer_id,
            standing, taken, held_until, is_test, discount_minor, shipping_discount_minor,
            budget_minor, rate, counted_on, created_at, clawed_back_minor)
    SELECT md5(id::text)::uuid, merchant_id, md5(redemption_id::text)::uuid, coupon_id, version,
           code_id, 'again-' || order_ref, customer_id, standing, taken, held_until, is_test,
           discount_minor, shipping_discount_minor, budget_minor, rate, counted_on, created_at,
           clawed_back_minor
      FROM redemption_use
    """,
    """
    INSERT INTO redemption_useline
           (merchant_id, use_id, line_ref, order_ref, sku, quantity, base_minor, discount_minor,
            funded_by, returned_quantity, returned_minor)
    SELECT merchant_id, md5(use_id::text)::uuid, line_ref, order_ref, sku, quantity, base_minor,
           discount_minor, funded_by, 0, 0
      FROM redemption_useline
    """,
    """
    INSERT INTO coupons_journalentry
           (merchant_id, at, type, actor, request_id, coupon_id, code_id, customer_ref,
            redemption_ref, data)
    SELECT merchant_id, at, type, actor, request_id, coupon_id, code_id, customer_ref,
           md5(redemption_ref::text)::uuid, data
      FROM coupons_journalentry WHERE redemption_ref IS NOT NULL
    """,
    "UPDATE coupons_code SET uses = uses WHERE uses > 0",
)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("unique", code=None)
    add_codes(coupon="unique", codes=ROWS)
    CouponCounter.objects.update(issued=ROWS)
    return shop


def rows() -> Iterator[list[str]]:
    yield ["code", "order", "amount", "redeemed_at", "note"]
    for number, text in enumerate(Code.objects.values_list("text", flat=True).iterator()):
        yield [text, f"B-{number}", "49.90", "", ""]


def workbook() -> io.BytesIO:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for at, row in enumerate(rows()):
            sheet.write_row(at, 0, row)
    file.seek(0)
    return file


def started(file: io.BytesIO, merchant: Merchant) -> RedemptionBatch:
    caller = Caller(merchant=merchant, actor="system")
    return batches.start(
        caller=caller, file=file, name="codes.xlsx", at_once=True, at=datetime.now(UTC)
    )


def work(batch: RedemptionBatch) -> None:
    while jobs.work_on(job_id=batch.job_id, at=datetime.now(UTC)):
        pass


def test_a_workbook_against_reading_it_and_writing_its_rows(shop: Shop) -> None:
    file = workbook()
    batch = started(io.BytesIO(file.getvalue()), shop.merchant)
    began = time.perf_counter()
    work(batch)
    took = time.perf_counter() - began
    assert Redemption.objects.count() == ROWS
    assert differences() == []
    began = time.perf_counter()
    book = python_calamine.load_workbook(file)
    assert len(book.get_sheet_by_index(0).to_python()) == ROWS + 1
    reading = time.perf_counter() - began
    began = time.perf_counter()
    with connection.cursor() as cursor:
        for sql in _AGAIN:
            cursor.execute(sql)
    writing = time.perf_counter() - began
    floor = reading + writing
    print(
        f"\n{ROWS} rows {took:.1f} s  floor {floor:.1f} s (reading {reading:.1f}, writing "
        f"{writing:.1f})  ratio {took / floor:.2f} (goal {MOST})"
    )
    assert took <= MOST * floor
