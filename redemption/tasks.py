"""Background work of redemptions."""

from celery import shared_task
from django.utils import timezone

from redemption import refusing

#: Chunks in one run; what is left is the next run's.
CHUNKS = 100


@shared_task
def forget_refused_attempts() -> int:
    """Remove refused attempts past their time; running twice does no harm."""
    return refusing.forget(at=timezone.now(), chunks=CHUNKS)
