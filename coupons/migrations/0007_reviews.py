import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0006_journal_cursor'),
    ]

    operations = [
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('author', models.CharField(max_length=100, verbose_name='who')),
                ('verdict', models.CharField(choices=[('submitted', 'Submitted'), ('comment', 'Comment'), ('approved', 'Approved'), ('refused', 'Refused')], max_length=9, verbose_name='verdict')),
                ('text', models.TextField(blank=True, default='', verbose_name='comment')),
                ('at', models.DateTimeField(verbose_name='when')),
            ],
            options={
                'verbose_name': 'review',
                'verbose_name_plural': 'reviews',
            },
        ),
        migrations.CreateModel(
            name='CouponInReview',
            fields=[
            ],
            options={
                'verbose_name': 'coupon in review',
                'verbose_name_plural': 'coupons in review',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('coupons.coupon',),
        ),
        migrations.RemoveConstraint(
            model_name='coupon',
            name='coupon_state_is_known',
        ),
        migrations.AlterField(
            model_name='coupon',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('testing', 'Testing'), ('in_review', 'In review'), ('approved', 'Approved'), ('live', 'Live'), ('paused', 'Paused'), ('ended', 'Ended early')], default='draft', max_length=12, verbose_name='state'),
        ),
        migrations.AddConstraint(
            model_name='coupon',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'testing', 'in_review', 'approved', 'live', 'paused', 'ended'])), name='coupon_state_is_known'),
        ),
        migrations.AddField(
            model_name='review',
            name='coupon',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='coupons.coupon', verbose_name='coupon'),
        ),
        migrations.AddField(
            model_name='review',
            name='merchant',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant'),
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(fields=['coupon', 'id'], name='review_by_coupon'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('verdict__in', ['submitted', 'comment', 'approved', 'refused'])), name='review_verdict_is_known'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('verdict__in', ['comment', 'refused']), _negated=True), models.Q(('text', ''), _negated=True), _connector='OR'), name='review_says_something'),
        ),
    ]
