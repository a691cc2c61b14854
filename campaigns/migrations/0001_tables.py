"""Customers and what they did."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

# As with the journal, only a transaction that says it erases a person's data may rewrite rows.
CREATE = """
CREATE FUNCTION campaigns_activity_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('hexiao.erasing', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'activities are append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER activity_is_append_only BEFORE UPDATE OR DELETE ON campaigns_activity
    FOR EACH ROW EXECUTE FUNCTION campaigns_activity_is_append_only();
"""
DROP = """
DROP TRIGGER activity_is_append_only ON campaigns_activity;
DROP FUNCTION campaigns_activity_is_append_only();
"""


class Migration(migrations.Migration):

    initial = True

    # Databases from before the first release have gone through these steps.
    replaces = [
        ('campaigns', '0001_initial'),
        ('campaigns', '0002_initial'),
        ('campaigns', '0003_activity'),
        ('campaigns', '0004_customer_by_phone'),
    ]

    dependencies = [
        ('coupons', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ref', models.CharField(max_length=100, verbose_name='customer')),
                ('email', models.EmailField(blank=True, default='', max_length=254, verbose_name='e-mail')),
                ('phone', models.CharField(blank=True, default='', max_length=32, verbose_name='phone')),
                ('country', models.CharField(blank=True, default='', max_length=2, verbose_name='country')),
                ('language', models.CharField(blank=True, default='', max_length=16, verbose_name='language')),
                ('time_zone', models.CharField(blank=True, default='', max_length=64, verbose_name='time zone')),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None, verbose_name='tags')),
                ('tier', models.CharField(blank=True, default='', max_length=64, verbose_name='tier')),
                ('birthday', models.DateField(blank=True, null=True, verbose_name='birthday')),
                ('source', models.CharField(blank=True, default='', max_length=64, verbose_name='source')),
                ('registered_at', models.DateTimeField(blank=True, null=True, verbose_name='registered')),
                ('is_test', models.BooleanField(default=False, verbose_name='test customer')),
                ('consents', models.JSONField(blank=True, default=dict, verbose_name='consents')),
                ('paid_orders', models.PositiveIntegerField(default=0, verbose_name='paid orders')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'customer',
                'verbose_name_plural': 'customers',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='customer_by_tag'), models.Index(condition=models.Q(('email', ''), _negated=True), fields=['merchant', 'email'], name='customer_by_email'), models.Index(condition=models.Q(('phone', ''), _negated=True), fields=['merchant', 'phone'], name='customer_by_phone')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'ref'), name='customer_ref_is_unique'), models.CheckConstraint(condition=models.Q(('ref', ''), _negated=True), name='customer_has_a_ref'), models.CheckConstraint(condition=models.Q(('country__regex', '^([A-Z]{2})?$')), name='customer_country_is_iso_code')],
            },
        ),
        migrations.CreateModel(
            name='Activity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.CharField(db_collation='C', max_length=100)),
                ('type', models.CharField(choices=[('customer.registered', 'Registered'), ('shop.followed', 'Followed the shop'), ('product.viewed', 'Looked at a product'), ('category.viewed', 'Looked at a category'), ('cart.updated', 'Changed the cart'), ('order.placed', 'Placed an order'), ('order.paid', 'Paid an order'), ('order.cancelled', 'Order cancelled'), ('order.refunded', 'Order refunded'), ('social.liked', 'Liked'), ('social.shared', 'Shared'), ('social.commented', 'Commented'), ('task.completed', 'Completed a task'), ('referral.helped', 'Helped a friend'), ('points.earned', 'Earned points')], max_length=40, verbose_name='what')),
                ('occurred_at', models.DateTimeField(verbose_name='when')),
                ('received_at', models.DateTimeField(verbose_name='received')),
                ('data', models.JSONField(default=dict)),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
                ('customer', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='activities', to='campaigns.customer', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'activity',
                'verbose_name_plural': 'activities',
                'indexes': [models.Index(condition=models.Q(('customer__isnull', False)), fields=['customer', 'occurred_at'], name='activity_by_customer'), models.Index(fields=['merchant', 'type', 'occurred_at'], name='activity_by_type'), django.contrib.postgres.indexes.BrinIndex(fields=['received_at'], name='activity_by_time')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'event_id'), name='activity_counts_once')],
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
