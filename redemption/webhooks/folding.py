"""Turn journal entries into deliveries, exactly once, for the endpoints that want them.

The deliveries of a chunk are written in the transaction that moves the cursor
(`coupons.reading`). An endpoint hears of what transactions write that began after its own.
"""

from datetime import datetime

from coupons import reading
from coupons.models import JournalEntry
from redemption.models import EventType, WebhookDelivery, WebhookEndpoint
from redemption.webhooks import events

READER = "webhooks"
#: Journal entries read in one transaction.
CHUNK = 2_000

_ENTRIES = """
SELECT * FROM coupons_journalentry
 WHERE (xid, id) > (%s, %s) AND (xid, id) <= (%s, %s)
   AND merchant_id = ANY (%s) AND type = ANY (%s)
 ORDER BY xid, id
"""


def fold(*, at: datetime, limit: int = CHUNK) -> int:
    """Read the next entries, at most `limit`, and write their deliveries; return how many read.

    Zero means that nothing settled is left.
    """
    with reading.next_chunk(reader=READER, limit=limit) as chunk:
        if chunk is None:
            return 0
        listening = _listening()
        if listening:
            _deliver(entries=_entries(chunk, list(listening)), listening=listening, at=at)
        return chunk.count


def catch_up(*, at: datetime, limit: int = CHUNK, chunks: int | None = None) -> int:
    """Fold chunk by chunk until nothing is left, or `chunks` are done; return entries read."""
    read = done = 0
    while chunks is None or done < chunks:
        step = fold(at=at, limit=limit)
        read, done = read + step, done + 1
        if step == 0:
            break
    return read


def _listening() -> dict[int, list[WebhookEndpoint]]:
    """Return the endpoints that are switched on, by merchant."""
    found: dict[int, list[WebhookEndpoint]] = {}
    for endpoint in WebhookEndpoint.objects.filter(disabled_at__isnull=True).order_by("id"):
        found.setdefault(endpoint.merchant_id, []).append(endpoint)
    return found


def _entries(chunk: reading.Chunk, merchants: list[int]) -> list[JournalEntry]:
    wanted = [*chunk.after, *chunk.until, merchants, EventType.values]
    return list(JournalEntry.objects.raw(_ENTRIES, wanted))


def _deliver(
    *,
    entries: list[JournalEntry],
    listening: dict[int, list[WebhookEndpoint]],
    at: datetime,
) -> None:
    rows = events.named(entries=entries)
    deliveries = []
    for entry in entries:
        event = events.event(entry=entry, rows=rows)
        deliveries += [
            WebhookDelivery(
                merchant_id=entry.merchant_id,
                endpoint=endpoint,
                event=event.id,
                type=event.type,
                body=event.body,
                next_at=at,
                created_at=at,
            )
            for endpoint in listening[entry.merchant_id]
            if endpoint.xid < entry.xid and endpoint.wants(event.type, event.coupons)
        ]
    WebhookDelivery.objects.bulk_create(deliveries, batch_size=1_000)
