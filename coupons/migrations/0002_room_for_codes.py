"""Room in each page of the codes: a use that is counted stays there, and no index is written.

Without it every code redeemed among many moved to another page, and four indexes with it, each
page of which went whole to the log at its first change after a checkpoint.

And an index of the few shared codes, which were looked for among all.
"""

from django.db import migrations, models

LEAVE_ROOM = "ALTER TABLE coupons_code SET (fillfactor = 90)"
FILL_UP = "ALTER TABLE coupons_code RESET (fillfactor)"


class Migration(migrations.Migration):
    dependencies = [("coupons", "0001_tables")]
    operations = [
        migrations.RunSQL(LEAVE_ROOM, FILL_UP),
        migrations.AddIndex(
            model_name="code",
            index=models.Index(
                condition=models.Q(("shared", True)),
                fields=["merchant", "text"],
                name="code_shared",
            ),
        ),
    ]
