"""Fold the journal into daily figures, exactly once, in bounded chunks (`coupons.reading`).

Days are those of the merchant's time zone at the time of folding; a merchant who
moves gets all days in the new zone by `rebuild`.
"""

from django.db import connection, transaction

from coupons import reading
from reports.models import DailyFigure, PoolFigure

READER = "rollups"
#: Journal entries folded in one transaction.
CHUNK = 5_000

# What kinds of entries add, one part each: a merchant's row has no coupon, a row
# without money no currency. A reversal
# is a part with minus signs.
_PARTS = {
    "codes.issued": """
        SELECT merchant_id, row_for.coupon_id, day, '' AS currency,
               (data->>'count')::bigint AS issued, 0 AS redeemed, 0 AS discount_minor,
               0 AS orders, 0 AS order_value_minor
          FROM entry, LATERAL (VALUES (entry.coupon_id), (NULL)) AS row_for (coupon_id)
         WHERE type = 'codes.issued' AND entry.coupon_id IS NOT NULL
    """,
    "codes.undone": """
        SELECT merchant_id, row_for.coupon_id, day, '', -(data->>'count')::bigint, 0, 0, 0, 0
          FROM entry, LATERAL (VALUES (entry.coupon_id), (NULL)) AS row_for (coupon_id)
         WHERE type = 'codes.undone'
    """,
    "redemption.created": """
        SELECT merchant_id, row_for.coupon_id, day, data->>'currency',
               0, row_for.redeemed, row_for.discount_minor,
               1, (data->>'subtotal_minor')::bigint
          FROM entry, LATERAL (
               SELECT NULL::bigint, jsonb_array_length(data->'uses'),
                      (data->>'discount_minor')::bigint
                      + (data->>'shipping_discount_minor')::bigint
               UNION ALL
               SELECT (use->>'coupon')::bigint, count(*),
                      sum((use->>'discount_minor')::bigint
                          + (use->>'shipping_discount_minor')::bigint)
                 FROM jsonb_array_elements(data->'uses') AS use
                GROUP BY 1
               ) AS row_for (coupon_id, redeemed, discount_minor)
         WHERE type = 'redemption.created' AND NOT (data->>'is_test')::boolean
    """,
    # On the day of the return; the order counts no more once everything is back.
    "redemption.reversed": """
        SELECT merchant_id, row_for.coupon_id, day, data->>'currency',
               0, -row_for.redeemed, -row_for.discount_minor,
               -((data->>'is_last')::boolean::int), -(data->>'value_minor')::bigint
          FROM entry, LATERAL (
               SELECT NULL::bigint,
                      jsonb_array_length(data->'uses') * (data->>'is_last')::boolean::int,
                      (data->>'amount_minor')::bigint
                      + (data->>'shipping_amount_minor')::bigint
               UNION ALL
               SELECT (use->>'coupon')::bigint,
                      count(*) * (data->>'is_last')::boolean::int,
                      sum((use->>'discount_minor')::bigint
                          + (use->>'shipping_discount_minor')::bigint)
                 FROM jsonb_array_elements(data->'uses') AS use
                GROUP BY 1
               ) AS row_for (coupon_id, redeemed, discount_minor)
         WHERE type = 'redemption.reversed' AND NOT (data->>'is_test')::boolean
    """,
}

_FOLD = f"""
WITH entry AS (
    SELECT e.merchant_id, e.coupon_id, e.type, e.data,
           (e.at AT TIME ZONE m.time_zone)::date AS day
      FROM coupons_journalentry e JOIN coupons_merchant m ON m.id = e.merchant_id
     WHERE (e.xid, e.id) > (%s, %s) AND (e.xid, e.id) <= (%s, %s) AND e.type = ANY (%s)
)
INSERT INTO reports_dailyfigure AS figure
       (merchant_id, coupon_id, day, currency,
        issued, redeemed, discount_minor, orders, order_value_minor)
SELECT merchant_id, coupon_id, day, currency,
       sum(issued), sum(redeemed), sum(discount_minor), sum(orders), sum(order_value_minor)
  FROM ({" UNION ALL ".join(_PARTS.values())}) AS part
 GROUP BY merchant_id, coupon_id, day, currency
    ON CONFLICT (merchant_id, coupon_id, day, currency) DO UPDATE
   SET issued = figure.issued + excluded.issued,
       redeemed = figure.redeemed + excluded.redeemed,
       discount_minor = figure.discount_minor + excluded.discount_minor,
       orders = figure.orders + excluded.orders,
       order_value_minor = figure.order_value_minor + excluded.order_value_minor
"""  # noqa: S608  (constant parts only)

# A code has its pool before anybody has it, and keeps it for good once the journal tells of it.
_FOLD_POOLS = """
WITH use AS (
    SELECT e.merchant_id, (use->>'code')::bigint AS code_id, e.data->>'currency' AS currency,
           (use->>'discount_minor')::bigint
           + (use->>'shipping_discount_minor')::bigint AS discount_minor,
           e.type = 'redemption.created' AS is_created,
           coalesce((e.data->>'is_last')::boolean, false) AS is_last
      FROM coupons_journalentry e, jsonb_array_elements(e.data->'uses') AS use
     WHERE (e.xid, e.id) > (%s, %s) AND (e.xid, e.id) <= (%s, %s)
       AND e.type IN ('redemption.created', 'redemption.reversed')
       AND NOT (e.data->>'is_test')::boolean
)
INSERT INTO reports_poolfigure AS figure
       (merchant_id, pool_id, currency, redeemed, reversed, discount_minor)
SELECT p.merchant_id, c.pool_id, use.currency, count(*) FILTER (WHERE use.is_created),
       count(*) FILTER (WHERE NOT use.is_created AND use.is_last),
       sum(CASE WHEN use.is_created THEN use.discount_minor ELSE -use.discount_minor END)
  FROM use
  JOIN coupons_code c ON c.id = use.code_id
  JOIN coupons_codepool p ON p.id = c.pool_id
 GROUP BY p.merchant_id, c.pool_id, use.currency
    ON CONFLICT (pool_id, currency) DO UPDATE
   SET redeemed = figure.redeemed + excluded.redeemed,
       reversed = figure.reversed + excluded.reversed,
       discount_minor = figure.discount_minor + excluded.discount_minor
"""


def fold(*, limit: int = CHUNK) -> int:
    """Fold the next entries, at most `limit`, in one transaction; return how many were read.

    Zero means that nothing settled is left. Entries of the caller's own open
    transaction are not settled.
    """
    with reading.next_chunk(reader=READER, limit=limit) as chunk:
        if chunk is None:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_FOLD, [*chunk.after, *chunk.until, list(_PARTS)])
            cursor.execute(_FOLD_POOLS, [*chunk.after, *chunk.until])
        return chunk.count


def catch_up(*, limit: int = CHUNK, chunks: int | None = None) -> int:
    """Fold chunk by chunk until nothing is left, or `chunks` are done; return entries read."""
    read = done = 0
    while chunks is None or done < chunks:
        step = fold(limit=limit)
        read, done = read + step, done + 1
        if step == 0:
            break
    return read


def rebuild(*, limit: int = CHUNK) -> int:
    """Throw the figures away and fold the journal anew; return entries read.

    The figures grow while it runs. Killed in between, the next fold goes on.
    """
    with transaction.atomic():
        reading.rewind(reader=READER)
        DailyFigure.objects.all().delete()
        PoolFigure.objects.all().delete()
    return catch_up(limit=limit)
