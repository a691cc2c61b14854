"""Figures added up."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    # Databases from before the first release have gone through these steps.
    replaces = [
        ('reports', '0001_initial'),
        ('reports', '0002_cursor_to_coupons'),
        ('reports', '0003_pool_figures'),
    ]

    dependencies = [
        ('coupons', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('currency', models.CharField(blank=True, max_length=3, verbose_name='currency')),
                ('issued', models.BigIntegerField(default=0, verbose_name='issued')),
                ('redeemed', models.BigIntegerField(default=0, verbose_name='redeemed')),
                ('discount_minor', models.BigIntegerField(default=0, verbose_name='discount given')),
                ('orders', models.BigIntegerField(default=0, verbose_name='orders')),
                ('order_value_minor', models.BigIntegerField(default=0, verbose_name='order value')),
                ('coupon', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='coupons.coupon', verbose_name='coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'daily figure',
                'verbose_name_plural': 'daily figures',
                'indexes': [models.Index(condition=models.Q(('coupon__isnull', False)), fields=['merchant', 'day'], name='daily_figure_of_coupons')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'coupon', 'day', 'currency'), name='daily_figure_is_unique', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='PoolFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('redeemed', models.BigIntegerField(default=0, verbose_name='redeemed')),
                ('reversed', models.BigIntegerField(default=0, verbose_name='reversed')),
                ('discount_minor', models.BigIntegerField(default=0, verbose_name='discount given')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
                ('pool', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='coupons.codepool')),
            ],
            options={
                'verbose_name': 'figure of a partner pool',
                'verbose_name_plural': 'figures of partner pools',
                'constraints': [models.UniqueConstraint(fields=('pool', 'currency'), name='pool_figure_is_unique')],
            },
        ),
    ]
