"""Read figures of a merchant over a period, from the roll-ups alone.

Money is in minor units; each currency stands on its own and is never converted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Max, Min, QuerySet, Sum

from coupons.models import Coupon, Merchant
from coupons.pricing.money import round_half_up
from reports.models import DailyFigure

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
SUMS = ("issued", "redeemed", "discount_minor", "orders", "order_value_minor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days from the first to the last, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.last - self.first).days + 1

    @property
    def previous(self) -> "Period":
        """Return as many days just before."""
        return ending(on=self.first - DAY, days=self.days)


def ending(*, on: date, days: int) -> Period:
    """Return the period of so many days that ends on a day."""
    return Period(first=on - (days - 1) * DAY, last=on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sales:
    """What was redeemed in one currency."""

    currency: str
    redeemed: int = 0
    discount_minor: int = 0
    orders: int = 0
    order_value_minor: int = 0

    @property
    def average_order_minor(self) -> int | None:
        """Return the order value per order, a half going up; None without orders."""
        return round_half_up(self.order_value_minor, self.orders) if self.orders else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A period in sum: codes over all currencies, money by currency."""

    issued: int
    sales: tuple[Sales, ...]

    @property
    def redeemed(self) -> int:
        """Return the codes used, over all currencies."""
        return sum(each.redeemed for each in self.sales)

    @property
    def orders(self) -> int:
        """Return the orders with coupons, over all currencies."""
        return sum(each.orders for each in self.sales)

    def in_currency(self, currency: str) -> Sales:
        """Return the sales in that currency; zeros if there were none."""
        found = (each for each in self.sales if each.currency == currency)
        return next(found, Sales(currency=currency))


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """An ISO week as far as it lies in the period; money in the currency asked for."""

    first: date
    last: date
    issued: int = 0
    redeemed: int = 0
    discount_minor: int = 0
    orders: int = 0
    order_value_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CouponFigures:
    """One coupon's part in a period, in one currency."""

    coupon: Coupon
    issued: int
    redeemed: int
    discount_minor: int
    orders: int
    order_value_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFigures:
    """What one shop has used of a coupon, in one currency."""

    merchant: Merchant
    sales: Sales


# One walk for each merchant down the index that has its figures of a coupon together.
_BY_SHOP = """
SELECT m.id, f.currency, f.redeemed::bigint, f.discount_minor::bigint, f.orders::bigint,
       f.order_value_minor::bigint
  FROM coupons_merchant m
 CROSS JOIN LATERAL (
       SELECT d.currency, sum(d.redeemed) AS redeemed, sum(d.discount_minor) AS discount_minor,
              sum(d.orders) AS orders, sum(d.order_value_minor) AS order_value_minor
         FROM reports_dailyfigure d
        WHERE d.merchant_id = m.id AND d.coupon_id = %s AND d.currency <> ''
        GROUP BY d.currency) AS f
 WHERE f.redeemed > 0
 ORDER BY f.redeemed DESC, m.id, f.currency
 LIMIT %s
"""


def by_shop(*, coupon: Coupon, limit: int) -> list[ShopFigures]:
    """Return what each shop has used of a platform's coupon since ever, the busiest first."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_SHOP, [coupon.pk, limit])
        rows = cursor.fetchall()
    merchants = Merchant.objects.in_bulk([row[0] for row in rows])
    return [
        ShopFigures(
            merchant=merchants[pk],
            sales=Sales(
                currency=currency,
                redeemed=redeemed,
                discount_minor=discount,
                orders=orders,
                order_value_minor=value,
            ),
        )
        for pk, currency, redeemed, discount, orders, value in rows
    ]


def extent(*, merchant: Merchant) -> Period | None:
    """Return from the first to the last day with any figure; None without figures."""
    found = _of_merchant(merchant).aggregate(first=Min("day"), last=Max("day"))
    return Period(**found) if found["first"] else None


def has_figures(*, merchant: Merchant, period: Period) -> bool:
    """Say whether anything was issued or redeemed in the period."""
    return _within(_of_merchant(merchant), period).exists()


def totals(*, merchant: Merchant, period: Period) -> Totals:
    """Sum a period up, the merchant's own currency first, then by number of orders."""
    rows = (
        _within(_of_merchant(merchant), period)
        .values("currency")
        .annotate(**_sums())
        .order_by("currency")
    )
    by_currency = {row.pop("currency"): row for row in rows}
    issued = sum(row.pop("sum_issued") for row in by_currency.values())
    sales = [
        Sales(currency=currency, **_named(row)) for currency, row in by_currency.items() if currency
    ]
    sales.sort(key=lambda each: (each.currency != merchant.currency, -each.orders))
    return Totals(issued=issued, sales=tuple(sales))


def by_week(*, merchant: Merchant, period: Period, currency: str) -> list[Week]:
    """Sum every ISO week of the period, weeks without anything too."""
    rows = (
        _within(_of_merchant(merchant), period)
        .filter(currency__in=["", currency])
        .values("day")
        .annotate(**_sums())
        .order_by("day")
    )
    sums: dict[date, dict[str, int]] = {}
    for row in rows:
        week = sums.setdefault(_monday(row.pop("day")), dict.fromkeys(SUMS, 0))
        for name, value in _named(row).items():
            week[name] += value
    weeks = []
    monday = _monday(period.first)
    while monday <= period.last:
        weeks.append(
            Week(
                first=max(monday, period.first),
                last=min(monday + WEEK - DAY, period.last),
                **sums.get(monday, {}),
            )
        )
        monday += WEEK
    return weeks


def top_coupons(
    *, merchant: Merchant, period: Period, currency: str, limit: int = 10
) -> list[CouponFigures]:
    """Return the coupons most redeemed in a currency, most first."""
    rows = list(
        _within(DailyFigure.objects.of(merchant), period)
        .filter(coupon__isnull=False, currency__in=["", currency])
        .values("coupon")
        .annotate(**_sums())
        .filter(sum_redeemed__gt=0)
        .order_by("-sum_redeemed", "coupon")[:limit]
    )
    # The platform's coupons too, as far as this merchant's shop has used them.
    coupons = Coupon.objects.in_bulk([row["coupon"] for row in rows])
    return [
        CouponFigures(coupon=coupons[key], **_named(row))
        for row in rows
        if (key := row.pop("coupon")) in coupons
    ]


def _of_merchant(merchant: Merchant) -> QuerySet[Any]:
    return DailyFigure.objects.of(merchant).filter(coupon__isnull=True)


def _within(rows: QuerySet[Any], period: Period) -> QuerySet[Any]:
    return rows.filter(day__gte=period.first, day__lte=period.last)


def _sums() -> dict[str, Sum]:
    """Name the sums apart from the columns; PostgreSQL adds bigints up to a numeric."""
    return {f"sum_{name}": Sum(F(name)) for name in SUMS}


def _named(row: Mapping[str, int]) -> dict[str, int]:
    """Give the sums of a row their columns' names again."""
    return {key.removeprefix("sum_"): int(value) for key, value in row.items()}


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
