"""Codes are set aside for a partner, taken away as a file once, or given back.

Two reservations at once never share a code: each takes only rows that nobody else has
locked, and a row that has a pool already is no longer to be had.
"""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max

from coupons import exporting, jobs, journal, walking
from coupons.errors import FieldError, Invalid, WrongState
from coupons.models import Code, CodePool, CodeWalk, Coupon, CouponCounter, Job, State
from coupons.untouched import UNTOUCHED

#: Codes reserved or released in one transaction; more are a job.
AT_ONCE = 10_000

_RESERVE = f"""
WITH free AS (
    SELECT c.id FROM coupons_code c
     WHERE c.coupon_id = %(coupon)s AND c.id > %(after)s AND c.pool_id IS NULL AND {UNTOUCHED}
     ORDER BY c.id LIMIT %(count)s FOR NO KEY UPDATE SKIP LOCKED)
UPDATE coupons_code c SET pool_id = %(pool)s FROM free WHERE c.id = free.id RETURNING c.id
"""  # noqa: S608
_RELEASE = f"""
WITH mine AS (
    SELECT c.id FROM coupons_code c
     WHERE c.pool_id = %(pool)s AND c.id > %(after)s AND c.id <= %(last)s AND {UNTOUCHED}
     ORDER BY c.id FOR NO KEY UPDATE)
UPDATE coupons_code c SET pool_id = NULL FROM mine WHERE c.id = mine.id
"""  # noqa: S608


def reserve(
    *, coupon: Coupon, partner: str, purpose: str, count: int, by: str, at: datetime
) -> CodePool:
    """Set `count` of a coupon's codes that nobody has had aside for a partner.

    Up to 10,000 at once; more by a job, which the pool's newest walk names. Raises `Invalid`
    where there are too few, and `WrongState` for a coupon that has ended.
    """
    partner, purpose = " ".join(partner.split()), " ".join(purpose.split())
    _refuse_nonsense(coupon=coupon, partner=partner, purpose=purpose, count=count)
    with transaction.atomic():
        pool = CodePool.objects.create(
            merchant=coupon.merchant, coupon=coupon, partner=partner, purpose=purpose,
            created_by=by, created_at=at,
        )  # fmt: skip
        if count > AT_ONCE:
            _start(pool=pool, count=count, by=by, at=at)
            return pool
        taken = _take(pool=pool, count=count, after=_after(coupon))
        if len(taken) < count:
            raise Invalid(errors=[FieldError("count", _too_few(len(taken)))])
        _add(pool=pool, count=count)
        _tell(pool=pool, type="codes.reserved", count=count, by=by, at=at)
    return pool


def reserve_chunk(*, job: Job, at: datetime) -> bool:
    """Reserve the next codes, as a piece of its job."""
    walk, pool = _walk(job)
    wanted = min(walking.CHUNK, job.total - job.done)
    taken = _take(pool=pool, count=wanted, after=walk.reached)
    if taken:
        walking.reach(walk=walk, last=taken[-1])
    job.done += len(taken)
    _add(pool=pool, count=len(taken))
    if len(taken) == wanted and job.done < job.total:
        return True
    reserved_rest(job=job, at=at)
    problem = _too_few(job.done) if job.done < job.total else ""
    return jobs.finish(job=job, at=at, problem=problem)


def reserved_rest(*, job: Job, at: datetime) -> None:
    """Tell the journal what a reservation came to, finished or stopped; it keeps what it has."""
    _, pool = _walk(job)
    _tell(pool=pool, type="codes.reserved", count=job.done, by=job.created_by, at=at)


def release(*, pool: CodePool, by: str, at: datetime) -> CodePool:
    """Give back to the coupon what nobody has touched of a pool that was not exported.

    Raises `WrongState` for one that was, or was released already. Above 10,000 by a job.
    """
    with transaction.atomic():
        walking.refuse_unfinished(of=pool)
        open_ones = CodePool.objects.filter(
            pk=pool.pk, exported_at__isnull=True, released_at__isnull=True
        )
        if not open_ones.update(released_at=at):
            raise WrongState("The codes were exported or released already.")
        pool.refresh_from_db()
        if pool.count > AT_ONCE:
            walking.start(kind=Job.Kind.RELEASE, of=pool, by=by, at=at)
            return pool
        given = _give(pool=pool, after=0, last=2**63 - 1)
        _tell(pool=pool, type="codes.released", count=given, by=by, at=at)
    pool.refresh_from_db()
    return pool


def release_chunk(*, job: Job, at: datetime) -> bool:
    """Give the next codes back, as a piece of its job."""
    walk, pool = _walk(job)
    last = walking.next_last(walk=walk)
    if last is None:
        job.total = job.done
        released_rest(job=job, at=at)
        return jobs.finish(job=job, at=at)
    job.done += _give(pool=pool, after=walk.reached, last=last)
    walking.reach(walk=walk, last=last)
    return True


def released_rest(*, job: Job, at: datetime) -> None:
    """Tell the journal how many codes a release gave back, finished or stopped."""
    _, pool = _walk(job)
    _tell(pool=pool, type="codes.released", count=job.done, by=job.created_by, at=at)


def export(
    *, pool: CodePool, again: bool, format: str, language: str, by: str, at: datetime
) -> Job:
    """Have those of a pool's codes that count written to a file, and note who takes it away.

    Raises `WrongState` where they were taken already, unless it is meant `again`, and
    where they are released or still being reserved.
    """
    with transaction.atomic():
        walking.refuse_unfinished(of=pool)
        if pool.released_at:
            raise WrongState("The codes were exported or released already.")
        first = CodePool.objects.filter(
            pk=pool.pk, exported_at__isnull=True, released_at__isnull=True
        ).update(exported_at=at, exported_by=by)
        if not first and not again:
            raise WrongState("The codes were exported already; confirm to take them once more.")
        pool.refresh_from_db()
        _tell(
            pool=pool, type="codes.exported", count=pool.count, by=by, at=at, again=not first
        )  # fmt: skip
    return exporting.start(
        merchant=pool.merchant,
        sheet="codes",
        format=format,
        filters={"pool": str(pool.pk), "state": "unrevoked"},
        language=language,
        by=by,
        at=at,
    )


def _refuse_nonsense(*, coupon: Coupon, partner: str, purpose: str, count: int) -> None:
    if coupon.state == State.ENDED:
        raise WrongState("The coupon has ended; it gets no more codes.")
    errors = []
    if not 1 <= len(partner) <= 100:
        errors.append(FieldError("partner", "Name the partner in at most 100 characters."))
    if len(purpose) > 200:
        errors.append(FieldError("purpose", "Say it in at most 200 characters."))
    issued = CouponCounter.objects.get(coupon=coupon).issued
    if count < 1:
        errors.append(FieldError("count", "Reserve at least one code."))
    elif count > max(issued, AT_ONCE):
        errors.append(FieldError("count", _too_few(issued)))
    if errors:
        raise Invalid(errors=errors)


def _too_few(free: int) -> str:
    return f"There are only {free:,} free codes; issue more first."


def _start(*, pool: CodePool, count: int, by: str, at: datetime) -> None:
    job = walking.start(kind=Job.Kind.RESERVE, of=pool, by=by, at=at)
    Job.objects.filter(pk=job.pk).update(total=count)
    CodeWalk.objects.filter(job=job).update(reached=_after(pool.coupon))


def _walk(job: Job) -> tuple[CodeWalk, CodePool]:
    pool = CodePool.objects.select_related("coupon", "merchant").get(walks__job=job)
    return CodeWalk.objects.get(job=job), pool


def _after(coupon: Coupon) -> int:
    """Return the last code of the newest pool: what comes before is mostly given away."""
    newest = CodePool.objects.filter(coupon=coupon, count__gt=0).order_by("-pk").first()
    last: int | None = Code.objects.filter(pool=newest).aggregate(Max("id"))["id__max"]
    return last or 0 if newest else 0


def _take(*, pool: CodePool, count: int, after: int) -> list[int]:
    """Take up to `count` free codes, those after a place first; return the ids as taken."""
    taken: list[int] = []
    for start in dict.fromkeys((after, 0)):
        with connection.cursor() as cursor:
            values: dict[str, Any] = {
                "coupon": pool.coupon_id, "pool": pool.pk, "after": start,
                "count": count - len(taken),
            }  # fmt: skip
            cursor.execute(_RESERVE, values)
            taken += sorted(pk for (pk,) in cursor.fetchall())
        if len(taken) == count:
            break
    return taken


def _give(*, pool: CodePool, after: int, last: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, {"pool": pool.pk, "after": after, "last": last})
        given = int(cursor.rowcount)
    _add(pool=pool, count=-given)
    return given


def _add(*, pool: CodePool, count: int) -> None:
    CodePool.objects.filter(pk=pool.pk).update(count=F("count") + count)
    pool.count += count


def _tell(
    *, pool: CodePool, type: str, count: int, by: str, at: datetime, **more: Any
) -> None:  # fmt: skip
    journal.record(
        merchant=pool.merchant,
        type=type,
        actor=by,
        at=at,
        coupon=pool.coupon,
        data={"pool": pool.pk, "partner": pool.partner, "count": count, **more},
    )
