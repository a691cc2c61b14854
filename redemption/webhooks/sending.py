"""Send what is due: claimed by one conditional statement, called without a transaction, marked.

A claim moves a delivery's time ahead, past the longest call, so no second worker takes
it; if the worker dies, that time comes and it is sent again (at least once). Each
endpoint has a bounded share of what is under way, so that a slow one holds up nobody else.
"""

import secrets as random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from coupons.caller import SYSTEM
from redemption.models import DisabledBecause, WebhookDelivery, WebhookEndpoint
from redemption.webhooks import endpoints, posting
from redemption.webhooks.addresses import Resolver, look_up

#: Before the second attempt, the third, and so on; some 23 hours in all.
PAUSES = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
)
#: Each pause is lengthened by up to so many percent, lest all come back at once.
JITTER = 10
#: Far beyond the time that looking a name up and the call may take.
LEASE = timedelta(minutes=3)
#: Calls of one worker at a time, and those of them to one endpoint.
PARALLEL, SHARE = 16, 4
#: How long one run takes up more; what is under way then is finished.
RUN_SECONDS = 4

_CLAIM = """
WITH due AS (
    SELECT taken.id
      FROM (SELECT id FROM redemption_webhookendpoint
             WHERE disabled_at IS NULL ORDER BY random()) AS e
      LEFT JOIN unnest(%(busy)s::uuid[], %(calls)s::int[]) AS busy (endpoint, calls)
        ON busy.endpoint = e.id
     CROSS JOIN LATERAL (
           SELECT id FROM redemption_webhookdelivery
            WHERE endpoint_id = e.id AND state = 'pending' AND next_at <= %(at)s
            ORDER BY next_at, id
            LIMIT greatest(0, %(share)s - coalesce(busy.calls, 0))
              FOR UPDATE SKIP LOCKED
           ) AS taken
     LIMIT %(free)s
)
UPDATE redemption_webhookdelivery AS d
   SET attempts = d.attempts + 1, next_at = %(lease)s
  FROM due, redemption_webhookendpoint AS e
 WHERE d.id = due.id AND e.id = d.endpoint_id AND d.state = 'pending' AND d.next_at <= %(at)s
RETURNING d.id, d.endpoint_id, d.event::text, d.body, d.attempts, d.next_at, e.url, e.secret,
          CASE WHEN e.previous_until > %(at)s THEN e.previous_secret END
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is this worker's until `lease`."""

    id: uuid.UUID
    endpoint: uuid.UUID
    event: str
    body: str
    attempts: int
    lease: datetime
    url: str
    secret: str
    previous: str | None

    @property
    def secrets(self) -> list[str]:
        """Return the secrets to sign with, the newest first."""
        return [self.secret, self.previous] if self.previous else [self.secret]


def claim(
    *, at: datetime, free: int = PARALLEL, share: int = SHARE, busy: Counter[uuid.UUID]
) -> list[Claim]:
    """Take up to `free` deliveries that are due, to each endpoint `share` less those `busy`."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "at": at,
                "lease": at + LEASE,
                "free": free,
                "share": share,
                "busy": list(busy),
                "calls": list(busy.values()),
            },
        )
        return [Claim(*row) for row in cursor.fetchall()]


def mark(
    *,
    claim: Claim,
    outcome: posting.Outcome,
    at: datetime,
    jitter: Callable[[int], int] = random.randbelow,
) -> bool:
    """Write down what came of a claim; False if it was no longer this worker's."""
    values = {
        "last_status": outcome.status,
        "last_answer": outcome.answer,
        "last_ms": outcome.ms,
        "last_at": at,
        **_next(claim=claim, outcome=outcome, at=at, jitter=jitter),
    }
    with transaction.atomic():
        marked = WebhookDelivery.objects.filter(
            pk=claim.id, state=WebhookDelivery.State.PENDING, next_at=claim.lease
        ).update(**values)
        if marked and outcome.gone:
            endpoint = WebhookEndpoint.objects.select_related("merchant").get(pk=claim.endpoint)
            endpoints.disable(endpoint=endpoint, by=SYSTEM, at=at, because=DisabledBecause.GONE)
    return bool(marked)


def _next(
    *, claim: Claim, outcome: posting.Outcome, at: datetime, jitter: Callable[[int], int]
) -> dict[str, object]:
    if outcome.delivered:
        return {"state": WebhookDelivery.State.DELIVERED}
    if outcome.gone or claim.attempts > len(PAUSES):
        return {"state": WebhookDelivery.State.FAILED}
    pause = PAUSES[claim.attempts - 1]
    return {"next_at": at + pause * (100 + jitter(JITTER + 1)) / 100}


def send_due(
    *,
    private: bool,
    clock: Callable[[], datetime] = timezone.now,
    resolve: Resolver = look_up,
    seconds: int = RUN_SECONDS,
) -> int:
    """Send what is due, and go on for `seconds`; return how many calls were made.

    The calls run in threads that know no database; claims and marks are made here.
    """
    until = time.monotonic() + seconds
    under_way: dict[Future[posting.Outcome], Claim] = {}
    made = 0

    def call(claim: Claim) -> posting.Outcome:
        headers = posting.signed(
            secrets=claim.secrets, event=claim.event, body=claim.body, at=clock()
        )
        return posting.post(
            url=claim.url, headers=headers, body=claim.body, private=private, resolve=resolve
        )

    with ThreadPoolExecutor(PARALLEL) as pool:
        while True:
            if time.monotonic() < until and len(under_way) < PARALLEL:
                busy = Counter(each.endpoint for each in under_way.values())
                for each in claim(at=clock(), free=PARALLEL - len(under_way), busy=busy):
                    under_way[pool.submit(call, each)] = each
                    made += 1
            if not under_way:
                return made
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                mark(claim=under_way.pop(future), outcome=future.result(), at=clock())
