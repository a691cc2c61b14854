"""Leaked codes are given anew: each that could still be used is revoked, a new one replaces it.

Whoever comes first has the old code: either a shopper takes its last use and it stays, or it
is replaced by a code with the uses that it had left, under the same limits. Each piece writes
its part of a file of both, for whoever handed the old ones out; the end only joins them.
"""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.core.files import File
from django.db import connection, transaction

from coupons import jobs, parts, walking
from coupons.errors import WrongState
from coupons.issuing import MAX_BARREN_CHUNKS, UNLIMITED_USES, pattern_like
from coupons.models import CodeBatch, CodePool, CodeWalk, Job
from coupons.revoking import USABLE, checked_reason, tell_end
from coupons.sheets.writing import csv_chunks, csv_lines

#: A row of the old codes: id, text, coupon, batch, pool, uses left, end, pattern.
Old = tuple[Any, ...]
#: The id and the text of a new code.
New = tuple[int, str]

_LOCK = f"""
SELECT c.id, c.text, c.coupon_id, c.batch_id, c.pool_id,
       CASE c.max_uses WHEN {UNLIMITED_USES} THEN c.max_uses ELSE c.max_uses - c.uses END,
       c.expires_at, coalesce(b.pattern, '')
  FROM coupons_code c LEFT JOIN coupons_codebatch b ON b.id = c.batch_id
 WHERE c.{{column}} = %s AND c.id > %s AND c.id <= %s AND {USABLE}
 ORDER BY c.id FOR NO KEY UPDATE OF c
"""  # noqa: S608
_MAKE = """
INSERT INTO coupons_code
       (merchant_id, coupon_id, batch_id, pool_id, text, state, shared, max_uses, uses, expires_at)
SELECT %s, n.coupon, n.batch, n.pool, n.text, 'active', false, n.max_uses, 0, n.ends
  FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[],
              %s::timestamptz[]) AS n (coupon, batch, pool, text, max_uses, ends)
    ON CONFLICT (merchant_id, text) DO NOTHING
RETURNING id, text
"""
_REPLACE = """
WITH replaced AS (
    UPDATE coupons_code c SET state = 'revoked', replaced_by_id = n.new
      FROM unnest(%(old)s::bigint[], %(new)s::bigint[]) AS n (old, new) WHERE c.id = n.old
    RETURNING c.id, c.coupon_id)
INSERT INTO coupons_journalentry
       (merchant_id, at, type, actor, request_id, coupon_id, code_id, customer_ref, data)
SELECT %(merchant)s, %(at)s, 'code.replaced', %(by)s, '', replaced.coupon_id, replaced.id, '',
       jsonb_build_object('reason', %(reason)s::text, 'job', %(job)s::text)
  FROM replaced ORDER BY replaced.id
"""


def reissue(*, of: CodeBatch | CodePool, reason: str, by: str, at: datetime) -> Job:
    """Begin to replace every code of a batch or a pool that could still be used.

    Raises `Invalid` without a reason, and `WrongState` where other work is under way or the
    pool was released.
    """
    reason = checked_reason(reason=reason)
    if isinstance(of, CodePool) and of.released_at:
        raise WrongState("The codes were exported or released already.")
    with transaction.atomic():
        return walking.start(kind=Job.Kind.REISSUE, of=of, reason=reason, by=by, at=at)


def reissue_chunk(*, job: Job, at: datetime) -> bool:
    """Replace the next codes, as a piece of its job; the last piece makes the file."""
    walk = CodeWalk.objects.get(job=job)
    last = walking.next_last(walk=walk)
    if last is None:
        job.total = job.done
        end(job=job, at=at)
        return jobs.finish(job=job, at=at)
    old = _locked(walk=walk, last=last)
    if old:
        new = _made(merchant_id=walk.merchant_id, old=old)
        _replace(walk=walk, job=job, new=new, at=at)
        _write(walk=walk, old=old, new=new)
    job.done += len(old)
    walking.reach(walk=walk, last=last)
    return True


def end(*, job: Job, at: datetime) -> None:
    """Make the file of old and new codes, and tell the journal, finished or stopped."""
    walk = CodeWalk.objects.get(job=job)
    with tempfile.TemporaryFile() as made:
        made.writelines(csv_chunks([["old_code", "new_code"]]))
        parts.join(of=_parts_of(walk), count=walk.parts, to=made)
        made.seek(0)
        job.result.save(f"new-codes-{job.pk}.csv", File(made), save=False)
    job.save(update_fields=["result"])
    tell_end(job=job, at=at)
    forget = partial(parts.forget, of=_parts_of(walk), count=walk.parts)
    transaction.on_commit(forget, robust=True)


def _locked(*, walk: CodeWalk, last: int) -> list[Old]:
    """Lock the codes of this piece that could still be used, in the order of redemptions."""
    with connection.cursor() as cursor:
        of = [walk.batch_id or walk.pool_id, walk.reached, last]
        cursor.execute(_LOCK.format(column=_column(walk)), of)
        return list(cursor.fetchall())


def _made(*, merchant_id: int, old: Sequence[Old]) -> dict[int, New]:
    """Make a new code for each old one, in the manner of its batch; return them by old id."""
    by_pattern: dict[str, list[Old]] = defaultdict(list)
    for row in old:
        by_pattern[row[-1]].append(row)
    new: dict[int, New] = {}
    for given, rows in by_pattern.items():
        pattern, left = pattern_like(given=given), rows
        for _ in range(MAX_BARREN_CHUNKS):
            wanted = {pattern.make(): row for row in left}
            made = _insert(merchant_id=merchant_id, wanted=wanted)
            new.update(made)
            left = [row for row in left if row[0] not in new]
            if not left:
                break
        else:
            raise jobs.JobFailed("The pattern has no unused codes left.")
    return new


def _insert(*, merchant_id: int, wanted: dict[str, Old]) -> dict[int, New]:
    rows = list(wanted.values())
    columns = [[row[i] for row in rows] for i in (2, 3, 4)]
    ends = [[row[i] for row in rows] for i in (5, 6)]
    with connection.cursor() as cursor:
        cursor.execute(_MAKE, [merchant_id, *columns, list(wanted), *ends])
        return {wanted[text][0]: (pk, text) for pk, text in cursor.fetchall()}


def _replace(*, walk: CodeWalk, job: Job, new: dict[int, New], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _REPLACE,
            {
                "old": list(new),
                "new": [pk for pk, _ in new.values()],
                "merchant": walk.merchant_id,
                "at": at,
                "by": job.created_by,
                "reason": walk.reason,
                "job": str(job.pk),
            },
        )


def _write(*, walk: CodeWalk, old: Sequence[Old], new: dict[int, New]) -> None:
    """Keep this piece's part of the file, and count it on the walk."""
    lines = csv_lines([text, new[pk][1]] for pk, text, *_ in old)
    parts.keep(of=_parts_of(walk), number=walk.parts, content=b"".join(lines))
    walk.parts += 1
    walk.save(update_fields=["parts"])


def _parts_of(walk: CodeWalk) -> str:
    return f"reissuing/{walk.pk}"


def _column(walk: CodeWalk) -> str:
    return "batch_id" if walk.pool_id is None else "pool_id"
