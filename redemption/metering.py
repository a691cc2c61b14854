"""How often each key calls, and when it was last used: counted here, told to Valkey.

A process counts for itself and tells Valkey after every hundredth of a key's rate, or a
second, whichever is first; it learns then what the other processes have counted. So a rate
holds to about a hundredth of it per process, and most calls cost no round trip.
Without Valkey each process goes by its own count.
"""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from redis.client import Pipeline

from coupons import valkey

WINDOW = 60
#: Told to Valkey after this share of a rate.
SHARE = 100
#: Where the last uses of a minute wait for the table, prefix → seconds and address.
USED = f"{valkey.PREFIX}keys-used:{{window}}"
#: For so many minutes, should nobody fetch them.
WAITS = 15
#: Keys that one process keeps count of.
KEPT = 1_000


@dataclass(slots=True)
class _Count:
    """One key's calls in one minute, as far as this process knows."""

    window: int = 0
    #: Told to Valkey, by everybody.
    told: int = 0
    #: Counted here since.
    fresh: int = 0
    told_at: float = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_counts: dict[str, _Count] = {}
#: The minute in which this process last told of a key's use.
_noted: dict[str, int] = {}


def call(*, prefix: str, most: int, address: str, now: float) -> int:
    """Count a call with the key; returns 0, or the seconds to wait where it was one too many.

    `most` is the key's rate in calls a minute, `now` the seconds since 1970.
    """
    count = _counts.get(prefix) or _begin(prefix)
    window = int(now) // WINDOW
    with count.lock:
        if count.window != window:
            count.window, count.told, count.fresh, count.told_at = window, 0, 0, 0
        if count.told + count.fresh >= most:
            return _left(now)
        count.fresh += 1
        if count.fresh * SHARE < most and now - count.told_at < 1:
            return 0
        telling, count.fresh, count.told_at = count.fresh, 0, now
        count.told += telling
    known = _tell(prefix=prefix, window=window, calls=telling, address=address, now=now)
    with count.lock:
        if count.window == window:
            count.told = max(count.told, known)
    return _left(now) if known > most else 0


def _begin(prefix: str) -> _Count:
    while len(_counts) >= KEPT:
        gone = next(iter(_counts), "")
        _counts.pop(gone, None)
        _noted.pop(gone, None)
    return _counts.setdefault(prefix, _Count())


def _left(now: float) -> int:
    return WINDOW - int(now) % WINDOW


def _tell(*, prefix: str, window: int, calls: int, address: str, now: float) -> int:
    """Add calls to everybody's, and the last use once a minute; returns everybody's, or 0."""
    name = f"{valkey.PREFIX}rate:{prefix}:{window}"
    note = _noted.get(prefix) != window

    def fill(pipeline: Pipeline) -> None:
        pipeline.incrby(name, calls)
        pipeline.expire(name, 2 * WINDOW)
        if note:
            used = USED.format(window=window)
            pipeline.hset(used, prefix, f"{int(now)} {address}")
            pipeline.expire(used, WAITS * WINDOW)

    answers = valkey.asked(fill)
    if answers is None:
        return 0
    _noted[prefix] = window
    return int(answers[0])


def flush(*, now: float) -> int:
    """Bring the last uses from Valkey into the table; returns how many there were.

    Running twice, or being killed on the way, does no harm: they go away by themselves,
    and the table keeps the latest.
    """
    windows = range(int(now) // WINDOW - WAITS, int(now) // WINDOW + 1)

    def fill(pipeline: Pipeline) -> None:
        for window in windows:
            pipeline.hgetall(USED.format(window=window))

    uses: dict[str, str] = {}
    for found in valkey.asked(fill) or ():
        uses |= found
    if uses:
        with transaction.atomic(), connection.cursor() as cursor:
            # In one order, so that two at once do not wait for each other in a circle.
            cursor.executemany(_WRITE, [_row(prefix, uses[prefix]) for prefix in sorted(uses)])
    return len(uses)


def _row(prefix: str, used: str) -> dict[str, Any]:
    seconds, _, address = used.partition(" ")
    at = datetime.fromtimestamp(int(seconds), tz=UTC)
    return {"prefix": prefix, "at": at, "address": address or None}


# A process that had not yet heard of a revocation has told of a call that was refused.
_WRITE = """
INSERT INTO redemption_keyuse (api_key_id, merchant_id, last_used_at, address)
SELECT k.id, k.merchant_id, %(at)s, %(address)s::inet
  FROM redemption_apikey k
 WHERE k.prefix = %(prefix)s AND (k.revoked_at IS NULL OR k.revoked_at > %(at)s)
ON CONFLICT (api_key_id) DO UPDATE
   SET last_used_at = excluded.last_used_at, address = excluded.address
 WHERE redemption_keyuse.last_used_at < excluded.last_used_at
"""
