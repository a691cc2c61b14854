"""Lists of few among very many orders and redemptions have indexes of their own."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Both tables grow without end: the indexes are built beside the writes.
    atomic = False

    dependencies = [("redemption", "0011_key_origin")]

    operations = [
        AddIndexConcurrently(
            model_name="order",
            index=models.Index(
                fields=["merchant", "status", "-placed_at", "-id"], name="order_by_status"
            ),
        ),
        AddIndexConcurrently(
            model_name="redemption",
            index=models.Index(
                fields=["merchant", "status", "-created_at", "-id"],
                name="redemption_given_back",
                condition=models.Q(status__in=["released", "partly_reversed", "reversed"]),
            ),
        ),
        AddIndexConcurrently(
            model_name="redemption",
            index=models.Index(
                fields=["merchant", "method", "-created_at", "-id"],
                name="redemption_by_method",
                condition=~models.Q(method="automatic"),
            ),
        ),
    ]
