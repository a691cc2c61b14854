"""Everything that the shops keep about coupons, codes and the work on them."""

import coupons.models.code
import coupons.models.merchant
import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

# Rows may be rewritten only by a transaction that says it erases a person's data.
CREATE = """
CREATE FUNCTION coupons_journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('hexiao.erasing', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE ON coupons_journalentry
    FOR EACH ROW EXECUTE FUNCTION coupons_journal_is_append_only();
"""
DROP = """
DROP TRIGGER journal_is_append_only ON coupons_journalentry;
DROP FUNCTION coupons_journal_is_append_only();
"""


class Migration(migrations.Migration):

    initial = True

    # Databases from before the first release have gone through these steps.
    replaces = [
        ('coupons', '0001_initial'),
        ('coupons', '0002_journal_is_append_only'),
        ('coupons', '0003_rates'),
        ('coupons', '0004_prizes'),
        ('coupons', '0005_returns'),
        ('coupons', '0006_journal_cursor'),
        ('coupons', '0007_reviews'),
        ('coupons', '0008_replacements'),
        ('coupons', '0009_journal_of_coupon_life'),
        ('coupons', '0010_checks_before_publishing'),
        ('coupons', '0011_pictures'),
        ('coupons', '0012_products_are_found_by_words'),
        ('coupons', '0013_redeemers'),
        ('coupons', '0014_saved_filters_and_finding'),
        ('coupons', '0015_platform_merchant'),
        ('coupons', '0016_job_kinds_and_results'),
        ('coupons', '0017_jobs_that_move'),
        ('coupons', '0018_printouts'),
        ('coupons', '0019_undone_batches'),
        ('coupons', '0020_partner_pools'),
        ('coupons', '0021_sheet_imports'),
        ('coupons', '0022_membership_channel'),
        ('coupons', '0023_paused_jobs'),
        ('coupons', '0024_pins_and_proof_limit'),
        ('coupons', '0025_sheet_exports'),
        ('coupons', '0026_kept_files'),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name='JournalCursor',
            fields=[
                ('reader', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('xid', models.BigIntegerField(default=0)),
                ('entry', models.BigIntegerField(default=0)),
                ('caught_up_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Merchant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=80, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9]+(-[a-z0-9]+)*\\Z', 'Small letters, digits and single hyphens only.')], verbose_name='slug')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('currency', models.CharField(max_length=3, validators=[coupons.models.merchant.check_currency], verbose_name='currency')),
                ('time_zone', models.CharField(default='UTC', max_length=64, validators=[coupons.models.merchant.check_time_zone], verbose_name='time zone')),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), default=coupons.models.merchant.english, size=None, verbose_name='languages')),
                ('currencies', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=3, validators=[coupons.models.merchant.check_currency]), blank=True, default=list, help_text='Currencies that the shop sells in besides its main one: EUR,GBP', size=None, verbose_name='further currencies')),
                ('warn_above_percent', models.PositiveSmallIntegerField(default=50, help_text='Before a coupon is published, a warning tells if more than this could come off a cart, together with other coupons.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='warn above (percent)')),
                ('reviews_required', models.BooleanField(default=False, help_text='A second person approves each coupon before it is published.', verbose_name='reviews required')),
                ('is_platform', models.BooleanField(default=False, help_text="Its published coupons can be used in every merchant's shop.", verbose_name='platform')),
                ('reviewed_by_platform', models.BooleanField(default=False, help_text="The platform's staff approve each coupon before it is published.", verbose_name='reviewed by the platform')),
                ('proof_above_minor', models.BigIntegerField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
            ],
            options={
                'verbose_name': 'merchant',
                'verbose_name_plural': 'merchants',
                'constraints': [models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='merchant_currency_is_iso_code'), models.CheckConstraint(condition=models.Q(('warn_above_percent__range', (1, 100))), name='merchant_warns_above_a_percentage'), models.CheckConstraint(condition=models.Q(('proof_above_minor__isnull', True), ('proof_above_minor__gte', 0), _connector='OR'), name='merchant_asks_for_proof_above_an_amount'), models.UniqueConstraint(condition=models.Q(('is_platform', True)), fields=('is_platform',), name='merchant_platform_is_one', violation_error_message='Another merchant is the platform; it has to stop being it first.'), models.CheckConstraint(condition=models.Q(('is_platform', False), ('reviewed_by_platform', False), _connector='OR'), name='merchant_platform_reviews_others')],
            },
        ),
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=80, validators=[django.core.validators.RegexValidator('^[a-z0-9]+(-[a-z0-9]+)*\\Z', 'Small letters, digits and single hyphens only.')], verbose_name='slug')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'sales channel',
                'verbose_name_plural': 'sales channels',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'slug'), name='channel_slug_is_unique')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=coupons.models.code.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('codes', 'Making codes'), ('move', 'Moving codes to another coupon'), ('reissue', 'Giving codes anew'), ('reserve', 'Reserving codes for a partner'), ('release', "Releasing a partner's codes"), ('revoke', 'Revoking codes'), ('print', 'Printing codes'), ('import', 'Reading a file'), ('export', 'Writing a file'), ('redeem', 'Redeeming a file'), ('undo', 'Undoing a batch')], default='codes', max_length=10, verbose_name='what')),
                ('about', models.CharField(blank=True, default='', max_length=200, verbose_name='about')),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('paused', 'Paused'), ('waiting', 'Waiting'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10, verbose_name='status')),
                ('total', models.BigIntegerField(verbose_name='total')),
                ('done', models.BigIntegerField(default=0, verbose_name='done')),
                ('failed', models.BigIntegerField(default=0, verbose_name='failed')),
                ('problem', models.TextField(blank=True, default='', verbose_name='problem')),
                ('result', models.FileField(blank=True, upload_to='results/%Y/%m/', verbose_name='file')),
                ('created_by', models.CharField(max_length=100, verbose_name='created by')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('files_removed_at', models.DateTimeField(blank=True, null=True)),
                ('is_cleared', models.BooleanField(default=False)),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'job',
                'verbose_name_plural': 'jobs',
                'indexes': [models.Index(fields=['merchant', '-created_at'], name='job_by_merchant'), models.Index(condition=models.Q(models.Q(models.Q(('result', ''), _negated=True), ('kind__in', ['import', 'redeem']), _connector='OR'), ('is_cleared', False)), fields=['finished_at'], name='job_to_clear')],
                'constraints': [models.CheckConstraint(condition=models.Q(('done__gte', 0), ('failed__gte', 0), ('total__gte', 0)), name='job_counts_up')],
            },
        ),
        migrations.CreateModel(
            name='Coupon',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=80, validators=[django.core.validators.RegexValidator('^[a-z0-9]+(-[a-z0-9]+)*\\Z', 'Small letters, digits and single hyphens only.')], verbose_name='slug')),
                ('name', models.CharField(max_length=200, verbose_name='name')),
                ('kind', models.CharField(choices=[('amount_off', 'Amount off'), ('percent_off', 'Percent off'), ('free_shipping', 'Free shipping'), ('gift', 'Gift or goods voucher'), ('tiered', 'Tiered'), ('buy_x_get_y', 'Buy X get Y'), ('pass', 'Pass'), ('draw', 'Prize draw')], max_length=20, verbose_name='kind')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('testing', 'Testing'), ('in_review', 'In review'), ('approved', 'Approved'), ('live', 'Live'), ('paused', 'Paused'), ('ended', 'Ended early')], default='draft', max_length=12, verbose_name='state')),
                ('version', models.PositiveIntegerField(default=1, verbose_name='version')),
                ('starts_at', models.DateTimeField(blank=True, null=True, verbose_name='starts')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='ends')),
                ('time_zone', models.CharField(default='UTC', max_length=64, verbose_name='time zone')),
                ('published_at', models.DateTimeField(blank=True, null=True, verbose_name='published')),
                ('created_by', models.CharField(default='', max_length=100, verbose_name='created by')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('updated_at', models.DateTimeField(verbose_name='changed')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'coupon',
                'verbose_name_plural': 'coupons',
                'permissions': [('redeem_coupon', 'Can redeem the coupon by hand')],
                'indexes': [models.Index(fields=['merchant', 'state', 'ends_at'], name='coupon_by_state'), models.Index(fields=['merchant', '-created_at', '-id'], name='coupon_by_time')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'slug'), name='coupon_slug_is_unique'), models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('starts_at__isnull', True), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='coupon_window_is_ordered'), models.CheckConstraint(condition=models.Q(('kind__in', ['amount_off', 'percent_off', 'free_shipping', 'gift', 'tiered', 'buy_x_get_y', 'pass', 'draw'])), name='coupon_kind_is_known'), models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'testing', 'in_review', 'approved', 'live', 'paused', 'ended'])), name='coupon_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['live', 'paused']), _negated=True), models.Q(('published_at__isnull', False), ('starts_at__isnull', False)), _connector='OR'), name='coupon_is_published_with_a_start')],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('language', models.CharField(blank=True, choices=[('en', 'English'), ('zh-hans', '简体中文')], default='', help_text='Empty: as the browser asks.', max_length=16, verbose_name='language')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('merchant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='IdempotentAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('caller', models.CharField(max_length=16)),
                ('key', models.CharField(max_length=255)),
                ('request_hash', models.BinaryField()),
                ('status', models.PositiveSmallIntegerField()),
                ('content_type', models.CharField(max_length=64)),
                ('body', models.BinaryField()),
                ('created_at', models.DateTimeField(db_index=True)),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('merchant', 'caller', 'key'), name='idempotency_key_is_used_once')],
            },
        ),
        migrations.CreateModel(
            name='ExchangeRates',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quoted_on', models.DateField(verbose_name='day')),
                ('base', models.CharField(max_length=3, verbose_name='currency')),
                ('rates', models.JSONField(verbose_name='rates')),
                ('merchant', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'exchange rates',
                'verbose_name_plural': 'exchange rates',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'base', 'quoted_on'), name='exchange_rates_are_unique', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('base__regex', '^[A-Z]{3}$')), name='exchange_base_is_iso_code')],
            },
        ),
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=500, verbose_name='path')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'category',
                'verbose_name_plural': 'categories',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'path'), name='category_path_is_unique'), models.CheckConstraint(condition=models.Q(models.Q(('path', ''), _negated=True), models.Q(('path__startswith', '/'), _negated=True), models.Q(('path__endswith', '/'), _negated=True)), name='category_path_is_plain')],
            },
        ),
        migrations.CreateModel(
            name='Picture',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('created_by', models.CharField(max_length=100, verbose_name='created by')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'picture',
                'verbose_name_plural': 'pictures',
                'indexes': [models.Index(fields=['merchant', '-created_at'], name='picture_by_merchant')],
            },
        ),
        migrations.CreateModel(
            name='StaffGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('is_all_clerks', models.BooleanField(default=False)),
                ('group', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='staff_group', to='auth.group', verbose_name='members')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'staff group',
                'verbose_name_plural': 'staff groups',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'name'), name='staff_group_name_is_unique', violation_error_message='There is a group of this name.'), models.UniqueConstraint(condition=models.Q(('is_all_clerks', True)), fields=('merchant',), name='staff_group_of_all_clerks_is_one')],
            },
        ),
        migrations.CreateModel(
            name='TaxRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.CharField(max_length=2, verbose_name='country')),
                ('category', models.CharField(blank=True, default='', max_length=500, verbose_name='category')),
                ('rate', models.PositiveIntegerField(verbose_name='rate')),
                ('prices_include_tax', models.BooleanField(default=False, verbose_name='prices include tax')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'tax rate',
                'verbose_name_plural': 'tax rates',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'country', 'category'), name='tax_rate_is_unique'), models.CheckConstraint(condition=models.Q(('country__regex', '^[A-Z]{2}$')), name='tax_country_is_iso_code'), models.CheckConstraint(condition=models.Q(('rate__lte', 100000)), name='tax_rate_is_at_most_all')],
            },
        ),
        migrations.CreateModel(
            name='CodePool',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('partner', models.CharField(max_length=100, verbose_name='partner')),
                ('purpose', models.CharField(blank=True, max_length=200, verbose_name='purpose')),
                ('count', models.BigIntegerField(default=0, verbose_name='codes')),
                ('created_by', models.CharField(max_length=100, verbose_name='created by')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('exported_by', models.CharField(blank=True, default='', max_length=100, verbose_name='exported by')),
                ('exported_at', models.DateTimeField(blank=True, null=True, verbose_name='exported')),
                ('released_at', models.DateTimeField(blank=True, null=True, verbose_name='released')),
                ('coupon', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pools', to='coupons.coupon', verbose_name='coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'partner pool',
                'verbose_name_plural': 'partner pools',
                'indexes': [models.Index(fields=['merchant', '-id'], name='pool_by_merchant')],
                'constraints': [models.CheckConstraint(condition=models.Q(('count__gte', 0)), name='pool_counts_up'), models.CheckConstraint(condition=models.Q(('partner', ''), _negated=True), name='pool_has_a_partner'), models.CheckConstraint(condition=models.Q(('exported_at__isnull', True), ('released_at__isnull', True), _connector='OR'), name='pool_is_exported_or_released')],
            },
        ),
        migrations.CreateModel(
            name='CodeBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('pattern', models.CharField(max_length=64, verbose_name='pattern')),
                ('total', models.BigIntegerField(verbose_name='codes')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('looked_to', models.BigIntegerField(default=0)),
                ('deleted_to', models.BigIntegerField(default=0)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='coupons.job', verbose_name='job')),
                ('undoing', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_batch', to='coupons.job', verbose_name='undoing')),
                ('coupon', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='coupons.coupon', verbose_name='coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'code batch',
                'verbose_name_plural': 'code batches',
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
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('operator', 'Operator'), ('reviewer', 'Reviewer'), ('redemption_clerk', 'Redemption clerk'), ('risk_analyst', 'Risk analyst'), ('analyst', 'Analyst')], max_length=20, verbose_name='role')),
                ('channel', models.ForeignKey(blank=True, help_text='Redeems by hand for this shop or till only. Empty: for any.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.channel', verbose_name='sales channel')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'staff member',
                'verbose_name_plural': 'staff',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'user'), name='membership_is_one_per_merchant'), models.CheckConstraint(condition=models.Q(('role__in', ['owner', 'operator', 'reviewer', 'redemption_clerk', 'risk_analyst', 'analyst'])), name='membership_role_is_known')],
            },
        ),
        migrations.CreateModel(
            name='CouponVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('definition', models.JSONField(verbose_name='definition')),
                ('changed_by', models.CharField(max_length=100, verbose_name='changed by')),
                ('changed_at', models.DateTimeField(verbose_name='changed')),
                ('coupon', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='coupons.coupon', verbose_name='coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'coupon version',
                'verbose_name_plural': 'coupon versions',
                'indexes': [models.Index(fields=['merchant', 'changed_by', 'coupon'], name='coupon_version_by_person')],
                'constraints': [models.UniqueConstraint(fields=('coupon', 'version'), name='coupon_version_is_unique'), models.CheckConstraint(condition=models.Q(('definition__has_keys', ['slug', 'name', 'kind', 'limits', 'scope'])), name='coupon_version_is_whole')],
            },
        ),
        migrations.CreateModel(
            name='CouponPerson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='redeeming_people', to='coupons.coupon', verbose_name='coupon')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'person who may redeem',
                'verbose_name_plural': 'people who may redeem',
                'constraints': [models.UniqueConstraint(fields=('user', 'permission', 'content_object'), name='coupon_person_is_named_once')],
            },
        ),
        migrations.CreateModel(
            name='CouponGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='redeeming_groups', to='coupons.coupon', verbose_name='coupon')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.group')),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'group that may redeem',
                'verbose_name_plural': 'groups that may redeem',
                'constraints': [models.UniqueConstraint(fields=('group', 'permission', 'content_object'), name='coupon_group_is_named_once')],
            },
        ),
        migrations.CreateModel(
            name='CouponDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('max_uses', models.BigIntegerField(null=True)),
                ('uses', models.BigIntegerField(default=0)),
                ('coupon', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('coupon', 'day'), name='coupon_day_is_unique'), models.CheckConstraint(condition=models.Q(('uses__gte', 0), models.Q(('max_uses__isnull', True), ('uses__lte', models.F('max_uses')), _connector='OR')), name='coupon_day_uses_within_limit')],
            },
        ),
        migrations.CreateModel(
            name='Prize',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveSmallIntegerField()),
                ('stock', models.BigIntegerField(null=True)),
                ('drawn', models.BigIntegerField(default=0)),
                ('coupon', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.coupon')),
                ('draw', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='prizes', to='coupons.coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('draw', 'place'), name='prize_place_is_unique'), models.CheckConstraint(condition=models.Q(('drawn__gte', 0), models.Q(('stock__isnull', True), ('drawn__lte', models.F('stock')), _connector='OR')), name='prize_drawn_within_stock')],
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sku', models.CharField(max_length=100, verbose_name='SKU')),
                ('name', models.CharField(blank=True, default='', max_length=300, verbose_name='name')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('price_minor', models.BigIntegerField(blank=True, null=True, verbose_name='price')),
                ('cost_minor', models.BigIntegerField(blank=True, null=True, verbose_name='cost')),
                ('on_sale', models.BooleanField(default=False, verbose_name='on sale')),
                ('stock', models.IntegerField(blank=True, null=True, verbose_name='stock')),
                ('category', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='products', to='coupons.category', verbose_name='category')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'product',
                'verbose_name_plural': 'products',
                'indexes': [django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('sku'), 'gin_trgm_ops'), django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Upper('name'), 'gin_trgm_ops'), name='product_is_found_by_words')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'sku'), name='product_sku_is_unique'), models.CheckConstraint(condition=models.Q(('price_minor__isnull', True), ('price_minor__gte', 0), _connector='OR'), name='product_price_is_not_negative'), models.CheckConstraint(condition=models.Q(('cost_minor__isnull', True), ('cost_minor__gte', 0), _connector='OR'), name='product_cost_is_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='Reach',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(blank=True, max_length=220)),
                ('priority', models.PositiveIntegerField()),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField(null=True)),
                ('coupon', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='coupons.coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'indexes': [models.Index(fields=['merchant', 'key', 'priority', 'coupon'], include=('starts_at', 'ends_at'), name='reach_by_key')],
                'constraints': [models.UniqueConstraint(fields=('coupon', 'key'), name='reach_is_unique')],
            },
        ),
        migrations.CreateModel(
            name='Replacement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('moves_codes', models.BooleanField(verbose_name='moves the stock')),
                ('moves_shared_code', models.BooleanField(verbose_name='moves the shared code')),
                ('reached', models.BigIntegerField(default=0)),
                ('created_by', models.CharField(max_length=100, verbose_name='created by')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('job', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replacement', to='coupons.job', verbose_name='job')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
                ('new', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='replacing', to='coupons.coupon', verbose_name='new coupon')),
                ('old', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='replacements', to='coupons.coupon', verbose_name='replaced coupon')),
            ],
            options={
                'verbose_name': 'replacement',
                'verbose_name_plural': 'replacements',
                'constraints': [models.UniqueConstraint(fields=('old',), name='coupon_is_replaced_once'), models.CheckConstraint(condition=models.Q(('old', models.F('new')), _negated=True), name='coupon_replaces_another')],
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('author', models.CharField(max_length=100, verbose_name='who')),
                ('verdict', models.CharField(choices=[('submitted', 'Submitted'), ('comment', 'Comment'), ('approved', 'Approved'), ('refused', 'Refused')], max_length=9, verbose_name='verdict')),
                ('text', models.TextField(blank=True, default='', verbose_name='comment')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('coupon', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='coupons.coupon', verbose_name='coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'review',
                'verbose_name_plural': 'reviews',
                'indexes': [models.Index(fields=['coupon', 'id'], name='review_by_coupon')],
                'constraints': [models.CheckConstraint(condition=models.Q(('verdict__in', ['submitted', 'comment', 'approved', 'refused'])), name='review_verdict_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('verdict__in', ['comment', 'refused']), _negated=True), models.Q(('text', ''), _negated=True), _connector='OR'), name='review_says_something')],
            },
        ),
        migrations.CreateModel(
            name='SavedFilter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('page', models.CharField(max_length=60)),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('query', models.CharField(max_length=1000)),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'saved filter',
                'verbose_name_plural': 'saved filters',
                'constraints': [models.UniqueConstraint(fields=('merchant', 'user', 'page', 'name'), name='saved_filter_name_is_unique'), models.CheckConstraint(condition=models.Q(models.Q(('name', ''), _negated=True), models.Q(('query', ''), _negated=True)), name='saved_filter_says_something')],
            },
        ),
        migrations.CreateModel(
            name='SheetExport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sheet', models.CharField(max_length=20)),
                ('format', models.CharField(choices=[('xlsx', 'Excel (xlsx)'), ('csv', 'CSV')], max_length=4)),
                ('language', models.CharField(max_length=10)),
                ('filters', models.JSONField(default=dict)),
                ('after', models.JSONField(null=True)),
                ('parts', models.PositiveIntegerField(default=0)),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sheet_export', to='coupons.job', verbose_name='job')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'export',
                'verbose_name_plural': 'exports',
            },
        ),
        migrations.CreateModel(
            name='SheetImport',
            fields=[
                ('id', models.UUIDField(default=coupons.models.code.new_id, editable=False, primary_key=True, serialize=False)),
                ('sheet', models.CharField(max_length=20, verbose_name='what')),
                ('file', models.FileField(upload_to='sheets/%Y/%m/', verbose_name='file')),
                ('file_name', models.CharField(max_length=200, verbose_name='file name')),
                ('digest', models.CharField(max_length=64)),
                ('on_duplicate', models.CharField(choices=[('skip', 'Leave them as they are'), ('update', 'Change them to what the file says'), ('fail', 'Apply nothing at all')], max_length=6, verbose_name='rows that are there')),
                ('at_once', models.BooleanField(default=False)),
                ('stage', models.CharField(choices=[('reading', 'Being read'), ('checked', 'Waits for you'), ('applying', 'Being applied'), ('applied', 'Applied'), ('refused', 'Not applied'), ('stopped', 'Stopped')], default='reading', max_length=8, verbose_name='stage')),
                ('columns', models.JSONField(default=list)),
                ('ignored', models.JSONField(default=list)),
                ('read_to', models.BigIntegerField(default=0)),
                ('applied_to', models.BigIntegerField(default=0)),
                ('new', models.BigIntegerField(default=0, verbose_name='new')),
                ('changed', models.BigIntegerField(default=0, verbose_name='changed')),
                ('kept', models.BigIntegerField(default=0, verbose_name='left as they are')),
                ('same', models.BigIntegerField(default=0, verbose_name='the same')),
                ('bad', models.BigIntegerField(default=0, verbose_name='bad')),
                ('created_by', models.CharField(max_length=100, verbose_name='created by')),
                ('created_at', models.DateTimeField(verbose_name='created')),
                ('coupon', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.coupon', verbose_name='coupon')),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='sheet_import', to='coupons.job', verbose_name='job')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
                'indexes': [models.Index(fields=['merchant', '-created_at', '-id'], name='sheet_import_by_time'), models.Index(fields=['merchant', 'digest'], name='sheet_import_by_digest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('applied_to__gte', 0), ('read_to__gte', models.F('applied_to'))), name='sheet_import_applies_what_was_read')],
            },
        ),
        migrations.CreateModel(
            name='CouponCounter',
            fields=[
                ('coupon', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='counter', serialize=False, to='coupons.coupon', verbose_name='coupon')),
                ('max_issued', models.BigIntegerField(null=True)),
                ('issued', models.BigIntegerField(default=0)),
                ('claimed', models.BigIntegerField(default=0)),
                ('max_uses', models.BigIntegerField(null=True)),
                ('uses', models.BigIntegerField(default=0)),
                ('budget_minor', models.BigIntegerField(null=True)),
                ('budget_used_minor', models.BigIntegerField(default=0)),
                ('budget_currency', models.CharField(blank=True, default='', max_length=3)),
                ('revision', models.BigIntegerField(default=0)),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('issued__gte', 0), models.Q(('max_issued__isnull', True), ('issued__lte', models.F('max_issued')), _connector='OR')), name='coupon_issued_within_limit'), models.CheckConstraint(condition=models.Q(('uses__gte', 0), models.Q(('max_uses__isnull', True), ('uses__lte', models.F('max_uses')), _connector='OR')), name='coupon_uses_within_limit'), models.CheckConstraint(condition=models.Q(('budget_used_minor__gte', 0), models.Q(('budget_minor__isnull', True), ('budget_used_minor__lte', models.F('budget_minor')), _connector='OR')), name='coupon_budget_holds')],
            },
        ),
        migrations.CreateModel(
            name='Code',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(db_collation='C', max_length=64, verbose_name='code')),
                ('state', models.CharField(choices=[('active', 'Active'), ('revoked', 'Revoked')], default='active', max_length=8, verbose_name='state')),
                ('shared', models.BooleanField(default=False, verbose_name='shared')),
                ('max_uses', models.PositiveIntegerField(default=1, null=True, verbose_name='uses allowed')),
                ('uses', models.PositiveIntegerField(default=0, verbose_name='uses')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='expires')),
                ('replaced_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.code', verbose_name='replaced by')),
                ('batch', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='codes', to='coupons.codebatch', verbose_name='batch')),
                ('pool', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='codes', to='coupons.codepool', verbose_name='partner pool')),
                ('coupon', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='codes', to='coupons.coupon', verbose_name='coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'code',
                'verbose_name_plural': 'codes',
                'indexes': [models.Index(fields=['coupon', 'id'], name='code_by_coupon'), models.Index(fields=['batch', 'id'], name='code_by_batch'), models.Index(condition=models.Q(('pool__isnull', False)), fields=['pool', 'id'], name='code_by_pool'), models.Index(condition=models.Q(('state', 'revoked')), fields=['merchant', 'text'], name='code_revoked'), models.Index(condition=models.Q(('replaced_by__isnull', False)), fields=['replaced_by'], name='code_by_replacement')],
                'constraints': [models.UniqueConstraint(fields=('merchant', 'text'), name='code_text_is_unique'), models.UniqueConstraint(condition=models.Q(('shared', True)), fields=('coupon',), name='coupon_has_one_shared_code'), models.CheckConstraint(condition=models.Q(('uses__gte', 0), models.Q(('max_uses__isnull', True), ('uses__lte', models.F('max_uses')), _connector='OR')), name='code_uses_within_limit'), models.CheckConstraint(condition=models.Q(models.Q(('max_uses__isnull', True), ('shared', True)), models.Q(('max_uses__isnull', False), ('shared', False)), _connector='OR'), name='code_is_shared_or_bounded'), models.CheckConstraint(condition=models.Q(('text__regex', '^[^\\sa-z-]{1,64}$')), name='code_text_is_normal')],
            },
        ),
        migrations.CreateModel(
            name='Pin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.CharField(max_length=128)),
                ('set_at', models.DateTimeField(verbose_name='set')),
                ('membership', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='pin', to='coupons.membership', verbose_name='staff member')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'PIN',
                'verbose_name_plural': 'PINs',
            },
        ),
        migrations.CreateModel(
            name='PinTries',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(max_length=40)),
                ('tries', models.PositiveSmallIntegerField()),
                ('since', models.DateTimeField()),
                ('membership', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='coupons.membership')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('membership', 'place'), name='pin_tries_are_counted_once_per_place')],
            },
        ),
        migrations.CreateModel(
            name='Printout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('unused_only', models.BooleanField(default=True)),
                ('layout', models.CharField(max_length=20)),
                ('language', models.CharField(max_length=10)),
                ('number', models.PositiveSmallIntegerField(default=1)),
                ('of', models.PositiveSmallIntegerField(default=1)),
                ('after', models.BigIntegerField()),
                ('last', models.BigIntegerField()),
                ('parts', models.PositiveIntegerField(default=0)),
                ('batch', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.codebatch', verbose_name='batch')),
                ('coupon', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.coupon', verbose_name='coupon')),
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='printout', to='coupons.job', verbose_name='job')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'printout',
                'verbose_name_plural': 'printouts',
            },
        ),
        migrations.CreateModel(
            name='StagedRow',
            fields=[
                ('pk', models.CompositePrimaryKey('imported_id', 'number', blank=True, editable=False, primary_key=True, serialize=False)),
                ('number', models.BigIntegerField()),
                ('key', models.TextField(db_collation='C')),
                ('cells', models.JSONField()),
                ('before', models.JSONField(null=True)),
                ('outcome', models.CharField(choices=[('new', 'New'), ('changed', 'Changed'), ('kept', 'Left as it is'), ('same', 'The same'), ('bad', 'Bad')], max_length=8)),
                ('problem', models.TextField(default='')),
                ('imported', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='coupons.sheetimport')),
                ('merchant', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('outcome__in', ['changed', 'kept', 'bad'])), fields=['imported', 'outcome', 'number'], name='staged_row_to_show')],
            },
        ),
        migrations.CreateModel(
            name='CodeWalk',
            fields=[
                ('job', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='walk', serialize=False, to='coupons.job', verbose_name='job')),
                ('reason', models.CharField(blank=True, default='', max_length=500, verbose_name='reason')),
                ('reached', models.BigIntegerField(default=0)),
                ('until', models.BigIntegerField(default=0)),
                ('parts', models.PositiveIntegerField(default=0)),
                ('batch', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.codebatch', verbose_name='batch')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
                ('pool', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='walks', to='coupons.codepool', verbose_name='pool')),
            ],
            options={
                'verbose_name': 'walk over codes',
                'verbose_name_plural': 'walks over codes',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('batch__isnull', False), ('pool__isnull', True)), models.Q(('batch__isnull', True), ('pool__isnull', False)), _connector='OR'), name='walk_is_of_a_batch_or_a_pool')],
            },
        ),
        migrations.CreateModel(
            name='JournalEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('type', models.CharField(max_length=40, verbose_name='what')),
                ('actor', models.CharField(max_length=100, verbose_name='who')),
                ('request_id', models.CharField(blank=True, default='', max_length=128, verbose_name='request')),
                ('customer_ref', models.CharField(blank=True, default='', max_length=100)),
                ('redemption_ref', models.UUIDField(null=True)),
                ('data', models.JSONField(default=dict)),
                ('xid', models.BigIntegerField(db_default=django.db.models.expressions.RawSQL('(pg_current_xact_id()::text::bigint)', ()), editable=False)),
                ('code', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='coupons.code')),
                ('coupon', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='coupons.coupon')),
                ('merchant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='coupons.merchant', verbose_name='merchant')),
            ],
            options={
                'verbose_name': 'journal entry',
                'verbose_name_plural': 'journal',
                'indexes': [models.Index(fields=['xid', 'id'], name='journal_in_order'), models.Index(fields=['merchant', '-id'], name='journal_by_merchant'), models.Index(condition=models.Q(('coupon__isnull', False)), fields=['coupon', 'id'], name='journal_by_coupon'), models.Index(condition=models.Q(('type__startswith', 'coupon.'), ('type__startswith', 'codes.'), _connector='OR'), fields=['coupon', 'id'], name='journal_of_coupon_life'), models.Index(condition=models.Q(('code__isnull', False)), fields=['code', 'id'], name='journal_by_code'), django.contrib.postgres.indexes.BrinIndex(fields=['at'], name='journal_by_time')],
            },
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
