"""A test customer's use takes nothing: what those before took is given back."""

from django.db import migrations

CODES = """
UPDATE coupons_code o SET uses = o.uses - u.uses
  FROM (SELECT code_id, count(*) AS uses FROM redemption_use
         WHERE is_test AND taken GROUP BY code_id) u
 WHERE u.code_id = o.id AND NOT o.shared
"""
# A customer without a limit has no counter; one whose limit came later counts from then on.
CUSTOMERS = """
UPDATE redemption_customercounter c SET uses = c.uses - least(c.uses, u.uses)
  FROM (SELECT u.coupon_id, u.customer_id, count(*) AS uses
          FROM redemption_use u
          JOIN coupons_couponversion v ON v.coupon_id = u.coupon_id AND v.version = u.version
         WHERE u.is_test AND u.taken
           AND v.definition -> 'limits' ->> 'uses_per_customer' IS NOT NULL
         GROUP BY u.coupon_id, u.customer_id) u
 WHERE u.coupon_id = c.coupon_id AND u.customer_id = c.customer_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("redemption", "0009_holds_and_checks"),
        ("coupons", "0006_journal_cursor"),
    ]

    operations = [
        migrations.RunSQL(CODES, migrations.RunSQL.noop),
        migrations.RunSQL(CUSTOMERS, migrations.RunSQL.noop),
    ]
