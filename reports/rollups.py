"""Fold the journal into daily figures, exactly once, in bounded chunks.

A chunk and the cursor behind it are committed together, so a fold killed at any
point is a fold that did not happen, and two at a time take turns on the cursor's row.
Only entries below the oldest running transaction are read: whatever still commits
lies above the cursor. A transaction that writes for long therefore delays the
figures, and never spoils them.

Days are those of the merchant's time zone at the time of folding; a merchant who
moves gets all days in the new zone by `rebuild`.
"""

from django.db import connection, transaction
from django.db.models.functions import Now

from reports.models import DailyFigure, JournalCursor

READER = "rollups"
#: Journal entries folded in one transaction.
CHUNK = 5_000

_CHUNK_END = """
WITH chunk AS (
    SELECT xid, id FROM coupons_journalentry
     WHERE (xid, id) > (%s, %s)
       AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
     ORDER BY xid, id LIMIT %s
)
SELECT xid, id, count(*) OVER () FROM chunk ORDER BY xid DESC, id DESC LIMIT 1
"""

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


def fold(*, limit: int = CHUNK) -> int:
    """Fold the next entries, at most `limit`, in one transaction; return how many were read.

    Zero means that nothing settled is left. Entries of the caller's own open
    transaction are not settled.
    """
    with transaction.atomic():
        place = _lock()
        with connection.cursor() as cursor:
            cursor.execute(_CHUNK_END, [place.xid, place.entry, limit])
            end = cursor.fetchone()
            if end is not None:
                xid, entry, count = end
                cursor.execute(_FOLD, [place.xid, place.entry, xid, entry, list(_PARTS)])
                place.xid, place.entry = xid, entry
        read = int(count) if end is not None else 0
        if read < limit:
            place.caught_up_at = Now()
        place.save()
    return read


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
        place = _lock()
        DailyFigure.objects.all().delete()
        place.xid = place.entry = 0
        place.caught_up_at = None
        place.save()
    return catch_up(limit=limit)


def _lock() -> JournalCursor:
    """Hold the cursor's row to the end of the transaction."""
    JournalCursor.objects.get_or_create(reader=READER)
    return JournalCursor.objects.select_for_update().get(reader=READER)
