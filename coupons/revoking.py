"""Codes are withdrawn with a reason: one, or what is left of a batch or a pool.

What a shopper holds is promised: the hold stays and may be confirmed, and no redemption is
touched. Whoever comes first has the code: a take asks for an active one, a revocation for one
with uses left. A revoked code stays issued: it takes no stock and gives none back.
"""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Q

from coupons import jobs, journal, walking
from coupons.errors import FieldError, Invalid, WrongState
from coupons.models import Code, CodeBatch, CodePool, CodeWalk, CouponCounter, Job

MOST = 500

#: The condition in SQL of a code `c` that somebody might still use.
USABLE = "NOT c.shared AND c.state = 'active' AND c.uses < c.max_uses"

_REVOKE = f"""
WITH rest AS (
    SELECT c.id, c.coupon_id FROM coupons_code c
     WHERE c.{{column}} = %(of)s AND c.id > %(after)s AND c.id <= %(last)s AND {USABLE}
     ORDER BY c.id FOR NO KEY UPDATE),
revoked AS (
    UPDATE coupons_code c SET state = 'revoked' FROM rest WHERE c.id = rest.id
    RETURNING c.id, c.coupon_id)
INSERT INTO coupons_journalentry
       (merchant_id, at, type, actor, request_id, coupon_id, code_id, customer_ref, data)
SELECT %(merchant)s, %(at)s, 'code.revoked', %(by)s, '', revoked.coupon_id, revoked.id, '',
       jsonb_build_object('reason', %(reason)s::text)
  FROM revoked ORDER BY revoked.id
"""  # noqa: S608


def revoke(*, code: Code, reason: str, by: str, at: datetime) -> Code:
    """Withdraw one code for good.

    Raises `Invalid` without a reason, and `WrongState` where it is used up or revoked already.
    """
    reason = checked_reason(reason=reason)
    with transaction.atomic():
        has_uses = Q(shared=True) | Q(uses__lt=F("max_uses"))
        usable = Code.objects.filter(has_uses, pk=code.pk, state=Code.State.ACTIVE)
        if not usable.update(state=Code.State.REVOKED):
            raise WrongState("The code is used up or revoked already.")
        code.refresh_from_db()
        if code.shared:
            # A checkout that has read the code takes nothing from it, so it asks the counter.
            CouponCounter.objects.filter(coupon=code.coupon_id).update(revision=F("revision") + 1)
        journal.record(
            merchant=code.merchant,
            type="code.revoked",
            actor=by,
            at=at,
            coupon=code.coupon,
            code=code,
            data={"reason": reason},
        )
    return code


def revoke_rest(*, of: CodeBatch | CodePool, reason: str, by: str, at: datetime) -> Job:
    """Begin to withdraw every code of a batch or a pool that could still be used.

    Raises `Invalid` without a reason, and `WrongState` where other work is under way.
    """
    reason = checked_reason(reason=reason)
    with transaction.atomic():
        return walking.start(kind=Job.Kind.REVOKE, of=of, reason=reason, by=by, at=at)


def revoke_chunk(*, job: Job, at: datetime) -> bool:
    """Withdraw the next codes, as a piece of its job."""
    walk = CodeWalk.objects.get(job=job)
    last = walking.next_last(walk=walk)
    if last is None:
        job.total = job.done
        tell_end(job=job, at=at)
        return jobs.finish(job=job, at=at)
    job.done += _revoke(walk=walk, last=last, by=job.created_by, at=at)
    walking.reach(walk=walk, last=last)
    return True


def tell_end(*, job: Job, at: datetime) -> None:
    """Tell the coupon's history how many codes a job withdrew, finished or stopped."""
    walk = CodeWalk.objects.select_related("batch__coupon", "pool__coupon", "merchant").get(job=job)
    of: CodeBatch | CodePool = walk.batch or walk.pool  # type: ignore[assignment]
    type = "codes.reissued" if job.kind == Job.Kind.REISSUE else "codes.revoked"
    journal.record(
        merchant=walk.merchant,
        type=type,
        actor=job.created_by,
        at=at,
        coupon=of.coupon,
        data={
            "batch": walk.batch_id,
            "pool": walk.pool_id,
            "count": job.done,
            "reason": walk.reason,
        },
    )


def checked_reason(*, reason: str) -> str:
    """Return a reason without needless space; raise `Invalid` for none, or a long one."""
    reason = reason.strip()
    if not 1 <= len(reason) <= MOST:
        told = f"Say why, in at most {MOST} characters."
        raise Invalid(errors=[FieldError("reason", told)])
    return reason


def _revoke(*, walk: CodeWalk, last: int, by: str, at: datetime) -> int:
    column = "batch_id" if walk.pool_id is None else "pool_id"
    with connection.cursor() as cursor:
        cursor.execute(
            _REVOKE.format(column=column),
            {
                "of": walk.batch_id or walk.pool_id,
                "after": walk.reached,
                "last": last,
                "merchant": walk.merchant_id,
                "at": at,
                "by": by,
                "reason": walk.reason,
            },
        )
        return int(cursor.rowcount)
