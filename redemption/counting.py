"""What the ledger says of coupons beside their counters."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from coupons.describing import Counted
from coupons.models import Coupon

# Only a daily limit keeps a counter by day, so that no other redemption pays for one. The
# index by coupon and time has a day's uses together; holds have an index of their own.
_SQL = """
SELECT c.id, held.uses, free.uses, free.budget,
       (SELECT count(*) FROM redemption_use u
         WHERE u.coupon_id = c.id AND u.taken AND u.held_until IS NULL AND NOT u.is_test
           AND u.created_at >= day.starts AT TIME ZONE c.time_zone
           AND u.created_at < (day.starts + interval '1 day') AT TIME ZONE c.time_zone)
  FROM coupons_coupon c
 CROSS JOIN LATERAL (
       SELECT date_trunc('day', %(at)s AT TIME ZONE c.time_zone) AS starts) AS day
 CROSS JOIN LATERAL (
       SELECT count(*) AS uses FROM redemption_use u
        WHERE u.coupon_id = c.id AND u.held_until > %(at)s AND NOT u.is_test) AS held
 CROSS JOIN LATERAL (
       SELECT count(*) AS uses, coalesce(sum(u.budget_minor), 0)::bigint AS budget
         FROM redemption_use u
        WHERE u.coupon_id = c.id AND u.held_until <= %(at)s AND NOT u.is_test) AS free
 WHERE c.id = ANY(%(coupons)s)
"""


def counted(*, coupons: Sequence[Coupon], at: datetime) -> dict[int, Counted]:
    """Return what is held and what was used on the coupon's own day, by coupon; one query.

    Tests are left out.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"at": at, "coupons": [coupon.pk for coupon in coupons]})
        return {
            coupon: Counted(held=held, lapsed=lapsed, lapsed_budget=budget, uses_today=today)
            for coupon, held, lapsed, budget, today in cursor.fetchall()
        }
