from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    # The journal is large by now: it is written on while the index is built.
    atomic = False

    dependencies = [
        ('coupons', '0008_replacements'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='journalentry',
            index=models.Index(condition=models.Q(('type__startswith', 'coupon.'), ('type__startswith', 'codes.'), _connector='OR'), fields=['coupon', 'id'], name='journal_of_coupon_life'),
        ),
    ]
