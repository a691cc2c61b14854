"""Reading the journal on, exactly once, in bounded chunks.

A reader's work and the cursor behind it are committed together, so work killed at any
point is work that did not happen, and two at a time take turns on the cursor's row.
Only entries below the oldest running transaction are read: whatever still commits
lies above the cursor. A transaction that writes for long therefore delays the
readers, and never makes them miss anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models.functions import Now

from coupons.models import JournalCursor

_END = """
WITH chunk AS (
    SELECT xid, id FROM coupons_journalentry
     WHERE (xid, id) > (%s, %s)
       AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
     ORDER BY xid, id LIMIT %s
)
SELECT xid, id, count(*) OVER () FROM chunk ORDER BY xid DESC, id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Settled entries: those whose (xid, id) is above `after` and at most `until`."""

    after: tuple[int, int]
    until: tuple[int, int]
    #: How many there are.
    count: int


@contextmanager
def next_chunk(*, reader: str, limit: int) -> Iterator[Chunk | None]:
    """Give a reader its next entries, at most `limit`, in a transaction that moves its cursor.

    None means that nothing settled is left. Entries of the caller's own open
    transaction are not settled.
    """
    with transaction.atomic():
        place = _lock(reader)
        after = (place.xid, place.entry)
        with connection.cursor() as cursor:
            cursor.execute(_END, [*after, limit])
            end = cursor.fetchone()
        chunk = Chunk(after=after, until=(end[0], end[1]), count=end[2]) if end else None
        yield chunk
        if chunk is not None:
            place.xid, place.entry = chunk.until
        if chunk is None or chunk.count < limit:
            place.caught_up_at = Now()
        place.save()


def rewind(*, reader: str) -> None:
    """Send a reader back to the beginning; call it in the transaction that undoes its work."""
    place = _lock(reader)
    place.xid = place.entry = 0
    place.caught_up_at = None
    place.save()


def _lock(reader: str) -> JournalCursor:
    """Hold the cursor's row to the end of the transaction."""
    JournalCursor.objects.get_or_create(reader=reader)
    return JournalCursor.objects.select_for_update().get(reader=reader)
