from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('coupons', '0005_returns'),
    ]

    operations = [
        migrations.CreateModel(
            name='JournalCursor',
            fields=[
                ('reader', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('xid', models.BigIntegerField(default=0)),
                ('entry', models.BigIntegerField(default=0)),
                ('caught_up_at', models.DateTimeField(null=True)),
            ],
        ),
    ]
