"""Background work of the ground floor."""

import uuid

from celery import shared_task
from django.utils import timezone

from coupons import importing, jobs, rates
from coupons.api import idempotency

#: Chunks in one run; what is left is the next run's.
CHUNKS = 100


@shared_task
def run_job(job_id: str) -> None:
    """Do a job piece by piece; safe to start twice."""
    while jobs.work_on(job_id=uuid.UUID(job_id), at=timezone.now()):
        pass


@shared_task
def resume_jobs() -> None:
    """Send jobs that lost their worker or their message to the workers again."""
    for job_id in jobs.silent(at=timezone.now()):
        run_job.delay(str(job_id))


@shared_task
def load_reference_rates() -> int:
    """Store the reference exchange rates that are not there yet; twice does no harm."""
    return rates.load_reference(at=timezone.now())


@shared_task
def forget_idempotent_answers() -> int:
    """Remove answers kept for an `Idempotency-Key` past their time."""
    return idempotency.forget(at=timezone.now(), chunks=CHUNKS)


@shared_task
def forget_sheets() -> int:
    """Remove spreadsheets and their staged rows past their time; twice does no harm."""
    return importing.forget(at=timezone.now(), chunks=CHUNKS)
