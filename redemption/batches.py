"""Redemption by file: read, judged, looked at by a person, redeemed, and undone if need be.

A batch is worked on by one job at a time. The stage says which piece comes next; rows,
counts and the place in the file are committed with what they tell of, so a killed worker
leaves an exact place to go on from: docs/batches.md.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import BinaryIO

from django.core.files.base import File
from django.db import transaction

from coupons import jobs, journal, planning
from coupons.caller import Caller
from coupons.errors import WrongState
from coupons.models import Job, Merchant
from coupons.sheets.digests import digest_of
from coupons.sheets.errors import Unreadable
from coupons.sheets.kept_open import let_go
from redemption import guessing
from redemption.batching import guesses, judging, outcomes, redeeming, settling, staging
from redemption.batching.judging import Outcome
from redemption.models import BatchRow, RedemptionBatch

Stage = RedemptionBatch.Stage
#: Rows judged in one transaction.
CHUNK = 1_000
#: What has to be left of the holds before any is redeemed for good.
MARGIN = timedelta(days=1)


def start(
    *,
    caller: Caller,
    file: BinaryIO,
    name: str,
    at: datetime,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    at_once: bool = False,
    language: str = "en",
) -> RedemptionBatch:
    """Keep a file and send it to the workers, to be read and judged.

    `at_once` it is redeemed too; else it waits for `run`. A `dry_run` is only judged. A file
    that came before is told by `repeats`: what it redeemed is found, and not redeemed again.
    Raises `TooManyAttempts` for somebody whose files held too many unknown codes.
    """
    guessing.refuse_file(actor=caller.actor, now=time.time())
    digest = digest_of(file=file)
    earlier = RedemptionBatch.objects.of(caller.merchant).filter(digest=digest, dry_run=False)
    with transaction.atomic():
        return RedemptionBatch.objects.create(
            merchant=caller.merchant,
            job=_job(merchant=caller.merchant, name=name, total=0, by=caller.actor, at=at),
            file=File(file, name=f"{digest[:16]}"),
            file_name=name[:200],
            digest=digest,
            repeats=earlier.order_by("created_at").first(),
            dry_run=dry_run,
            at_once=at_once and not dry_run,
            all_or_nothing=all_or_nothing,
            language=language,
            key=caller.key or "",
            channel_id=caller.channel_id,
            created_by=caller.actor,
            created_at=at,
        )


def run(*, batch: RedemptionBatch, all_or_nothing: bool, by: str, at: datetime) -> RedemptionBatch:
    """Redeem what was judged; raises `WrongState` unless it waits for that.

    All or nothing is refused where a row failed already.
    """
    if all_or_nothing and batch.failed:
        raise WrongState("A row cannot be redeemed, so all together cannot be either.")
    stage = Stage.HOLDING if all_or_nothing else Stage.REDEEMING
    return _go_on(
        batch=batch,
        after=(Stage.CHECKED,),
        stage=stage,
        total=batch.ready,
        by=by,
        at=at,
        all_or_nothing=all_or_nothing,
    )


def undo(*, batch: RedemptionBatch, by: str, at: datetime) -> RedemptionBatch:
    """Return everything that a batch has redeemed; `WrongState` while it is under way."""
    if not batch.redeemed:
        raise WrongState("The batch has redeemed nothing that could be undone.")
    after = (Stage.FINISHED, Stage.REDEEMING, Stage.UNDOING)
    return _go_on(batch=batch, after=after, stage=Stage.UNDOING, total=batch.redeemed, by=by, at=at)


def pause(*, batch: RedemptionBatch) -> None:
    """Let the work rest; `WrongState` where none is under way, or it must come to an end."""
    if batch.stage == Stage.CONFIRMING:
        raise WrongState("All rows are held; they are redeemed to the end now.")
    jobs.pause(job=batch.job)


def work(*, job: Job, at: datetime) -> bool:
    """Do the next piece of a batch, as a piece of its job."""
    batch = RedemptionBatch.objects.select_related("merchant", "channel").get(job=job)
    try:
        more = _PIECES[Stage(batch.stage)](batch=batch, job=job, at=at)
    except Unreadable as error:
        raise jobs.JobFailed(error.detail) from error
    batch.save()
    return more


def stopped(*, job: Job, at: datetime) -> None:
    """Tell of a batch whose job is over before its end; let go what it holds."""
    let_go()
    batch = RedemptionBatch.objects.select_related("merchant").get(job=job)
    going_on = {Stage.HOLDING: Stage.RELEASING, Stage.CONFIRMING: Stage.CONFIRMING}
    stage = going_on.get(Stage(batch.stage))
    if stage and job.status == Job.Status.CANCELLED:
        # What is held by halves must not stay so, whoever has had enough.
        _begin(batch, stage)
        batch.job = _job(
            merchant=batch.merchant,
            name=batch.file_name,
            total=batch.held,
            by=job.created_by,
            at=at,
        )
        batch.save()
        return
    _tell(batch, job, at=at)


def _job(*, merchant: Merchant, name: str, total: int, by: str, at: datetime) -> Job:
    return jobs.start(
        merchant=merchant, kind=Job.Kind.REDEEM, about=name[:200], total=total, by=by, at=at
    )


def _go_on(
    *,
    batch: RedemptionBatch,
    after: tuple[Stage, ...],
    stage: Stage,
    total: int,
    by: str,
    at: datetime,
    all_or_nothing: bool | None = None,
) -> RedemptionBatch:
    """Give a batch its next job, once: of two who ask the second is refused."""
    if batch.removed_at:
        raise WrongState("The rows of the file were removed; nothing can be done with them now.")
    with transaction.atomic():
        job = _job(merchant=batch.merchant, name=batch.file_name, total=total, by=by, at=at)
        changes = {} if all_or_nothing is None else {"all_or_nothing": all_or_nothing}
        over = (Job.Status.DONE, Job.Status.FAILED, Job.Status.CANCELLED)
        rows = RedemptionBatch.objects.of(batch.merchant).filter(
            pk=batch.pk,
            stage__in=after,
            job=batch.job_id,
            job__status__in=over,
            removed_at=None,
        )
        if not rows.update(job=job, stage=stage, done_to=0, one_by_one_to=0, **changes):
            raise WrongState("The batch is not there any more, or it is under way.")
    batch.refresh_from_db()
    return batch


def _begin(batch: RedemptionBatch, stage: Stage) -> None:
    batch.stage, batch.done_to, batch.one_by_one_to = stage, 0, 0


def _next(batch: RedemptionBatch, job: Job, stage: Stage, *, total: int) -> bool:
    _begin(batch, stage)
    job.done, job.total = 0, total
    return True


def _end(batch: RedemptionBatch, job: Job, stage: Stage, *, at: datetime) -> bool:
    batch.stage = stage
    jobs.finish(job=job, at=at)
    if stage not in (Stage.CHECKED, Stage.UNDONE):
        _tell(batch, job, at=at)
    return False


def _tell(batch: RedemptionBatch, job: Job, *, at: datetime) -> None:
    journal.record(
        merchant=batch.merchant,
        type="batch.finished",
        actor=job.created_by,
        at=at,
        data={
            "id": str(batch.pk),
            "file": batch.file_name,
            "status": job.status,
            "dry_run": batch.dry_run,
            "total": batch.total,
            "redeemed": batch.redeemed,
            "already": batch.already,
            "failed": batch.failed,
        },
    )


def _read(*, batch: RedemptionBatch, job: Job, at: datetime) -> bool:
    read = staging.read_piece(batch=batch, at=at)
    job.done = job.total = batch.total
    if read:
        return True
    if not batch.total:
        raise jobs.JobFailed("The file has no rows.")
    if batch.total > staging.CHUNK:
        planning.know(model=BatchRow, columns=("merchant_id", "batch_id", "number", "outcome"))
    guesses.refuse(batch=batch)
    if batch.at_once and not batch.all_or_nothing:
        return _next(batch, job, Stage.REDEEMING, total=batch.waiting)
    return _next(batch, job, Stage.JUDGING, total=batch.waiting)


def _judge(*, batch: RedemptionBatch, job: Job, at: datetime) -> bool:
    rows = outcomes.next_rows(batch=batch, outcomes=(Outcome.WAITING,), most=CHUNK)
    if rows:
        caller = judging.caller_for(batch=batch, actor=job.created_by)
        found = judging.judged(batch=batch, caller=caller, rows=rows, at=at)
        outcomes.write(batch=batch, verdicts=found)
        outcomes.count(batch=batch, verdicts=found)
        batch.done_to = rows[-1].number
        job.done += len(rows)
        return True
    outcomes.refuse_beyond_uses(batch=batch)
    if not batch.at_once:
        return _end(batch, job, Stage.CHECKED, at=at)
    if batch.failed:
        return _end(batch, job, Stage.REFUSED, at=at)
    return _next(batch, job, Stage.HOLDING, total=batch.ready)


def _redeem(*, batch: RedemptionBatch, job: Job, at: datetime) -> bool:
    done = redeeming.redeem_piece(
        batch=batch, caller=judging.caller_for(batch=batch, actor=job.created_by), at=at
    )
    if done is None:
        return _end(batch, job, Stage.FINISHED, at=at)
    job.done += done
    return True


def _hold(*, batch: RedemptionBatch, job: Job, at: datetime) -> bool:
    ends = at + timedelta(minutes=redeeming.HOLD_MINUTES)
    batch.held_until = batch.held_until or ends
    done = None
    if not batch.failed and at < batch.held_until - MARGIN:
        done = redeeming.redeem_piece(
            batch=batch, caller=judging.caller_for(batch=batch, actor=job.created_by), at=at
        )
    if done is not None:
        job.done += done
        return True
    if batch.ready or batch.failed:
        return _next(batch, job, Stage.RELEASING, total=batch.held)
    # From here on nothing can fail: what is held is only confirmed.
    return _next(batch, job, Stage.CONFIRMING, total=batch.held)


def _settle(
    *,
    batch: RedemptionBatch,
    job: Job,
    at: datetime,
    piece: Callable[..., int | None],
    stage: Stage,
) -> bool:
    done = piece(batch=batch, caller=judging.caller_for(batch=batch, actor=job.created_by), at=at)
    if done is None:
        return _end(batch, job, stage, at=at)
    job.done += done
    return True


_PIECES: Mapping[Stage, Callable[..., bool]] = {
    Stage.READING: _read,
    Stage.JUDGING: _judge,
    Stage.REDEEMING: _redeem,
    Stage.HOLDING: _hold,
    Stage.CONFIRMING: partial(_settle, piece=settling.confirm_piece, stage=Stage.FINISHED),
    Stage.RELEASING: partial(_settle, piece=settling.release_piece, stage=Stage.REFUSED),
    Stage.UNDOING: partial(_settle, piece=settling.undo_piece, stage=Stage.UNDONE),
}
