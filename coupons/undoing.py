"""A batch that nobody has had anything of is undone: its codes go, its stock comes back.

In two rounds, piece by piece. The first looks at every code and deletes none; it ends at one
that somebody has had. The second deletes. A code that somebody redeems meanwhile stays: a piece
locks its codes first and only then looks at them, in a statement of its own, so that whoever
comes first has the code.
"""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from coupons import jobs, journal
from coupons.errors import WrongState
from coupons.issuing import CHUNK
from coupons.models import Code, CodeBatch, CouponCounter, Job
from coupons.untouched import UNTOUCHED

#: After these an undoing may begin anew; what it deleted before stays deleted.
_MAY_BEGIN_ANEW = (Job.Status.FAILED, Job.Status.CANCELLED)

# What is set aside for a partner may be out with them.
_FREE = f"({UNTOUCHED} AND c.pool_id IS NULL)"
_LOOK = f"""
SELECT max(next.id), coalesce(bool_or(NOT next.free), false)
  FROM (SELECT c.id, {_FREE} AS free FROM coupons_code c
         WHERE c.batch_id = %s AND c.id > %s ORDER BY c.id LIMIT %s) AS next
"""  # noqa: S608
# Locked in the order in which redemptions lock codes.
_LOCK = """
SELECT max(next.id) FROM (SELECT id FROM coupons_code
                           WHERE batch_id = %s AND id > %s ORDER BY id LIMIT %s FOR UPDATE) AS next
"""
_DELETE = f"""
WITH gone AS (DELETE FROM coupons_code c
               WHERE c.batch_id = %s AND c.id > %s AND c.id <= %s AND {_FREE}
              RETURNING c.coupon_id)
SELECT coupon_id, count(*) FROM gone GROUP BY coupon_id ORDER BY coupon_id
"""  # noqa: S608


def may_begin(*, batch: CodeBatch) -> bool:
    """Say whether a batch stands there made, and neither undone nor about to be."""
    is_made = batch.job.status not in jobs.UNFINISHED
    return is_made and (batch.undoing is None or batch.undoing.status in _MAY_BEGIN_ANEW)


def undo_batch(*, batch: CodeBatch, by: str, at: datetime) -> Job:
    """Queue the deletion of a batch's codes; a worker looks first whether anybody has had one.

    Raises `WrongState` while its codes are still being made, and where it is undone already.
    """
    if batch.job.status in jobs.UNFINISHED:
        raise WrongState("The codes are still being made; stop that first.")
    if not may_begin(batch=batch):
        raise WrongState("The batch is undone already.")
    with transaction.atomic():
        job = jobs.start(
            merchant=batch.merchant,
            kind=Job.Kind.UNDO,
            about=batch.coupon.slug,
            total=batch.total - batch.job.failed,
            by=by,
            at=at,
        )
        # Of two at once one finds another undoing than the one it has read.
        mine = CodeBatch.objects.filter(pk=batch.pk, undoing=batch.undoing_id).update(
            undoing=job, looked_to=0, deleted_to=0
        )
        if not mine:
            raise WrongState("The batch is undone already.")
    return job


def undo_chunk(*, job: Job, at: datetime) -> bool:
    """Look at the next chunk of codes, or delete it, as a piece of its job."""
    batch = CodeBatch.objects.get(undoing=job)
    last = _look(batch)
    if last is not None:
        batch.looked_to = last
        batch.save(update_fields=["looked_to"])
        return True
    last = _lock(batch)
    if last is None:
        return _finish(batch=batch, job=job, at=at)
    job.done += _delete(batch, last=last)
    batch.deleted_to = last
    batch.save(update_fields=["deleted_to"])
    return True


def tell(*, job: Job, at: datetime) -> None:
    """Write in the journal how many codes an undoing deleted before it was stopped, or ended."""
    if job.done:
        batch = CodeBatch.objects.select_related("coupon").get(undoing=job)
        journal.record(
            merchant=job.merchant,
            type="codes.undone",
            actor=job.created_by,
            at=at,
            coupon=batch.coupon,
            data={"batch": batch.pk, "count": job.done},
        )


def _look(batch: CodeBatch) -> int | None:
    """Return the last code of the next chunk in the first round; None after that round."""
    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [batch.pk, batch.looked_to, CHUNK])
        last, is_touched = cursor.fetchone()
    if is_touched and not batch.deleted_to:
        raise jobs.JobFailed("Somebody has had a code of this batch; all of them stay.")
    return None if last is None else int(last)


def _lock(batch: CodeBatch) -> int | None:
    """Lock the next chunk in the second round; return its last code, None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [batch.pk, batch.deleted_to, CHUNK])
        (last,) = cursor.fetchone()
    return None if last is None else int(last)


def _delete(batch: CodeBatch, *, last: int) -> int:
    """Delete what nobody has had of the locked chunk, and give its stock back."""
    with connection.cursor() as cursor:
        cursor.execute(_DELETE, [batch.pk, batch.deleted_to, last])
        gone = cursor.fetchall()
    for coupon, count in gone:
        CouponCounter.objects.filter(coupon=coupon).update(issued=F("issued") - count)
    return sum(count for _, count in gone)


def _finish(*, batch: CodeBatch, job: Job, at: datetime) -> bool:
    """Close the job; codes that somebody had before their turn came make it a failed one."""
    stays = Code.objects.filter(batch=batch).exists()
    tell(job=job, at=at)
    if not stays:
        job.total = job.done
    kept = "Codes that somebody has had meanwhile stay; all others are deleted."
    return jobs.finish(job=job, at=at, problem=kept if stays else "")
