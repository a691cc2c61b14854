"""A year of baskets as paid orders."""

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from campaigns.models import Customer
from config.demo.copying import constant, copy_in, reserved_ids
from config.demo.progress import Told
from config.demo.shop import CURRENCY, TIME_ZONE, Shop
from config.demo.source import Source, cents
from redemption.models import Order

#: The clock that the file's times are read by. They name none; docs/demo.md says what
#: speaks for another.
CLOCK = TIME_ZONE

_KNOWN_SINCE = """
UPDATE campaigns_customer AS c
   SET paid_orders = o.baskets, registered_at = o.first_at, created_at = o.first_at
  FROM (SELECT customer_id, count(*) AS baskets, min(placed_at) AS first_at
          FROM redemption_order WHERE merchant_id = %s GROUP BY customer_id) AS o
 WHERE c.id = o.customer_id
"""


def are_there(*, shop: Shop) -> bool:
    """Say whether the orders are loaded; they come all or none, with their lines."""
    return Order.objects.of(shop.merchant).exists()


def load(*, shop: Shop, source: Source, told: Told) -> dict[str, int]:
    """Load every basket with its lines, and count them for their customers.

    Call it inside a transaction. Returns how many orders and how many lines.
    """
    customers = _customer_ids(shop)
    orders = lines = 0
    with connection.cursor() as cursor:
        # Foreign keys are looked at after each COPY; put off to the end, they would
        # wait in memory by the million.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for piece in source.baskets():
            orders += _load_piece(shop=shop, piece=piece, customers=customers)
            lines += piece.num_rows
            told(piece.num_rows)
        cursor.execute(_KNOWN_SINCE, [shop.merchant.pk])
        cursor.execute(
            "ANALYZE redemption_order, redemption_orderline, campaigns_customer, coupons_product"
        )
    return {"orders": orders, "order lines": lines}


def _customer_ids(shop: Shop) -> tuple[pa.Array, pa.Array]:
    """Return the refs of the customers and, in the same order, their ids."""
    known = Customer.objects.of(shop.merchant).values_list("ref", "pk")
    refs, ids = zip(*known, strict=True)
    return pa.array([int(ref) for ref in refs], pa.int64()), pa.array(ids, pa.int64())


def _load_piece(*, shop: Shop, piece: pa.Table, customers: tuple[pa.Array, pa.Array]) -> int:
    """COPY the orders of a piece, then their lines; return how many orders."""
    lines = priced(piece)
    baskets = lines.group_by("basket", use_threads=False).aggregate(
        [("household", "min"), ("placed", "min"), ("paid", "sum")]
    )
    ids = reserved_ids(table="redemption_order", count=baskets.num_rows)
    refs, pks = customers
    copy_in(
        into="redemption_order",
        rows=pa.table(
            {
                "id": ids,
                "merchant_id": constant(shop.merchant.pk, like=baskets),
                "ref": baskets["basket"],
                "customer_id": pks.take(_places(baskets["household_min"], among=refs)),
                "channel_id": constant(shop.store.pk, like=baskets),
                "status": constant(Order.Status.PAID.value, like=baskets),
                "currency": constant(CURRENCY, like=baskets),
                "total_minor": baskets["paid_sum"],
                "refunded_minor": constant(0, like=baskets),
                "placed_at": _zoned(baskets["placed_min"]),
                "paid_at": _zoned(baskets["placed_min"]),
            }
        ),
    )
    copy_in(
        into="redemption_orderline",
        rows=pa.table(
            {
                "merchant_id": constant(shop.merchant.pk, like=lines),
                "order_id": ids.take(_places(lines["basket"], among=baskets["basket"])),
                # A basket has each product once: the product names the line.
                "ref": lines["product"],
                "sku": lines["product"],
                "quantity": lines["quantity"],
                "unit_price_minor": lines["unit_price"],
                "member_discount_minor": lines["member_discount"],
            }
        ),
    )
    return int(baskets.num_rows)


def priced(piece: pa.Table) -> pa.Table:
    """Return the lines with their price on the shelf and the loyalty card's discount, in cents.

    `sales_value` is what the shop took in; what the card and the shop's matching of a
    coupon took off goes on top again. Where a total is no whole number of cents a unit
    (goods by weight, fuel), or the quantity is 0, the line is one unit at the total.
    """
    member = cents(piece["retail_disc"])
    total = pc.add(pc.add(cents(piece["sales_value"]), member), cents(piece["coupon_match_disc"]))
    counted = pc.max_element_wise(piece["quantity"], 1)
    each = pc.divide(total, counted)
    divides = pc.and_(pc.greater(piece["quantity"], 0), pc.equal(pc.multiply(each, counted), total))
    return pa.table(
        {
            "household": piece["household_id"],
            "basket": piece["basket_id"],
            "product": piece["product_id"],
            "placed": piece["transaction_timestamp"].cast(pa.timestamp("s")),
            "quantity": pc.if_else(divides, counted, 1),
            "unit_price": pc.if_else(divides, each, total),
            "member_discount": member,
            # Before coupons: the ledger says what those took off.
            "paid": pc.subtract(total, member),
        }
    )


def _places(wanted: pa.ChunkedArray, *, among: pa.Array) -> pa.Array:
    """Return where each of `wanted` stands in `among`."""
    return pc.index_in(wanted, value_set=among)


def _zoned(wall: pa.ChunkedArray) -> pa.ChunkedArray:
    """Name the clock on the shop's wall; PostgreSQL knows its summer time."""
    return pc.binary_join_element_wise(wall.cast(pa.string()), CLOCK, " ")
