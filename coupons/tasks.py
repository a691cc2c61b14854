"""Background work of the ground floor."""

import uuid

from celery import shared_task
from django.utils import timezone

from coupons import jobs, rates, retention
from coupons.api import idempotency

#: Chunks in one run; what is left is the next run's.
CHUNKS = 100
#: Of files, whose run comes once a day.
FILE_CHUNKS = 10_000


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
def remove_old_files() -> int:
    """Remove files of long work past their time, and their rows; twice does no harm."""
    return retention.remove_old(at=timezone.now(), chunks=FILE_CHUNKS)
