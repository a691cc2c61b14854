"""The shop's orders kept up to date from what it tells, in whatever order it tells it.

An order keeps facts that only grow: when it was placed, last paid, last cancelled, last
refunded, and the highest total refunded. Its status follows from them (`KEEP`), so late,
early and repeated news come to the same. In the order of the rule an order is

1. refunded, once a refund has reached the total;
2. cancelled, if that happened after the last payment;
3. paid, once it was paid or some of it refunded;
4. placed.

A customer's paid orders are counted by the difference that each change makes. The statement
that changes an order reads its row under a lock, so each difference is counted once.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from campaigns import customers
from coupons.errors import FieldError, Invalid
from coupons.models import Merchant
from coupons.pricing.money import BadAmount, parse_amount
from redemption import carts
from redemption.errors import TryAgain
from redemption.models import Order
from redemption.shapes import CartBody, OrderData

PLACED, PAID = "order.placed", "order.paid"
CANCELLED, REFUNDED = "order.cancelled", "order.refunded"
TYPES = frozenset({PLACED, PAID, CANCELLED, REFUNDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is told of one order; money in minor units of `currency`."""

    ref: str
    currency: str
    #: None leaves the total as it is known.
    total: int | None
    refunded: int
    customer: str | None
    #: The newest of what is told: it decides the total.
    told_at: datetime
    placed_at: datetime
    paid_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded_at: datetime | None = None
    #: As `OrderLine` has them.
    lines: Sequence[Mapping[str, Any]] = ()


def read(*, type: str, data: OrderData, customer: str | None, at: datetime, known: str) -> News:
    """Read what an event of that time tells of an order whose currency is `known`, or "".

    Raises `Invalid` with every field that is wrong, from `order` on.
    """
    currency = data.currency or known
    if known and currency != known:
        raise Invalid(errors=[FieldError("currency", f"The order is in {known}.")])
    if not known and (data.total is None or data.currency is None):
        missing = "currency" if data.currency is None else "total"
        raise Invalid(errors=[FieldError(missing, "Send it too: the order is not known yet.")])
    if type == REFUNDED and data.refunded_total is None:
        raise Invalid(errors=[FieldError("refunded_total", "Send what was refunded in all.")])
    cart = carts.check(CartBody(currency=currency, lines=data.lines))
    errors: list[FieldError] = []
    total = _amount(data.total, currency, "total", errors)
    refunded = _amount(data.refunded_total, currency, "refunded_total", errors) or 0
    if errors:
        raise Invalid(errors=errors)
    return News(
        ref=data.order,
        currency=currency,
        total=total,
        refunded=refunded,
        customer=customer,
        told_at=at,
        placed_at=at,
        paid_at=at if type == PAID else None,
        cancelled_at=at if type == CANCELLED else None,
        refunded_at=at if type == REFUNDED or refunded else None,
        lines=[
            {
                "order": data.order,
                "ref": line.id,
                "sku": line.sku,
                "quantity": line.quantity,
                "unit_price": price,
                "member_discount": member,
            }
            for line, (price, member) in zip(cart.body.lines, cart.amounts, strict=True)
        ],
    )


def _amount(text: str | None, currency: str, field: str, errors: list[FieldError]) -> int | None:
    try:
        return None if text is None else parse_amount(text, currency)
    except BadAmount as error:
        errors.append(FieldError(field, str(error)))
        return None


def currencies(*, merchant: Merchant, refs: Collection[str]) -> dict[str, str]:
    """Return the currencies of those of the orders that are known."""
    rows = Order.objects.of(merchant).filter(ref__in=refs)
    return dict(rows.values_list("ref", "currency"))


# Sorted, so that two calls with the same orders never wait in a circle.
INSERT = """
INSERT INTO redemption_order
       (merchant_id, ref, customer_id, channel_id, status, currency, total_minor,
        refunded_minor, placed_at)
SELECT %(merchant)s, n.ref, n.customer, %(channel)s, 'placed', n.currency, n.total, 0,
       n.placed_at
  FROM json_to_recordset(%(news)s::json)
       AS n (ref text, customer bigint, currency text, total bigint, placed_at timestamptz)
 WHERE n.total IS NOT NULL
 ORDER BY n.ref
ON CONFLICT (merchant_id, ref) DO NOTHING
"""

LOCK = "FOR NO KEY UPDATE OF o"

# What an order was is read under the lock, not before it: otherwise two payments told at
# once would both find it unpaid, and both count it.
KEEP = f"""
WITH merged AS (
    SELECT o.id, o.status AS was, o.customer_id AS was_of,
           coalesce(o.customer_id, n.customer) AS customer_id,
           CASE WHEN n.told_at >= greatest(o.placed_at, o.paid_at, o.cancelled_at, o.refunded_at)
                THEN coalesce(n.total, o.total_minor) ELSE o.total_minor END AS total_minor,
           greatest(o.refunded_minor, n.refunded) AS refunded_minor,
           least(o.placed_at, n.placed_at) AS placed_at,
           greatest(o.paid_at, n.paid_at) AS paid_at,
           greatest(o.cancelled_at, n.cancelled_at) AS cancelled_at,
           greatest(o.refunded_at, n.refunded_at) AS refunded_at
      FROM redemption_order o
      JOIN json_to_recordset(%(news)s::json)
           AS n (ref text, customer bigint, currency text, total bigint, refunded bigint,
                 told_at timestamptz, placed_at timestamptz, paid_at timestamptz,
                 cancelled_at timestamptz, refunded_at timestamptz)
        ON n.ref = o.ref AND n.currency = o.currency
     WHERE o.merchant_id = %(merchant)s
     ORDER BY o.ref
       {LOCK}
)
UPDATE redemption_order AS o
   SET customer_id = m.customer_id, total_minor = m.total_minor,
       refunded_minor = m.refunded_minor, placed_at = m.placed_at, paid_at = m.paid_at,
       cancelled_at = m.cancelled_at, refunded_at = m.refunded_at,
       status = CASE
           WHEN m.refunded_at IS NOT NULL AND m.refunded_minor >= m.total_minor THEN 'refunded'
           WHEN m.cancelled_at >= coalesce(m.paid_at, m.cancelled_at) THEN 'cancelled'
           WHEN m.paid_at IS NOT NULL OR m.refunded_at IS NOT NULL THEN 'paid'
           ELSE 'placed' END
  FROM merged AS m
 WHERE o.id = m.id
RETURNING o.ref, m.was = 'paid', m.was_of, o.status = 'paid', o.customer_id
"""  # noqa: S608  (our own SQL)

# The order's row is locked by now, so whether it has lines cannot change meanwhile.
LINES = """
INSERT INTO redemption_orderline
       (merchant_id, order_id, ref, sku, quantity, unit_price_minor, member_discount_minor)
SELECT o.merchant_id, o.id, l.ref, l.sku, l.quantity, l.unit_price, l.member_discount
  FROM json_to_recordset(%(lines)s::json)
       AS l ("order" text, ref text, sku text, quantity int, unit_price bigint,
             member_discount bigint)
  JOIN redemption_order o ON o.merchant_id = %(merchant)s AND o.ref = l."order"
 WHERE NOT EXISTS (SELECT FROM redemption_orderline x WHERE x.order_id = o.id)
"""


def keep(
    *,
    merchant: Merchant,
    news: Iterable[News],
    customer_ids: Mapping[str, int],
    channel_id: int | None,
) -> None:
    """Lay news over the orders, and count for their customers what became paid or ceased to be.

    An order keeps the customer, the channel and the lines that were first told. Four
    statements, however many orders. Call it in the transaction that records the events;
    raises `TryAgain` where somebody else has just told of an order in another currency.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("Orders are kept inside a transaction.")
    whole = _folded(news)
    if not whole:
        return
    rows = [
        {
            **{name: getattr(each, name) for name in News.__slots__ if name != "lines"},
            "customer": None if each.customer is None else customer_ids[each.customer],
        }
        for each in whole.values()
    ]
    values = {"merchant": merchant.pk, "channel": channel_id, "news": _json(rows)}
    lines = [line for each in whole.values() for line in each.lines]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, values)
        cursor.execute(KEEP, values)
        kept = cursor.fetchall()
        # Who leaves out the total speaks of a known order, or of one that the same call makes
        # known; unless that event's id was another's before. Then there is nothing to keep.
        if {ref for ref, each in whole.items() if each.total is not None} - {r[0] for r in kept}:
            raise TryAgain
        if lines:
            cursor.execute(LINES, {"merchant": merchant.pk, "lines": _json(lines)})
    changes: Counter[int] = Counter()
    for _, was_paid, was_of, is_paid, is_of in kept:
        if was_paid and was_of is not None:
            changes[was_of] -= 1
        if is_paid and is_of is not None:
            changes[is_of] += 1
    customers.count_paid_orders(merchant=merchant, changes=changes)


def _folded(news: Iterable[News]) -> dict[str, News]:
    """Make all that is told of one order in a call into one piece of news."""
    whole: dict[str, News] = {}
    for new in sorted(news, key=lambda each: each.told_at):
        old = whole.get(new.ref)
        whole[new.ref] = new if old is None else _laid_over(old, new)
    return whole


def _laid_over(old: News, new: News) -> News:
    """Join two pieces of news of one order, the older first: of what both tell, the newer holds."""
    return replace(
        new,
        total=old.total if new.total is None else new.total,
        refunded=max(old.refunded, new.refunded),
        customer=old.customer or new.customer,
        placed_at=old.placed_at,
        paid_at=new.paid_at or old.paid_at,
        cancelled_at=new.cancelled_at or old.cancelled_at,
        refunded_at=new.refunded_at or old.refunded_at,
        lines=old.lines or new.lines,
    )


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


#: Each customer's paid orders as kept and as counted anew (see `redemption.recounts`).
PAID_ORDERS = """
SELECT c.merchant_id, c.id AS key, c.ref AS subject, c.paid_orders AS kept,
       coalesce(o.paid, 0) AS counted
  FROM campaigns_customer c
  LEFT JOIN (SELECT customer_id, count(*) AS paid
               FROM redemption_order
              WHERE status = 'paid' AND customer_id IS NOT NULL
                AND (%(merchant)s::bigint IS NULL OR merchant_id = %(merchant)s)
              GROUP BY customer_id) AS o ON o.customer_id = c.id
 WHERE (%(merchant)s::bigint IS NULL OR c.merchant_id = %(merchant)s)
"""


def miscounted(*, merchant: Merchant) -> dict[int, tuple[int, int]]:
    """Return, by customer, the paid orders as kept and as counted anew, where they differ."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT key, kept, counted FROM ({PAID_ORDERS}) AS p "  # noqa: S608
            "WHERE kept <> counted ORDER BY key",
            {"merchant": merchant.pk},
        )
        return {customer: (kept, true) for customer, kept, true in cursor.fetchall()}
