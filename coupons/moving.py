"""What goes over from a coupon to the one that takes its place, once that one is published.

The old coupon ends at that moment. Its shared code goes over at once; its unique codes go
in the background, chunk by chunk, those only that nobody has touched. A code that somebody
redeems meanwhile is locked by whoever comes first: either its use is written and it stays, or
it has gone, and the take, which names the coupon that was read, takes nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Q

from coupons import jobs, journal
from coupons.errors import FieldError, NotPublishable
from coupons.issuing import CHUNK, uses_per_code
from coupons.models import (
    Code,
    CodeBatch,
    Coupon,
    CouponCounter,
    CouponVersion,
    Job,
    Replacement,
)
from coupons.states import MOVES
from coupons.untouched import UNTOUCHED

# Locked in the order in which redemptions lock codes.
_UNTOUCHED = f"""
SELECT c.id FROM coupons_code c
 WHERE c.coupon_id = %(old)s AND c.id > %(reached)s AND c.id <= %(last)s
   AND {UNTOUCHED} AND c.pool_id IS NULL
 ORDER BY c.id
"""  # noqa: S608
_MOVE = f"""
WITH untouched AS ({_UNTOUCHED} FOR NO KEY UPDATE)
UPDATE coupons_code c SET coupon_id = %(new)s, max_uses = %(uses)s
  FROM untouched WHERE c.id = untouched.id
"""  # noqa: S608
_NEXT = """
SELECT max(id) FROM (SELECT id FROM coupons_code
                      WHERE coupon_id = %s AND id > %s ORDER BY id LIMIT %s) AS next
"""


def take_over(*, coupon: Coupon, end: Callable[..., Coupon], by: str, at: datetime) -> None:
    """End the coupon that this one replaces, if any, and let go over what was chosen.

    Called by the publication, under the lock of the new coupon's row; `end` is the verb.
    Raises `NotPublishable` where the limit leaves no room for the code.
    """
    found = Replacement.objects.filter(new=coupon).select_related("old__merchant").first()
    if found is None:
        return
    old = found.old
    if old.state_at(at) in MOVES["end"].starts:
        old = end(coupon=old, by=by, at=at)
    journal.record(
        merchant=coupon.merchant,
        type="coupon.replaced",
        actor=by,
        at=at,
        coupon=old,
        data={"by": coupon.slug},
    )
    if found.moves_shared_code:
        _move_shared_code(old=old, new=coupon, by=by, at=at)
    if found.moves_codes:
        _start(replacement=found, by=by, at=at)


def move_chunk(*, job: Job, at: datetime) -> bool:
    """Move the next chunk of codes, as a piece of its job."""
    found = Replacement.objects.select_related("old__merchant", "new").get(job=job)
    if CodeBatch.objects.filter(coupon=found.old, job__status__in=jobs.UNFINISHED).exists():
        return False  # its codes are still being made; the sweep asks again
    room = _room(found.new)
    last = _last(found, count=CHUNK if room is None else min(CHUNK, room))
    if last is None:
        return _finish(replacement=found, job=job, is_full=room == 0, at=at)
    moved = _move(found, last=last)
    if not _count(found, moved=moved):
        raise jobs.Again  # somebody else took the room: the next chunk is smaller
    found.reached = last
    found.save(update_fields=["reached"])
    job.done += moved
    return True


def _start(*, replacement: Replacement, by: str, at: datetime) -> None:
    counter = CouponCounter.objects.get(coupon=replacement.old_id)
    replacement.job = jobs.start(
        merchant=replacement.old.merchant,
        kind=Job.Kind.MOVE,
        about=f"{replacement.old.slug} → {replacement.new.slug}",
        total=counter.issued,
        by=by,
        at=at,
    )
    replacement.save(update_fields=["job"])


def _move_shared_code(*, old: Coupon, new: Coupon, by: str, at: datetime) -> None:
    """Give the new coupon the old one's shared code, unless it has one of its own."""
    code = Code.objects.filter(coupon=old, shared=True, state=Code.State.ACTIVE).first()
    if code is None or Code.objects.filter(coupon=new, shared=True).exists():
        return
    if not _count_pair(old=old.pk, new=new.pk, moved=1):
        room = "It may issue no code: leave room for the one that goes over."
        raise NotPublishable(errors=[FieldError("limits.issued", room)])
    code.coupon = new
    code.save(update_fields=["coupon"])
    for coupon, text in ((old, None), (new, code.text)):
        _write_code(coupon=coupon, text=text, by=by, at=at)
        journal.record(
            merchant=coupon.merchant,
            type="codes.moved",
            actor=by,
            at=at,
            coupon=coupon,
            code=code if coupon == new else None,
            data={"count": 1, "from": old.slug, "to": new.slug, "version": coupon.version},
        )


def _write_code(*, coupon: Coupon, text: str | None, by: str, at: datetime) -> None:
    """Write the next version of a coupon, which differs by its shared code."""
    newest = CouponVersion.objects.get(coupon=coupon, version=coupon.version)
    coupon.version += 1
    coupon.updated_at = at
    coupon.save(update_fields=["version", "updated_at"])
    CouponVersion.objects.create(
        merchant=coupon.merchant,
        coupon=coupon,
        version=coupon.version,
        definition={**newest.definition, "code": text},
        changed_by=by,
        changed_at=at,
    )


def _room(coupon: Coupon) -> int | None:
    """Return how many more codes a coupon may have; None is without end."""
    counter = CouponCounter.objects.get(coupon=coupon)
    return None if counter.max_issued is None else counter.max_issued - counter.issued


def _last(replacement: Replacement, *, count: int) -> int | None:
    """Return the last of the next `count` codes to look at; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [replacement.old_id, replacement.reached, count])
        (last,) = cursor.fetchone()
    return None if last is None else int(last)


def _move(replacement: Replacement, *, last: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE,
            {
                "old": replacement.old_id,
                "new": replacement.new_id,
                "reached": replacement.reached,
                "last": last,
                "uses": uses_per_code(coupon=replacement.new),
            },
        )
        return int(cursor.rowcount)


def _count(replacement: Replacement, *, moved: int) -> bool:
    return _count_pair(old=replacement.old_id, new=replacement.new_id, moved=moved)


def _count_pair(*, old: int, new: int, moved: int) -> bool:
    """Move stock between two counters, in the order of the coupons; False without room."""
    CouponCounter.objects.filter(coupon=old).update(issued=F("issued") - moved)
    has_room = Q(max_issued__isnull=True) | Q(max_issued__gte=F("issued") + moved)
    return bool(
        CouponCounter.objects.filter(has_room, coupon=new).update(issued=F("issued") + moved)
    )


def _finish(*, replacement: Replacement, job: Job, is_full: bool, at: datetime) -> bool:
    """Close the job and tell both coupons' histories how many codes have gone over."""
    is_short = is_full and _is_left(replacement)
    job.total = job.done
    data: dict[str, Any] = {
        "count": job.done,
        "from": replacement.old.slug,
        "to": replacement.new.slug,
    }
    both = [replacement.old_id, replacement.new_id]
    journal.record_all(
        merchant=replacement.old.merchant,
        entries=[{"type": "codes.moved", "coupon": coupon, "data": data} for coupon in both],
        actor=job.created_by,
        at=at,
    )
    full = "The new coupon may issue no more codes; the rest stays."
    return jobs.finish(job=job, at=at, problem=full if is_short else "")


def _is_left(replacement: Replacement) -> bool:
    """Say whether a code that should have gone over has not."""
    with connection.cursor() as cursor:
        values = {"old": replacement.old_id, "reached": replacement.reached, "last": 2**63 - 1}
        cursor.execute(f"SELECT EXISTS ({_UNTOUCHED})", values)
        (is_left,) = cursor.fetchone()
    return bool(is_left)
