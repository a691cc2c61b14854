"""How the rows of codes lie in their table."""

import pytest
from django.db import connection

from coupons.models import Code, Coupon
from tests.shop import Shop, order
from tests.table_counts import counted

pytestmark = pytest.mark.django_db(transaction=True)

#: As many as fill fifty pages, and those that are redeemed: none on the page of another.
MANY, EACH = 4_000, 100


def updates() -> tuple[int, int]:
    """Count the changes of codes, and those of them that wrote no index."""
    return counted("n_tup_upd")["coupons_code"], counted("n_tup_hot_upd")["coupons_code"]


@pytest.mark.parametrize(("fillfactor", "in_place"), [(100, 0), (90, 40)])
def test_a_use_is_counted_without_a_change_of_any_index(fillfactor: int, in_place: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'coupons_code'")
        assert cursor.fetchone() == (["fillfactor=90"],)
        # The first run shows what happens without it.
        cursor.execute(f"ALTER TABLE coupons_code SET (fillfactor = {fillfactor})")
        cursor.execute("VACUUM (FULL) coupons_code")  # no room that other tests have left
    try:
        shop = Shop.open()
        shop.coupon("unique", code=None)
        coupon = Coupon.objects.get()
        Code.objects.bulk_create(
            Code(merchant=shop.merchant, coupon=coupon, text=f"UNIQUE{i:06}") for i in range(MANY)
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE coupons_code SET (fillfactor = 90)")
    before = updates()
    for i in range(0, MANY, EACH):
        assert shop.api.post("redemptions", order(f"UNIQUE{i:06}", ref=f"O-{i}")).status == 201
    after = updates()
    assert (after[0] - before[0], after[1] - before[1]) == (40, in_place)
