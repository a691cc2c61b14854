"""Which of a household's baskets a coupon was used on: the data does not say."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from config.demo.shop import TIME_ZONE, Shop
from config.demo.source import Source, Wish

_BASKETS = """
SELECT c.ref, (o.placed_at AT TIME ZONE %s)::date, o.ref, o.placed_at,
       array_agg(l.sku ORDER BY l.id), array_agg(l.quantity ORDER BY l.id),
       array_agg(l.unit_price_minor ORDER BY l.id), array_agg(l.member_discount_minor ORDER BY l.id)
  FROM unnest(%s::text[], %s::date[]) AS w (household, day)
  JOIN campaigns_customer c ON c.merchant_id = %s AND c.ref = w.household
  JOIN redemption_order o
    ON o.customer_id = c.id AND (o.placed_at AT TIME ZONE %s)::date = w.day
  JOIN redemption_orderline l ON l.order_id = o.id
 GROUP BY c.ref, o.id
 ORDER BY o.placed_at, o.id
"""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a basket, in cents; its SKU is its name, too."""

    sku: str
    quantity: int
    unit_price: int
    member_discount: int

    @property
    def base(self) -> int:
        """Return the line's price before coupons."""
        return self.quantity * self.unit_price - self.member_discount


@dataclass(frozen=True, slots=True)
class Basket:
    """One order of a household, as it is in the database."""

    ref: str
    placed_at: dt.datetime
    items: Sequence[Item]
    #: Cents that coupons took off, by SKU, as the grocer recorded it.
    taken: dict[str, int]

    def items_of(self, skus: frozenset[str]) -> list[Item]:
        """Return the lines of these products."""
        return [item for item in self.items if item.sku in skus]

    def taken_on(self, skus: frozenset[str]) -> list[int]:
        """Return what coupons took off lines of these products."""
        return [minor for sku, minor in self.taken.items() if sku in skus]


#: The baskets of a household on a day, the earliest first.
Baskets = dict[tuple[str, dt.date], list[Basket]]


def baskets_of(*, shop: Shop, source: Source, wishes: Iterable[Wish]) -> Baskets:
    """Read the baskets of the days on which households used coupons."""
    asked = sorted({(wish.household, wish.day) for wish in wishes})
    found: Baskets = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _BASKETS,
            [
                TIME_ZONE,
                [household for household, _ in asked],
                [day for _, day in asked],
                shop.merchant.pk,
                TIME_ZONE,
            ],
        )
        for household, day, ref, placed_at, *columns in cursor.fetchall():
            items = [Item(*values) for values in zip(*columns, strict=True)]
            taken = source.coupon_discounts.get(ref, {})
            found.setdefault((household, day), []).append(Basket(ref, placed_at, items, taken))
    return found


def basket_for(*, wish: Wish, skus: frozenset[str], baskets: Baskets) -> Basket | None:
    """Choose the basket of that day with a product of the coupon, or None.

    Of several, the first on which a coupon took something off such a product; else the
    first where such a product costs something; else the first.
    """
    fitting = [
        basket for basket in baskets.get((wish.household, wish.day), ()) if basket.items_of(skus)
    ]
    return min(
        fitting,
        default=None,
        key=lambda basket: (
            not basket.taken_on(skus),
            not any(item.base > 0 for item in basket.items_of(skus)),
        ),
    )
