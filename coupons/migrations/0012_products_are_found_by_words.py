"""Products are found by any part of their SKU or name."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations
from django.db.models.functions import Upper


class Migration(migrations.Migration):
    dependencies = [("coupons", "0011_pictures")]

    operations = [
        TrigramExtension(),
        migrations.AddIndex(
            model_name="product",
            index=GinIndex(
                OpClass(Upper("sku"), "gin_trgm_ops"),
                OpClass(Upper("name"), "gin_trgm_ops"),
                name="product_is_found_by_words",
            ),
        ),
    ]
