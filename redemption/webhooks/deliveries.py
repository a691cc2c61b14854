"""Deliveries that have ended: sent once more, or removed when they are old."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from redemption.models import WebhookDelivery, WebhookEndpoint

State = WebhookDelivery.State
#: How long a delivery is kept: one that arrived, and any other.
KEPT = {State.DELIVERED: timedelta(days=30)}
KEPT_OTHERWISE = timedelta(days=90)
#: Rows that one statement changes or removes.
CHUNK = 5_000


def replay(*, delivery: WebhookDelivery, at: datetime) -> int:
    """Send a failed one anew, with all its attempts; return how many are on their way (0 or 1)."""
    return _again(WebhookDelivery.objects.filter(pk=delivery.pk), at=at)


def replay_failed(*, endpoint: WebhookEndpoint, at: datetime) -> int:
    """Send an endpoint's failed ones anew, the oldest 5,000 at a time; return how many."""
    rows = WebhookDelivery.objects.of(endpoint.merchant_id).order_by("id")
    failed = rows.filter(endpoint=endpoint, state=State.FAILED)
    oldest = list(failed.values_list("pk", flat=True)[:CHUNK])
    return _again(WebhookDelivery.objects.filter(pk__in=oldest), at=at)


def _again(rows: QuerySet, *, at: datetime) -> int:
    from redemption.tasks import send_webhooks

    with transaction.atomic():
        transaction.on_commit(send_webhooks.delay, robust=True)
        return rows.filter(state=State.FAILED).update(state=State.PENDING, attempts=0, next_at=at)


def remove_old(*, at: datetime, chunk: int = CHUNK) -> int:
    """Remove what has been kept long enough, `chunk` rows a transaction; return how many."""
    removed = 0
    for state in State:
        before = at - KEPT.get(state, KEPT_OTHERWISE)
        old = WebhookDelivery.objects.filter(state=state, created_at__lt=before)
        while keys := list(old.order_by("created_at").values_list("pk", flat=True)[:chunk]):
            removed += WebhookDelivery.objects.filter(pk__in=keys, state=state).delete()[0]
    return removed
