"""Plans that last: of a connection that made them while there was nothing to read."""

import pytest
from django.db import connection

from tests.shop import Shop, order
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
