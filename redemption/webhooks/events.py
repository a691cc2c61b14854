"""What an event says: journal entries brought into the form that receivers rely on.

A body is made once, from the entry and the rows it names, and sent the same at each
attempt. Its `data` speaks as the HTTP contract does: slugs, major units, own identifiers.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from coupons.models import Code, Coupon, JournalEntry
from coupons.pricing.money import format_amount
from redemption.models import EventType, Redemption

#: Event ids are made from the entries', so that an event has one id for ever.
_NAMESPACE = uuid.UUID("8f0bb0a6-5d6d-4d0e-9a55-6f9c1f5f3f0e")

#: What a redemption was when the entry was written; a later state has an event of its own.
_STATUS: dict[str, str] = {
    EventType.REDEMPTION_HELD: Redemption.Status.HELD,
    EventType.REDEMPTION_CREATED: Redemption.Status.REDEEMED,
    EventType.REDEMPTION_RELEASED: Redemption.Status.RELEASED,
}
#: What a redemption is worth, in the form of the contract.
_AMOUNTS = ("subtotal", "discount", "shipping_discount")
_STATE: dict[str, str] = {EventType.COUPON_PAUSED: "paused", EventType.COUPON_ENDED: "ended"}


@dataclass(slots=True)
class Named:
    """The rows that a chunk of entries names, by key."""

    coupons: Mapping[int, Coupon] = field(default_factory=dict)
    codes: Mapping[int, Code] = field(default_factory=dict)
    redemptions: Mapping[uuid.UUID, Redemption] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to tell: its id, its type, the coupons with a part in it, and the body."""

    id: uuid.UUID
    type: str
    coupons: set[int]
    body: str


def named(*, entries: Iterable[JournalEntry]) -> Named:
    """Read everything that the entries name, in a fixed number of queries."""
    entries = list(entries)
    codes = {e.code_id for e in entries} | {use.get("code") for e in entries for use in _uses(e)}
    return Named(
        coupons=Coupon.objects.in_bulk(set().union(*map(_coupons, entries))),
        codes=Code.objects.in_bulk(codes - {None}),
        redemptions=Redemption.objects.in_bulk({e.redemption_ref for e in entries} - {None}),
    )


def event(*, entry: JournalEntry, rows: Named) -> Event:
    """Make the event that an entry tells of."""
    id = uuid.uuid5(_NAMESPACE, f"{entry.merchant_id} {entry.pk}")
    data = _SHAPES.get(entry.type.partition(".")[0], _plain)(entry, rows)
    return Event(
        id=id,
        type=entry.type,
        coupons=_coupons(entry),
        body=body(id=id, type=entry.type, at=entry.at.isoformat(), data=data),
    )


def body(*, id: uuid.UUID, type: str, at: str, data: Mapping[str, Any]) -> str:
    """Write a body; `at` is an ISO 8601 time with offset."""
    return msgspec.json.encode(
        {"id": str(id), "type": type, "timestamp": at, "data": data}
    ).decode()


def _uses(entry: JournalEntry) -> list[dict[str, Any]]:
    """Return the parts that codes had in a redemption, as it was then."""
    found: list[dict[str, Any]] = entry.data.get("uses", [])
    return found


def _coupons(entry: JournalEntry) -> set[int]:
    own = {entry.coupon_id} if entry.coupon_id else set()
    return own | {use["coupon"] for use in _uses(entry)}


def _coupon(entry: JournalEntry, rows: Named) -> dict[str, Any]:
    coupon = rows.coupons.get(entry.coupon_id or 0)
    if coupon is None:
        return {"slug": None, "name": None, "state": _STATE.get(entry.type)}
    soon = coupon.starts_at is not None and entry.at < coupon.starts_at
    return {
        "slug": coupon.slug,
        "name": coupon.name,
        "kind": coupon.kind,
        "state": _STATE.get(entry.type, "scheduled" if soon else "live"),
    }


def _code(entry: JournalEntry, rows: Named) -> dict[str, Any]:
    code = rows.codes.get(entry.code_id or 0)
    coupon = rows.coupons.get(entry.coupon_id or 0)
    return {
        "code": code.text if code else None,
        "coupon": coupon.slug if coupon else None,
        "customer": entry.customer_ref or None,
        **_plain(entry, rows),
    }


def _redemption(entry: JournalEntry, rows: Named) -> dict[str, Any]:
    row = rows.redemptions.get(entry.redemption_ref) if entry.redemption_ref else None
    if row is None:
        return _plain(entry, rows)
    data: dict[str, Any] = {
        "id": str(row.pk),
        "order": row.order_ref,
        "status": _STATUS.get(entry.type, row.status),
        "customer": entry.customer_ref or None,
        "currency": row.currency,
        **{name: _amount(entry, row, name) for name in _AMOUNTS},
        "coupons": [_used(use, row.currency, rows) for use in _uses(entry)],
        "is_test": row.is_test,
        "created_at": row.created_at.isoformat(),
    }
    if entry.type == EventType.REDEMPTION_HELD:
        data["expires_at"] = row.expires_at.isoformat() if row.expires_at else None
    if entry.type == EventType.REDEMPTION_REVERSED:
        own = _plain(entry, rows)
        data["reversal"] = {name: own[name] for name in own if name not in data}
    return data


def _amount(entry: JournalEntry, row: Redemption, name: str) -> str:
    """Write an amount as it was then: a confirmation may have changed it since."""
    minor = entry.data.get(f"{name}_minor")
    return format_amount(getattr(row, f"{name}_minor") if minor is None else minor, row.currency)


def _used(use: Mapping[str, Any], currency: str, rows: Named) -> dict[str, str | None]:
    code, coupon = rows.codes.get(use.get("code", 0)), rows.coupons.get(use["coupon"])
    return {
        "code": code.text if code else None,
        "coupon": coupon.slug if coupon else None,
        "discount": format_amount(use["discount_minor"], currency),
        "shipping_discount": format_amount(use["shipping_discount_minor"], currency),
    }


def _plain(entry: JournalEntry, rows: Named) -> dict[str, Any]:
    """Tell an entry's own particulars: amounts in major units, lists of rows left out."""
    currency, told = entry.data.get("currency"), {}
    for name, value in entry.data.items():
        if name.endswith("_minor") and isinstance(value, int):
            if currency:
                told[name.removesuffix("_minor")] = format_amount(value, currency)
        elif not isinstance(value, list | dict):
            told[name] = value
    return told


_SHAPES: dict[str, Callable[[JournalEntry, Named], dict[str, Any]]] = {
    "coupon": _coupon,
    "code": _code,
    "redemption": _redemption,
}
