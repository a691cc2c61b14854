"""Keeping what customers did: each event once, however often it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

from coupons.models import Merchant

#: The ids are sorted, so that two calls with the same events never wait in a circle.
RECORD = """
INSERT INTO campaigns_activity
       (merchant_id, event_id, type, customer_id, occurred_at, received_at, data)
SELECT %(merchant)s, e.id, e.type, e.customer, e.occurred_at, %(at)s, e.data
  FROM json_to_recordset(%(events)s::json)
       AS e (id text, type text, customer bigint, occurred_at timestamptz, data jsonb)
 ORDER BY e.id COLLATE "C"
ON CONFLICT (merchant_id, event_id) DO NOTHING
RETURNING event_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event, as the shop told it; `customer` is the merchant's own id, None for a guest."""

    id: str
    type: str
    customer: str | None
    occurred_at: datetime
    data: dict[str, Any]


def record(
    *,
    merchant: Merchant,
    happenings: Sequence[Happening],
    customers: Mapping[str, int],
    at: datetime,
) -> set[str]:
    """Store what is new, in one statement, and return the ids of those events.

    `happenings` has no id twice; `customers` maps the merchant's own ids to ours.
    """
    events = [
        {
            "id": each.id,
            "type": each.type,
            "customer": None if each.customer is None else customers[each.customer],
            "occurred_at": each.occurred_at,
            "data": each.data,
        }
        for each in happenings
    ]
    encoded = msgspec.json.encode(events).decode()
    with connection.cursor() as cursor:
        cursor.execute(RECORD, {"merchant": merchant.pk, "at": at, "events": encoded})
        return {event_id for (event_id,) in cursor.fetchall()}
