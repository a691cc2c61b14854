from django.db import migrations

COPY = """
INSERT INTO coupons_journalcursor (reader, xid, entry, caught_up_at)
SELECT reader, xid, entry, caught_up_at FROM reports_journalcursor
"""


class Migration(migrations.Migration):
    """The cursors have moved down to `coupons`, with how far their readers have come."""

    dependencies = [
        ('reports', '0001_initial'),
        ('coupons', '0006_journal_cursor'),
    ]

    operations = [
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.DeleteModel(name='JournalCursor'),
    ]
