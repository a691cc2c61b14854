"""Background work of the ground floor."""

import uuid
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from coupons import issuing, moving, rates
from coupons.api import idempotency
from coupons.models import Job

#: A job that waits this long has lost its message, say with a broker; it is sent again.
STALE_SECONDS = 60
#: Chunks in one run; what is left is the next run's.
CHUNKS = 100


@shared_task
def make_codes(job_id: str) -> None:
    """Make the codes of a batch, chunk by chunk; safe to start twice."""
    while issuing.make_chunk(job_id=uuid.UUID(job_id)):
        pass


@shared_task
def move_codes(job_id: str) -> None:
    """Move a replaced coupon's codes, chunk by chunk; safe to start twice."""
    while moving.move_chunk(job_id=uuid.UUID(job_id), at=timezone.now()):
        pass


@shared_task
def resume_jobs() -> None:
    """Send unfinished jobs to the workers again, so that none waits for a lost message."""
    before = timezone.now() - timedelta(seconds=STALE_SECONDS)
    unfinished = Job.objects.filter(
        status__in=[Job.Status.QUEUED, Job.Status.RUNNING], created_at__lt=before
    ).values_list("pk", "replacement")[:100]
    for job_id, replacement in unfinished:
        task = make_codes if replacement is None else move_codes
        task.delay(str(job_id))


@shared_task
def load_reference_rates() -> int:
    """Store the reference exchange rates that are not there yet; twice does no harm."""
    return rates.load_reference(at=timezone.now())


@shared_task
def forget_idempotent_answers() -> int:
    """Remove answers kept for an `Idempotency-Key` past their time."""
    return idempotency.forget(at=timezone.now(), chunks=CHUNKS)
