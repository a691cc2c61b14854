"""Background work of redemptions. Running any of it twice does no harm."""

import time

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from redemption import holds, metering, proving, refusing
from redemption.webhooks import deliveries, folding, sending

#: Chunks in one run; what is left is the next run's.
CHUNKS = 100
#: Of the journal, the same; beat sends the next run soon.
JOURNAL_CHUNKS = 20


@shared_task
def forget_refused_attempts() -> int:
    """Remove refused attempts past their time."""
    return refusing.forget(at=timezone.now(), chunks=CHUNKS)


@shared_task
def forget_proofs() -> int:
    """Remove proofs that nobody used."""
    return proving.forget(at=timezone.now(), chunks=CHUNKS)


@shared_task
def flush_key_uses() -> int:
    """Write down when each key was last used."""
    return metering.flush(now=time.time())


@shared_task
def release_lapsed_holds() -> int:
    """Tidy up holds past their time, which are free already."""
    released = 0
    for _ in range(CHUNKS):
        step = holds.release_lapsed(at=timezone.now())
        released += step
        if step == 0:
            break
    return released


@shared_task
def send_webhooks() -> int:
    """Make deliveries of what happened, and send what is due."""
    folding.catch_up(at=timezone.now(), chunks=JOURNAL_CHUNKS)
    return sending.send_due(private=settings.HEXIAO_ALLOW_PRIVATE_WEBHOOKS)


@shared_task
def remove_old_deliveries() -> int:
    """Remove deliveries that have been kept long enough."""
    return deliveries.remove_old(at=timezone.now())
