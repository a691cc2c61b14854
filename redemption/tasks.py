"""Background work of redemption: telling the merchants' programs what happened."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from redemption.webhooks import deliveries, folding, sending

#: Chunks of the journal in one run; beat sends the next run soon.
CHUNKS = 20


@shared_task
def send_webhooks() -> int:
    """Make deliveries of what happened, and send what is due; several at once do no harm."""
    folding.catch_up(at=timezone.now(), chunks=CHUNKS)
    return sending.send_due(private=settings.HEXIAO_ALLOW_PRIVATE_WEBHOOKS)


@shared_task
def remove_old_deliveries() -> int:
    """Remove deliveries that have been kept long enough; twice does no harm."""
    return deliveries.remove_old(at=timezone.now())
