"""Writing to the journal: one row for one thing that happened, with what it tells of."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

from coupons.models import Code, Coupon, JournalEntry, Merchant


def current_request_id() -> str:
    """Return the id of the web request or task under way, if there is one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))[:128]


def record_all(
    *,
    merchant: Merchant,
    entries: Sequence[Mapping[str, Any]],
    actor: str,
    at: datetime,
    customer_ref: str = "",
    redemption: uuid.UUID | None = None,
) -> None:
    """Write several entries of one happening: `type`, `data`, and ids of `coupon` and `code`."""
    _refuse_outside()
    JournalEntry.objects.bulk_create(
        JournalEntry(
            merchant=merchant,
            at=at,
            type=entry["type"],
            actor=actor,
            request_id=current_request_id(),
            coupon_id=entry.get("coupon"),
            code_id=entry.get("code"),
            customer_ref=customer_ref,
            redemption_ref=redemption,
            data=entry["data"],
        )
        for entry in entries
    )


def _refuse_outside() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A journal entry belongs into the transaction of its change.")


def record(
    *,
    merchant: Merchant,
    type: str,
    actor: str,
    at: datetime,
    coupon: Coupon | None = None,
    code: Code | None = None,
    customer_ref: str = "",
    redemption: uuid.UUID | None = None,
    data: dict[str, Any] | None = None,
) -> JournalEntry:
    """Write one entry; call it inside the transaction of the change it tells of."""
    _refuse_outside()
    return JournalEntry.objects.create(
        merchant=merchant,
        at=at,
        type=type,
        actor=actor,
        request_id=current_request_id(),
        coupon=coupon,
        code=code,
        customer_ref=customer_ref,
        redemption_ref=redemption,
        data=data or {},
    )
