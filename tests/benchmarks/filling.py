"""Filling the database as years of trade would, by statements that make all rows at once."""

from django.db import connection, transaction

_CODES = """
INSERT INTO coupons_code (merchant_id, coupon_id, text, state, shared, max_uses, uses)
SELECT k.merchant_id, k.id, upper(substr(md5(n::text), 1, 16)), 'active', false, 1, 0
  FROM coupons_coupon k, generate_series(1, %(codes)s) AS n
 WHERE k.slug = %(coupon)s
ON CONFLICT (merchant_id, text) DO NOTHING
"""

_CUSTOMERS = """
INSERT INTO campaigns_customer
       (merchant_id, ref, email, phone, country, language, time_zone, tags, tier, source,
        is_test, consents, paid_orders, created_at)
SELECT k.merchant_id, k.slug || '-' || n, '', '', '', '', '', '{}', '', '', false, '{}', 1, now()
  FROM coupons_coupon k, generate_series(1, %(uses)s) AS n
 WHERE k.slug = %(coupon)s
"""
_COUNTERS = """
INSERT INTO redemption_customercounter (merchant_id, coupon_id, customer_id, max_uses, uses)
SELECT k.merchant_id, k.id, u.id, 1, 1
  FROM coupons_coupon k
  JOIN campaigns_customer u ON u.merchant_id = k.merchant_id AND u.ref LIKE k.slug || '-%%'
 WHERE k.slug = %(coupon)s
"""
_REDEMPTIONS = """
WITH redemption AS (
    INSERT INTO redemption_redemption
           (id, merchant_id, order_ref, customer_id, status, method, currency, subtotal_minor,
            discount_minor, shipping_discount_minor, cart_hash, quote, is_test, actor, created_at)
    SELECT uuidv7(), u.merchant_id, 'past-' || u.ref, u.id, 'redeemed', 'automatic', 'USD', 7500,
           1000, 0, sha256(u.ref::bytea), '{}', false, 'system', now() - interval '1 day'
      FROM coupons_coupon k
      JOIN campaigns_customer u ON u.merchant_id = k.merchant_id AND u.ref LIKE k.slug || '-%%'
     WHERE k.slug = %(coupon)s
    RETURNING id, merchant_id, order_ref, customer_id, created_at
), uses AS (
    INSERT INTO redemption_use
           (id, merchant_id, redemption_id, coupon_id, version, code_id, order_ref, customer_id,
            standing, taken, is_test, discount_minor, shipping_discount_minor, budget_minor,
            created_at, clawed_back_minor)
    SELECT uuidv7(), r.merchant_id, r.id, k.id, k.version, c.id, r.order_ref, r.customer_id,
           true, true, false, 1000, 0, 1000, r.created_at, 0
      FROM redemption r, coupons_coupon k
      JOIN coupons_code c ON c.coupon_id = k.id AND c.shared
     WHERE k.slug = %(coupon)s
    RETURNING id, merchant_id, order_ref
)
INSERT INTO redemption_useline
       (merchant_id, use_id, line_ref, order_ref, sku, quantity, base_minor, discount_minor,
        funded_by, returned_quantity, returned_minor)
SELECT merchant_id, id, '1', order_ref, 'S1', 1, 7500, 1000, 'merchant', 0, 0 FROM uses
"""
_COUNT = """
UPDATE coupons_couponcounter n
   SET uses = n.uses + %(uses)s, budget_used_minor = n.budget_used_minor + 1000 * %(uses)s
  FROM coupons_coupon k WHERE k.id = n.coupon_id AND k.slug = %(coupon)s
"""


def add_codes(*, coupon: str, codes: int) -> None:
    """Let a coupon have so many unique codes."""
    fill([_CODES], coupon=coupon, codes=codes)
    tidy()


def add_past_uses(*, coupon: str, uses: int) -> None:
    """Let a coupon's shared code have been redeemed so often, each time by somebody else."""
    fill([_CUSTOMERS, _COUNTERS, _REDEMPTIONS, _COUNT], coupon=coupon, uses=uses)
    tidy()


def fill(statements: list[str], **values: object) -> None:
    """Run the statements with no look at foreign keys, which would take most of the time."""
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET LOCAL session_replication_role = replica")
        for sql in statements:
            cursor.execute(sql, values)


def tidy() -> None:
    """Let the planner know what there is, as it would after a while."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
