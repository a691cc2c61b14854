"""Files of long work that is over are kept for a while and then removed, with the rows behind them.

The job says first that its files are removed, so that nobody is offered them; then they go,
piece by piece; at last the job is cleared. Each step does no harm twice, so a worker that is
killed leaves the rest to the next run. What the job came to, its counts, stays.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from coupons import jobs
from coupons.models import Job
from coupons.models.code import HAS_FILES

#: Rows removed in one piece.
CHUNK = 10_000


def remove_old(*, at: datetime, chunks: int) -> int:
    """Remove what was finished `HEXIAO_FILE_DAYS` ago, and cancel what waits for as long.

    Does at most that many pieces; returns how many it did. What is not over is left alone.
    """
    before = at - timedelta(days=settings.HEXIAO_FILE_DAYS)
    waiting = Job.objects.filter(status=Job.Status.WAITING, created_at__lt=before)
    over = Job.objects.filter(HAS_FILES, is_cleared=False, finished_at__lt=before)
    done = 0
    for job in waiting.order_by("created_at")[:chunks]:
        done += _remove(job=jobs.cancel(job=job, at=at), at=at, chunks=chunks - done)
    for job in over.order_by("finished_at")[: max(0, chunks - done)]:
        done += _remove(job=job, at=at, chunks=chunks - done)
    return done


def _remove(*, job: Job, at: datetime, chunks: int) -> int:
    """Remove what one job keeps, in at most that many pieces; return how many those were."""
    rows = Job.objects.filter(pk=job.pk)
    rows.filter(files_removed_at=None).update(files_removed_at=at)
    for done in range(1, chunks + 1):
        with transaction.atomic():
            more = jobs.forget_piece(job=job, most=CHUNK, at=at)
        if not more:
            if job.result:
                job.result.delete(save=False)
            rows.update(result="", is_cleared=True)
            return done
    return chunks
