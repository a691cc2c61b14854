"""Going over the codes of a batch or a pool, piece by piece, as a job."""

from datetime import datetime

from django.db import connection

from coupons import jobs
from coupons.errors import WrongState
from coupons.models import Code, CodeBatch, CodePool, CodeWalk, Job

#: Codes looked at in one piece: what a kill in the middle costs at most.
CHUNK = 5_000


def start(
    *, kind: Job.Kind, of: CodeBatch | CodePool, reason: str = "", by: str, at: datetime
) -> Job:
    """Begin to go over the codes that a batch or a pool has now.

    Raises `WrongState` where other work on them is under way. Call it in a transaction.
    """
    refuse_unfinished(of=of)
    last = Code.objects.filter(**_named(of)).order_by("-id").values_list("id", flat=True).first()
    total = of.total if isinstance(of, CodeBatch) else of.count
    job = jobs.start(
        merchant=of.merchant, kind=kind, about=f"{of.coupon.slug} · {of}"[:200], total=total,
        by=by, at=at,
    )  # fmt: skip
    CodeWalk.objects.create(
        merchant=of.merchant, job=job, reason=reason, until=last or 0, **_named(of)
    )
    return job


def refuse_unfinished(*, of: CodeBatch | CodePool) -> None:
    """Raise `WrongState` where a job on these codes is under way; locks the batch or pool."""
    type(of).objects.select_for_update(of=("self",)).get(pk=of.pk)
    busy = CodeWalk.objects.filter(**_named(of), job__status__in=jobs.UNFINISHED).exists()
    if isinstance(of, CodeBatch):
        making = Job.objects.filter(pk=of.job_id, status__in=jobs.UNFINISHED)
        busy = busy or making.exists()
    if busy:
        raise WrongState("Other work on these codes is under way; wait for it, or stop it.")


def next_last(*, walk: CodeWalk) -> int | None:
    """Return the last code of the next piece; None at the end of the walk."""
    column = "batch_id" if walk.pool_id is None else "pool_id"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT max(id) FROM (
                SELECT id FROM coupons_code
                 WHERE {column} = %s AND id > %s AND id <= %s ORDER BY id LIMIT %s) AS next
            """,  # noqa: S608  (one of two names of our own)
            [walk.batch_id or walk.pool_id, walk.reached, walk.until, CHUNK],
        )
        (last,) = cursor.fetchone()
    return None if last is None else int(last)


def reach(*, walk: CodeWalk, last: int) -> None:
    """Write down how far a walk has come, within its piece."""
    walk.reached = last
    walk.save(update_fields=["reached"])


def _named(of: CodeBatch | CodePool) -> dict[str, CodeBatch | CodePool]:
    return {"batch": of} if isinstance(of, CodeBatch) else {"pool": of}
