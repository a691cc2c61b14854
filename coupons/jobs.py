"""Long work in the background, done piece by piece.

A piece is one transaction under the lock of the job's row: what it writes and how far the
job is are committed together. A worker killed at any point leaves an exact place to go on
from, and of two workers on one job the second finds it locked and goes away.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from coupons.errors import WrongState
from coupons.models import Job, Merchant

#: A job that gave no sign for this long has lost its worker, or its message.
STALE = timedelta(seconds=60)
#: Pieces of one job that may die in a row before it is given up.
MOST_TRIES = 5
#: Jobs sent again in one sweep.
MOST_SENT = 100

UNFINISHED = (Job.Status.QUEUED, Job.Status.RUNNING)
UNEXPECTED = "It stopped with an unexpected error; the log has it."


class JobFailed(Exception):
    """The work cannot go on; its sentence becomes the job's problem."""


class Again(Exception):
    """This piece never was, because somebody came between; the next one tries anew."""


@dataclass(frozen=True, slots=True)
class _Kind:
    work: Callable[..., bool]
    stopped: Callable[..., None] | None
    forget: Callable[..., bool] | None


_KINDS: dict[str, _Kind] = {}


def register(
    *,
    kind: Job.Kind,
    work: Callable[..., bool],
    stopped: Callable[..., None] | None = None,
    forget: Callable[..., bool] | None = None,
) -> None:
    """Say what a kind of job does; called once, when the package is loaded.

    `work(job=, at=)` does the next piece, counts it on the job and returns whether there is
    more to do now; it may set the job's status itself, or raise `JobFailed`. `stopped(job=,
    at=)` gives back what was taken for the rest of a job that is cancelled or has failed.
    `forget(job=, most=, at=)` removes the next of what a job that is over was given, `most` rows
    at a time, and returns whether there is more.
    """
    _KINDS[kind] = _Kind(work, stopped, forget)


def start(
    *, merchant: Merchant, kind: Job.Kind, about: str, total: int, by: str, at: datetime
) -> Job:
    """Write a job down and send it to the workers once all that belongs to it is committed.

    `about` is a coupon's slug or a file's name; `total` is in what the kind counts.
    """
    from coupons.tasks import run_job

    job = Job.objects.create(
        merchant=merchant, kind=kind, about=about, total=total, created_by=by, created_at=at
    )
    transaction.on_commit(partial(run_job.delay, str(job.pk)), robust=True)
    return job


def done_already(
    *, merchant: Merchant, kind: Job.Kind, about: str, total: int, by: str, at: datetime
) -> Job:
    """Write down a job so small that it was done at once."""
    return Job.objects.create(
        merchant=merchant,
        kind=kind,
        about=about,
        status=Job.Status.DONE,
        total=total,
        done=total,
        created_by=by,
        created_at=at,
        finished_at=at,
    )


def work_on(*, job_id: uuid.UUID, at: datetime) -> bool:
    """Do the next piece of a job; False once there is nothing left to do now."""
    try:
        with transaction.atomic():
            job = _taken(job_id)
            if job is None:
                return False
            more = _KINDS[job.kind].work(job=job, at=at)
            if job.status in UNFINISHED:
                job.status = Job.Status.RUNNING if more or job.done else job.status
            job.seen_at, job.tries = at, 0
            job.save()
    except Again:
        return True
    except JobFailed as error:
        _give_up(job_id, problem=str(error), at=at)
        return False
    except Exception:
        _count_try(job_id, at=at)
        raise
    return more


def finish(*, job: Job, at: datetime, problem: str = "") -> bool:
    """Close a job within its last piece; a problem makes it a failed one. Returns False."""
    job.status = Job.Status.FAILED if problem else Job.Status.DONE
    job.problem = problem
    job.finished_at = at
    return False


def pause(*, job: Job) -> Job:
    """Let a job rest after the piece under way; raises `WrongState` unless it is unfinished."""
    with transaction.atomic():
        held = Job.objects.select_for_update().get(pk=job.pk)
        if held.status not in UNFINISHED:
            raise WrongState("Only a job that is under way can be paused.")
        held.status = Job.Status.PAUSED
        held.save(update_fields=["status"])
    return held


def resume(*, job: Job) -> Job:
    """Send a paused job to the workers again; raises `WrongState` for any other."""
    from coupons.tasks import run_job

    with transaction.atomic():
        held = Job.objects.select_for_update().get(pk=job.pk)
        if held.status != Job.Status.PAUSED:
            raise WrongState("Only a paused job can go on.")
        held.status, held.seen_at, held.tries = Job.Status.QUEUED, None, 0
        held.save(update_fields=["status", "seen_at", "tries"])
        transaction.on_commit(partial(run_job.delay, str(job.pk)), robust=True)
    return held


def go_on(*, job: Job, total: int) -> None:
    """Send a waiting job to the workers again, once what belongs to it is committed.

    Call it in that transaction. Raises `WrongState` where it waits no more; `total` is in
    what it counts from now on.
    """
    from coupons.tasks import run_job

    waiting = Job.objects.filter(pk=job.pk, status=Job.Status.WAITING)
    if not waiting.update(status=Job.Status.QUEUED, done=0, total=total, seen_at=None):
        raise WrongState("The job waits for nobody any more.")
    transaction.on_commit(partial(run_job.delay, str(job.pk)), robust=True)


def cancel(*, job: Job, at: datetime) -> Job:
    """Stop a job; what it has done stays. Raises `WrongState` where it is over already."""
    with transaction.atomic():
        held = Job.objects.select_for_update().get(pk=job.pk)
        if held.status not in (*UNFINISHED, Job.Status.PAUSED, Job.Status.WAITING):
            raise WrongState("The job is over already.")
        held.status, held.finished_at = Job.Status.CANCELLED, at
        held.save()
        _stopped(held, at=at)
    return held


def forget_piece(*, job: Job, most: int, at: datetime) -> bool:
    """Remove the next of what a job that is over was given; False once all is gone."""
    forget = _KINDS[job.kind].forget
    return forget is not None and forget(job=job, most=most, at=at)


def silent(*, at: datetime) -> list[uuid.UUID]:
    """List unfinished jobs that give no sign: to be sent again, which does no harm twice."""
    found = Job.objects.filter(status__in=UNFINISHED, created_at__lt=at - STALE).exclude(
        seen_at__gte=at - STALE
    )
    return list(found.order_by("created_at").values_list("pk", flat=True)[:MOST_SENT])


def _taken(job_id: uuid.UUID) -> Job | None:
    """Lock an unfinished job; None where it is over, or another worker is at it."""
    rows = Job.objects.select_for_update(skip_locked=True, of=("self",))
    found: Job | None = rows.filter(pk=job_id, status__in=UNFINISHED).first()
    return found


def _give_up(job_id: uuid.UUID, *, problem: str, at: datetime) -> None:
    with transaction.atomic():
        job = _taken(job_id)
        if job is not None:
            finish(job=job, at=at, problem=problem)
            job.save()
            _stopped(job, at=at)


def _count_try(job_id: uuid.UUID, *, at: datetime) -> None:
    """Count a piece that died, so that a job which always dies is not tried for ever."""
    with transaction.atomic():
        job = _taken(job_id)
        if job is None:
            return
        job.tries += 1
        job.seen_at = at
        job.save()
    if job.tries >= MOST_TRIES:
        _give_up(job_id, problem=UNEXPECTED, at=at)


def _stopped(job: Job, *, at: datetime) -> None:
    stopped = _KINDS[job.kind].stopped
    if stopped is not None:
        stopped(job=job, at=at)
