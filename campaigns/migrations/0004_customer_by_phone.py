from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    # Customers are many by now: they are written on while the index is built.
    atomic = False

    dependencies = [
        ('campaigns', '0003_activity'),
        ('coupons', '0014_saved_filters_and_finding'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='customer',
            index=models.Index(condition=models.Q(('phone', ''), _negated=True), fields=['merchant', 'phone'], name='customer_by_phone'),
        ),
    ]
