"""The ledger's rows of many redemptions, made as for one and sent by COPY."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from django.db import connection

from redemption import ledger
from redemption.checkout import answer_for
from redemption.taking import Entry

#: By column: what `ledger.rows` calls it, and its type.
_Columns = Mapping[str, tuple[str, str]]

_REDEMPTION: _Columns = {
    "id": ("redemption", "uuid"),
    "merchant_id": ("merchant", "int8"),
    "order_ref": ("order", "text"),
    "channel_id": ("channel", "int8"),
    "status": ("status", "text"),
    "method": ("method", "text"),
    "currency": ("currency", "text"),
    "subtotal_minor": ("subtotal", "int8"),
    "discount_minor": ("discount", "int8"),
    "shipping_discount_minor": ("shipping_discount", "int8"),
    "cart_hash": ("cart_hash", "bytea"),
    "quote": ("quote", "text"),
    "evidence": ("evidence", "text"),
    "is_test": ("is_test", "bool"),
    "actor": ("actor", "text"),
    "created_at": ("at", "timestamptz"),
    "expires_at": ("held_until", "timestamptz"),
}
_USE: _Columns = {
    "id": ("id", "uuid"),
    "merchant_id": ("merchant", "int8"),
    "redemption_id": ("redemption", "uuid"),
    "coupon_id": ("coupon", "int8"),
    "version": ("version", "int4"),
    "code_id": ("code", "int8"),
    "order_ref": ("order", "text"),
    "standing": ("yes", "bool"),
    "taken": ("yes", "bool"),
    "held_until": ("held_until", "timestamptz"),
    "is_test": ("is_test", "bool"),
    "discount_minor": ("discount", "int8"),
    "shipping_discount_minor": ("shipping_discount", "int8"),
    "budget_minor": ("budget", "int8"),
    "rate": ("rate", "text"),
    "counted_on": ("day", "text"),
    "created_at": ("at", "timestamptz"),
    "clawed_back_minor": ("none", "int8"),
}
_LINE: _Columns = {
    "merchant_id": ("merchant", "int8"),
    "use_id": ("use_id", "uuid"),
    "line_ref": ("line_ref", "text"),
    "order_ref": ("order_ref", "text"),
    "sku": ("sku", "text"),
    "quantity": ("quantity", "int4"),
    "base_minor": ("base_minor", "int8"),
    "discount_minor": ("discount_minor", "int8"),
    "funded_by": ("funded_by", "text"),
    "returned_quantity": ("none", "int4"),
    "returned_minor": ("none", "int8"),
}
_ENTRY: _Columns = {
    "merchant_id": ("merchant", "int8"),
    "at": ("at", "timestamptz"),
    "type": ("type", "text"),
    "actor": ("actor", "text"),
    "request_id": ("request", "text"),
    "coupon_id": ("coupon", "int8"),
    "code_id": ("code", "int8"),
    "customer_ref": ("customer_ref", "text"),
    "redemption_ref": ("redemption", "uuid"),
    "data": ("data", "text"),
}
#: What is the same for all; an entry of the whole redemption is about no one code.
_USUAL = {"yes": True, "none": 0, "coupon": None, "code": None}


def write(*, entries: Sequence[Entry]) -> None:
    """Write the redemptions of guests with their uses, lines and journal entries."""
    rows: list[dict[str, Any]] = []
    # A row is made while the database writes the one before.
    _copy("redemption_redemption", _REDEMPTION, _made(entries, kept=rows))
    _copy("redemption_use", _USE, _parts(rows, "uses", "rate"))
    _copy("redemption_useline", _LINE, _parts(rows, "lines"))
    _copy("coupons_journalentry", _ENTRY, _parts(rows, "entries", "data"))


def _made(entries: Iterable[Entry], *, kept: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Yield the rows of each redemption as they are made, and keep them for their parts."""
    for entry in entries:
        kept.append(_rows(entry))
        yield kept[-1]


def _rows(entry: Entry) -> dict[str, Any]:
    answer = answer_for(entry=entry, language=entry.cart.language)
    own = ledger.rows(entry, customer_id=None, answer=msgspec.json.encode(answer))
    return {**own, **_USUAL}


def _parts(
    rows: Iterable[Mapping[str, Any]], name: str, json: str | None = None
) -> Iterable[Mapping[str, Any]]:
    """Yield the parts of each redemption in their order, on top of what they share with it."""
    for row in rows:
        for part in row[name]:
            told = {json: _json(part[json])} if json else {}
            yield {**row, **part, **told}


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _copy(table: str, columns: _Columns, rows: Iterable[Mapping[str, Any]]) -> None:
    names = [name for name, _ in columns.values()]
    listed = ", ".join(columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy,
    ):
        copy.set_types([kind for _, kind in columns.values()])
        for row in rows:
            copy.write_row([row[name] for name in names])
