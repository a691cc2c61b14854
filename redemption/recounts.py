"""What every counter should say, counted anew from the rows that it is a cache of.

Each recount is the SQL of its pairs: `merchant_id, key, subject, kept, counted`. `key` is the
row that a page can show, `subject` how a person names what is counted. What only one side
has is compared with zero. Without a merchant it is everybody's.
"""

from dataclasses import dataclass

from redemption.orders import PAID_ORDERS


@dataclass(frozen=True, slots=True)
class Recount:
    """How one counter is counted anew; `page` is the model whose page shows a row of it."""

    counter: str
    page: str
    pairs: str


def _mine(alias: str) -> str:
    """Return the condition that keeps one merchant's rows, or all."""
    return f"(%(merchant)s::bigint IS NULL OR {alias}.merchant_id = %(merchant)s)"


def _of_mine(alias: str) -> str:
    """Return the condition that keeps the uses of one merchant's coupons, in whatever shop."""
    own = "SELECT own.id FROM coupons_coupon own WHERE own.merchant_id = %(merchant)s"
    return f"(%(merchant)s::bigint IS NULL OR {alias}.coupon_id IN ({own}))"


# A shared code has no uses of its own: the coupon's limits bound it.
CODE_USES = f"""
SELECT o.merchant_id, o.id AS key, o.text AS subject, o.uses AS kept,
       coalesce(u.uses, 0) AS counted
  FROM coupons_code o
  LEFT JOIN (SELECT u.code_id, count(*) AS uses FROM redemption_use u
              WHERE u.taken AND NOT u.is_test AND {_of_mine("u")}
              GROUP BY u.code_id) u ON u.code_id = o.id
 WHERE NOT o.shared AND {_mine("o")}
"""  # noqa: S608  (our own SQL, as all that follows)

# The version that judged a use says whether the customer's counter was taken from. A customer
# is a shop's, so the counter is too, though the coupon may be the platform's.
CUSTOMER_USES = f"""
SELECT b.merchant_id, k.id AS key, k.slug || ' · ' || b.ref AS subject,
       coalesce(c.uses, 0) AS kept, coalesce(u.uses, 0) AS counted
  FROM redemption_customercounter c
  FULL JOIN (SELECT u.coupon_id, u.customer_id, count(*) AS uses
               FROM redemption_use u
               JOIN coupons_couponversion v
                 ON v.coupon_id = u.coupon_id AND v.version = u.version
              WHERE u.taken AND NOT u.is_test AND u.customer_id IS NOT NULL AND {_mine("u")}
                AND v.definition -> 'limits' ->> 'uses_per_customer' IS NOT NULL
              GROUP BY u.coupon_id, u.customer_id) u
    ON u.coupon_id = c.coupon_id AND u.customer_id = c.customer_id
  JOIN coupons_coupon k ON k.id = coalesce(c.coupon_id, u.coupon_id)
  JOIN campaigns_customer b ON b.id = coalesce(c.customer_id, u.customer_id)
 WHERE {_mine("b")}
"""  # noqa: S608

DAY_USES = f"""
SELECT k.merchant_id, k.id AS key, k.slug || ' · ' || coalesce(d.day, u.counted_on) AS subject,
       coalesce(d.uses, 0) AS kept, coalesce(u.uses, 0) AS counted
  FROM coupons_couponday d
  FULL JOIN (SELECT u.coupon_id, u.counted_on, count(*) AS uses FROM redemption_use u
              WHERE u.taken AND u.counted_on IS NOT NULL AND {_of_mine("u")}
              GROUP BY u.coupon_id, u.counted_on) u
    ON u.coupon_id = d.coupon_id AND u.counted_on = d.day
  JOIN coupons_coupon k ON k.id = coalesce(d.coupon_id, u.coupon_id)
 WHERE {_mine("k")}
"""  # noqa: S608


def _of_coupon(*, kept: str, counted: str, ledger: str) -> str:
    """Return the pairs of a column of the coupon's own counter."""
    return f"""
SELECT k.merchant_id, k.id AS key, k.slug AS subject, coalesce(c.{kept}, 0) AS kept,
       {counted} AS counted
  FROM coupons_coupon k
  LEFT JOIN coupons_couponcounter c ON c.coupon_id = k.id
  {ledger}
 WHERE {_mine("k")}
"""  # noqa: S608


_USES = f"""
  LEFT JOIN (SELECT u.coupon_id, count(*) AS uses, sum(u.budget_minor) AS budget
               FROM redemption_use u
              WHERE u.taken AND NOT u.is_test AND {_of_mine("u")}
              GROUP BY u.coupon_id) u ON u.coupon_id = k.id
"""  # noqa: S608
COUPON_USES = _of_coupon(kept="uses", counted="coalesce(u.uses, 0)", ledger=_USES)
COUPON_BUDGET = _of_coupon(kept="budget_used_minor", counted="coalesce(u.budget, 0)", ledger=_USES)
# A code that took another's place took no new stock. A batch takes all of its stock when it
# starts, so what it has still to make is issued already; one that fails gives that back.
COUPON_ISSUED = _of_coupon(
    kept="issued",
    counted="coalesce(o.codes, 0) + coalesce(b.to_come, 0)",
    ledger=f"""
  LEFT JOIN (SELECT o.coupon_id, count(*) AS codes FROM coupons_code o
              WHERE o.replaced_by_id IS NULL AND {_mine("o")}
              GROUP BY o.coupon_id) o ON o.coupon_id = k.id
  LEFT JOIN (SELECT b.coupon_id, sum(j.total - j.done) AS to_come
               FROM coupons_codebatch b JOIN coupons_job j ON j.id = b.job_id
              WHERE j.status IN ('queued', 'running') AND {_mine("b")}
              GROUP BY b.coupon_id) b ON b.coupon_id = k.id
""",  # noqa: S608
)

# The journal has each reveal, once. It names the coupon that was won, not the prize's place
# (whose name may be reworded), so prizes that are the same coupon are counted together.
PRIZES_DRAWN = f"""
SELECT k.merchant_id, k.id AS key, concat_ws(' · ', k.slug, y.slug) AS subject,
       coalesce(z.drawn, 0) AS kept, coalesce(j.drawn, 0) AS counted
  FROM (SELECT z.draw_id, coalesce(y.slug, '') AS won, sum(z.drawn) AS drawn
          FROM coupons_prize z LEFT JOIN coupons_coupon y ON y.id = z.coupon_id
         GROUP BY z.draw_id, coalesce(y.slug, '')) z
  FULL JOIN (SELECT j.coupon_id AS draw_id, coalesce(j.data ->> 'prize_coupon', '') AS won,
                    count(*) AS drawn
               FROM coupons_coupon d
               JOIN coupons_journalentry j ON j.coupon_id = d.id
              WHERE d.kind = 'draw' AND {_mine("d")} AND j.type = 'draw.revealed'
                AND NOT (j.data ->> 'is_test')::boolean
              GROUP BY j.coupon_id, coalesce(j.data ->> 'prize_coupon', '')) j
    ON j.draw_id = z.draw_id AND j.won = z.won
  JOIN coupons_coupon k ON k.id = coalesce(z.draw_id, j.draw_id)
  LEFT JOIN coupons_coupon y
    ON y.merchant_id = k.merchant_id AND y.slug = coalesce(z.won, j.won)
 WHERE {_mine("k")}
"""  # noqa: S608


def _of_redemption(column: str) -> str:
    """Return the pairs of a sum over a redemption's uses."""
    return f"""
SELECT r.merchant_id, r.id AS key, r.order_ref AS subject, r.{column} AS kept,
       coalesce(u.total, 0) AS counted
  FROM redemption_redemption r
  LEFT JOIN (SELECT u.redemption_id, sum(u.{column}) AS total FROM redemption_use u
              WHERE {_mine("u")} GROUP BY u.redemption_id) u ON u.redemption_id = r.id
 WHERE {_mine("r")}
"""  # noqa: S608


# Kept are the uses that agree with their redemption's status, counted are all of them. What
# stands is taken; what a return brought back whole may stay taken.
USES_STANDING = f"""
SELECT r.merchant_id, r.id AS key, r.order_ref AS subject,
       CASE WHEN r.status IN ('redeemed', 'partly_reversed') AND NOT bool_or(u.standing) THEN 0
            ELSE count(*) FILTER (
                WHERE u.is_test = r.is_test AND u.customer_id IS NOT DISTINCT FROM r.customer_id
                  AND CASE r.status
                      WHEN 'held' THEN u.standing AND u.taken
                                       AND u.held_until IS NOT DISTINCT FROM r.expires_at
                      WHEN 'released' THEN NOT u.standing AND NOT u.taken
                                           AND u.held_until IS NULL
                      WHEN 'reversed' THEN NOT u.standing AND u.held_until IS NULL
                      ELSE u.standing = u.taken AND u.held_until IS NULL END) END AS kept,
       count(*) AS counted
  FROM redemption_redemption r
  LEFT JOIN redemption_use u ON u.redemption_id = r.id
 WHERE {_mine("r")}
 GROUP BY r.id
"""  # noqa: S608

USE_DISCOUNT = f"""
SELECT u.merchant_id, u.redemption_id AS key, u.order_ref AS subject, u.discount_minor AS kept,
       coalesce(l.total, 0) AS counted
  FROM redemption_use u
  LEFT JOIN (SELECT l.use_id, sum(l.discount_minor) AS total FROM redemption_useline l
              WHERE {_mine("l")} GROUP BY l.use_id) l ON l.use_id = u.id
 WHERE {_mine("u")}
"""  # noqa: S608

_CAME_BACK = f"""
SELECT v.redemption_id, x.line_ref, sum(x.quantity) AS units, sum(x.amount_minor) AS amount
  FROM redemption_reversalline x JOIN redemption_reversal v ON v.id = x.reversal_id
 WHERE {_mine("v")}
 GROUP BY v.redemption_id, x.line_ref
"""  # noqa: S608

# Every use of a line knows of all its units that came back.
RETURNED_UNITS = f"""
SELECT l.merchant_id, u.redemption_id AS key, u.order_ref || ' · ' || l.line_ref AS subject,
       l.returned_quantity AS kept, coalesce(b.units, 0) AS counted
  FROM redemption_useline l
  JOIN redemption_use u ON u.id = l.use_id
  LEFT JOIN ({_CAME_BACK}) b ON b.redemption_id = u.redemption_id AND b.line_ref = l.line_ref
 WHERE {_mine("l")}
"""  # noqa: S608

# The uses of a line share what its units carried.
RETURNED_AMOUNT = f"""
SELECT r.merchant_id, r.id AS key,
       r.order_ref || ' · ' || coalesce(l.line_ref, b.line_ref) AS subject,
       coalesce(l.amount, 0) AS kept, coalesce(b.amount, 0) AS counted
  FROM (SELECT u.redemption_id, l.line_ref, sum(l.returned_minor) AS amount
          FROM redemption_useline l JOIN redemption_use u ON u.id = l.use_id
         WHERE {_mine("l")}
         GROUP BY u.redemption_id, l.line_ref) l
  FULL JOIN ({_CAME_BACK}) b ON b.redemption_id = l.redemption_id AND b.line_ref = l.line_ref
  JOIN redemption_redemption r ON r.id = coalesce(l.redemption_id, b.redemption_id)
"""  # noqa: S608

REVERSAL_AMOUNT = f"""
SELECT v.merchant_id, v.redemption_id AS key, r.order_ref AS subject, v.amount_minor AS kept,
       coalesce(x.total, 0) AS counted
  FROM redemption_reversal v
  JOIN redemption_redemption r ON r.id = v.redemption_id
  LEFT JOIN (SELECT x.reversal_id, sum(x.amount_minor) AS total FROM redemption_reversalline x
              WHERE {_mine("x")} GROUP BY x.reversal_id) x ON x.reversal_id = v.id
 WHERE {_mine("v")}
"""  # noqa: S608

_COUPON, _REDEMPTION = "coupons.Coupon", "redemption.Redemption"

RECOUNTS = (
    Recount("code.uses", "coupons.Code", CODE_USES),
    Recount("customer.uses", _COUPON, CUSTOMER_USES),
    Recount("day.uses", _COUPON, DAY_USES),
    Recount("coupon.uses", _COUPON, COUPON_USES),
    Recount("coupon.budget", _COUPON, COUPON_BUDGET),
    Recount("coupon.issued", _COUPON, COUPON_ISSUED),
    Recount("prize.drawn", _COUPON, PRIZES_DRAWN),
    Recount("customer.paid_orders", "campaigns.Customer", PAID_ORDERS),
    Recount("redemption.discount", _REDEMPTION, _of_redemption("discount_minor")),
    Recount("redemption.shipping", _REDEMPTION, _of_redemption("shipping_discount_minor")),
    Recount("redemption.uses", _REDEMPTION, USES_STANDING),
    Recount("use.discount", _REDEMPTION, USE_DISCOUNT),
    Recount("line.returned_units", _REDEMPTION, RETURNED_UNITS),
    Recount("line.returned_amount", _REDEMPTION, RETURNED_AMOUNT),
    Recount("reversal.amount", _REDEMPTION, REVERSAL_AMOUNT),
)
