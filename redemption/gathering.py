"""Everything the database knows that a quote depends on, as of one instant.

One cart with all its codes is the usual question; many guests' carts at once are another,
and the same query answers both.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from coupons import terms
from coupons.caller import Caller
from coupons.platform import PLATFORM
from coupons.pricing.tax import TaxRates
from coupons.pricing.terms import CouponTerms
from coupons.prizes import COLUMN as PRIZES
from redemption.errors import StaleCaller
from redemption.keys import CALLER_ROWS, STAMP, forget, on_a_living_connection
from redemption.standing import orders_of
from redemption.wire import asked

_MICROSECONDS = "(extract(epoch FROM {}) * 1e6)::bigint"

# What the order has used already, and the holds that it has.
_STANDING = f"""
    (SELECT json_agg(json_build_array(r.id, r.status, encode(r.cart_hash, 'hex'),
                c.text, s.coupon_id, s.version, s.shipping_discount_minor,
                (SELECT json_agg(json_build_array(l.line_ref, l.discount_minor))
                   FROM redemption_useline l WHERE l.use_id = s.id),
                {_MICROSECONDS.format("s.held_until")},
                s.customer_id, s.counted_on, s.budget_minor, s.is_test,
                s.order_ref, (SELECT json_agg(m.order_ref) FROM redemption_mergedorder m
                               WHERE m.redemption_id = s.redemption_id)))
       FROM redemption_use s
       JOIN redemption_redemption r ON r.id = s.redemption_id
       JOIN coupons_code c ON c.id = s.code_id
      WHERE s.standing AND s.id = ANY (ARRAY(
            SELECT o.id FROM redemption_use o
             WHERE o.merchant_id = %(merchant)s AND o.order_ref = ANY(%(orders)s) AND o.standing
             UNION
            SELECT o.id FROM redemption_mergedorder m
              JOIN redemption_use o ON o.redemption_id = m.redemption_id
             WHERE m.merchant_id = %(merchant)s AND m.order_ref = ANY(%(orders)s))))
"""  # noqa: S608  (our own SQL)

# One look at the world: an array in JSON, in which an instant is microseconds. A code is
# the merchant's own first, else the platform's, once that coupon has been published.
_LOOK = f"""
WITH asked AS (
    SELECT DISTINCT ON (text) * FROM coupons_code
     WHERE merchant_id = ANY(ARRAY[%(merchant)s, ({PLATFORM})]) AND text = ANY(%(codes)s)
     ORDER BY text, merchant_id <> %(merchant)s
), who AS (
    SELECT * FROM campaigns_customer WHERE merchant_id = %(merchant)s AND ref = %(customer)s
)
SELECT json_build_array(
    (SELECT json_agg(json_build_array(
                a.text, a.id, a.state, a.shared, a.max_uses, a.uses,
                {_MICROSECONDS.format("a.expires_at")},
                k.id, k.version, k.state, {_MICROSECONDS.format("k.published_at")},
                n.uses, n.budget_used_minor, n.revision,
                coalesce(d.uses, 0), (%(at)s AT TIME ZONE k.time_zone)::date,
                coalesce(p.uses, 0), held.uses,
                free.of_code, free.uses, free.budget, free.of_day, free.of_customer, {{prizes}},
                a.merchant_id))
       FROM asked a
       JOIN coupons_coupon k ON k.id = a.coupon_id
        AND (k.published_at IS NOT NULL OR k.merchant_id = %(merchant)s)
       JOIN coupons_couponcounter n ON n.coupon_id = k.id
       LEFT JOIN coupons_couponday d
         ON d.coupon_id = k.id AND d.day = (%(at)s AT TIME ZONE k.time_zone)::date
       LEFT JOIN redemption_customercounter p
         ON p.coupon_id = k.id AND p.customer_id = (SELECT id FROM who)
      CROSS JOIN LATERAL (
            SELECT count(*) AS uses FROM redemption_use s
             WHERE s.code_id = a.id AND s.held_until > %(at)s AND NOT a.shared
               AND NOT s.is_test) AS held
      CROSS JOIN LATERAL (
            SELECT count(*) AS uses,
                   coalesce(sum(s.budget_minor), 0) AS budget,
                   count(*) FILTER (WHERE s.code_id = a.id AND NOT a.shared) AS of_code,
                   count(*) FILTER (WHERE s.counted_on = d.day) AS of_day,
                   count(*) FILTER (WHERE s.customer_id = (SELECT id FROM who)) AS of_customer
              FROM redemption_use s
             WHERE s.coupon_id = k.id AND s.held_until <= %(at)s AND NOT s.is_test) AS free),
    (SELECT json_build_array(id, tags, tier, is_test, paid_orders) FROM who),
    (SELECT json_agg(json_build_array(p.sku, g.path, p.on_sale))
       FROM coupons_product p LEFT JOIN coupons_category g ON g.id = p.category_id
      WHERE p.merchant_id = %(merchant)s AND p.sku = ANY(%(skus)s)),
    {{standing}},
    (SELECT id FROM coupons_channel WHERE merchant_id = %(merchant)s AND slug = %(channel)s),
    CASE WHEN %(takes)s AND %(customer)s::text IS NOT NULL
              AND NOT EXISTS (SELECT FROM who)
         THEN nextval(pg_get_serial_sequence('campaigns_customer', 'id')) END,
    (SELECT json_agg(json_build_array(t.category, t.rate, t.prices_include_tax))
       FROM coupons_taxrate t
      WHERE t.merchant_id = %(merchant)s AND t.country = %(country)s),
    (SELECT {STAMP} FROM {CALLER_ROWS} WHERE k.prefix = %(key)s)
)::text
"""  # noqa: S608  (our own SQL)

# Few carts are of an order that has used codes before, and few coupons are draws. A look that
# asks only whether takes three quarters of the time of one that reads it all.
_SHORT = _LOOK.format(
    prizes="CASE WHEN k.kind = 'draw' THEN true END",
    standing="""
    CASE WHEN EXISTS (SELECT FROM redemption_use o WHERE o.merchant_id = %(merchant)s
                         AND o.order_ref = ANY(%(orders)s) AND o.standing)
           OR EXISTS (SELECT FROM redemption_mergedorder m WHERE m.merchant_id = %(merchant)s
                         AND m.order_ref = ANY(%(orders)s))
         THEN true END""",
)
_WHOLE = _LOOK.format(prizes=PRIZES, standing=_STANDING)
#: Places in what a look answers, and in a row of its codes.
_CODES, _USED, _PRIZES = 0, 3, -2


Question = tuple[str, Mapping[str, Any]]


class Ahead(Protocol):
    """A question that is asked with the facts, in the same statement."""

    @property
    def question(self) -> Question:
        """Return a query for one row, with its values; their names are not those of the facts."""
        ...

    def hear(self, row: tuple[Any, ...]) -> None:
        """Hear the row; whatever is raised ends the work before anything is made of the facts."""


class Known(Struct, frozen=True):
    """What one look has found, decoded: of one cart, or of many guests'."""

    #: A row for each code that exists, by normal form.
    codes: Mapping[str, Any]
    #: The standing uses of the orders that were asked for.
    used: Sequence[Any]
    #: The same by order; one of orders paid together stands under each.
    of_order: Mapping[str, Sequence[Any]]
    compiled: Mapping[tuple[int, int], CouponTerms]
    customer: str | None
    who: Any
    products: Mapping[str, tuple[str, bool]]
    channel_id: int | None
    new_customer_id: int | None
    tax_rates: TaxRates | None


def known(
    *,
    caller: Caller,
    customer: str | None,
    codes: Sequence[str],
    skus: Sequence[str],
    channel: str | None,
    country: str | None,
    at: datetime,
    orders: Sequence[str],
    takes: bool,
    ahead: Ahead | None,
) -> Known:
    """Ask, and decode what is answered; `StaleCaller` for a remembered caller that has changed."""
    values = {
        "merchant": caller.merchant.pk,
        "codes": list(codes),
        "customer": customer,
        "skus": list(skus),
        "orders": list(orders),
        "takes": takes,
        "channel": channel,
        "country": (country or "").upper(),
        "at": at,
        "key": caller.actor.removeprefix("key:") if caller.stamp else None,
    }
    found = on_a_living_connection(ask=lambda: _look(_SHORT, values, ahead))
    if found[_USED] or any(row[_PRIZES] for row in found[_CODES] or ()):
        # All of it is of one instant, so the short look counts no more.
        found = _look(_WHOLE, values, None)
    code_rows, who, products, used, channel_id, new_customer_id, taxes, stamp = found
    if caller.stamp and stamp != caller.stamp:
        forget(caller=caller)
        raise StaleCaller
    code_rows, used = code_rows or (), used or ()
    return Known(
        codes={row[0]: row for row in code_rows},
        used=used,
        of_order=_by_order(used),
        compiled=terms.load(
            [(row[7], row[8]) for row in code_rows] + [(row[4], row[5]) for row in used]
        ),
        customer=customer,
        who=who,
        products={sku: (path or "", on_sale) for sku, path, on_sale in products or ()},
        channel_id=channel_id,
        new_customer_id=new_customer_id,
        tax_rates=_tax_rates(taxes),
    )


def _by_order(used: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in used:
        for order in orders_of(row):
            found.setdefault(order, []).append(row)
    return found


def _look(sql: str, values: dict[str, Any], ahead: Ahead | None) -> list[Any]:
    if ahead is not None:
        question, more = ahead.question
        sql, values = _with(question, sql), {**values, **more}
    [[(*heard, facts)]] = asked(statements=[(sql, values)])
    if ahead is not None:
        ahead.hear(tuple(heard))
    found: list[Any] = msgspec.json.decode(facts)
    return found


@lru_cache(maxsize=100)
def _with(question: str, look: str) -> str:
    return f"SELECT * FROM ({question}) AS ahead, ({look}) AS facts"  # noqa: S608


def _tax_rates(rows: Sequence[tuple[str, int, bool]] | None) -> TaxRates | None:
    if not rows:
        return None
    rates = {category: rate for category, rate, _ in rows}
    return TaxRates(
        rate=rates.pop("", 0), prices_include_tax=any(row[2] for row in rows), by_category=rates
    )
