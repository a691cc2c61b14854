"""Writing a redemption: what is scarce is taken and the ledger written in one go.

Every take is one conditional statement that changes its row or changes nothing, and
all of them travel to the database together, as one statement that is its own transaction.
Their order is fixed, so that two redemptions never wait for each other in a circle, and the
busiest rows come last: docs/redemption.md has it. If any take changes nothing, the server
does none of it, and `TakeLost` says so.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import msgspec

from coupons import journal
from coupons.models import new_id
from coupons.pricing.quote import Applied
from redemption import draws, evidence, recording
from redemption.facts import CodeFacts
from redemption.statements import Statement, Statements
from redemption.taking import (
    Entry,
    take_code,
    take_coupon,
    take_customer,
    take_day,
)


def write(entry: Entry, *, answer: bytes, beside: Sequence[Statement] = ()) -> None:
    """Take every use and write the redemption; outside a transaction it is committed with it.

    `answer` is the body to keep with it; `beside` are statements of others, which must change
    a row too. Raises `TakeLost`; then nothing is written.
    """
    customer_id = _customer_id(entry)
    statements = Statements(_sent(rows(entry, customer_id=customer_id, answer=answer)))
    _customer(entry, statements)
    for code, _ in entry.uses:
        take_code(entry, statements, code)
    for code, applied in entry.uses:
        take_customer(entry, statements, code, applied, customer_id)
    for code, applied in entry.uses:
        take_day(entry, statements, code, applied)
    statements.take(WRITE_REDEMPTION)
    statements.take(WRITE_USES)
    statements.take(WRITE_ENTRIES)
    statements.add(WRITE_LINES)  # a pass has none
    draws.tell_platform(entry, statements)
    if merged := {line.order for line in entry.cart.lines} - {"", entry.order}:
        statements.add(WRITE_MERGED, [sorted(merged)])
    for sql, values in beside:
        statements.take(sql, values)
    draws.take_prizes(entry, statements)
    for _, take in _counters(entry, statements):
        take()
    statements.run()


def _counters(entry: Entry, statements: Statements) -> list[tuple[int, Callable[[], None]]]:
    """Pair coupons with what is taken from their counters, in the order of the coupons."""
    used = [
        (code.coupon_id, partial(take_coupon, entry, statements, code, applied))
        for code, applied in entry.uses
    ]
    issued = [
        (one.facts.coupon_id or 0, partial(draws.take_issue, statements, one))
        for one in draws.issued(entry)
    ]
    return sorted([*used, *issued], key=itemgetter(0))


def _customer_id(entry: Entry) -> int | None:
    if entry.cart.shopper.ref is None or entry.facts.customer_id is not None:
        return entry.facts.customer_id
    return entry.facts.new_customer_id


def _customer(entry: Entry, statements: Statements) -> None:
    if entry.cart.shopper.ref is None or entry.facts.customer_id is not None:
        return
    statements.take(
        """
        INSERT INTO campaigns_customer
               (id, merchant_id, ref, email, phone, country, language, time_zone, tags, tier,
                source, is_test, consents, paid_orders, created_at)
        SELECT %(customer)s, %(merchant)s, %(customer_ref)s, '', '', '', '', '', '{}', '', '',
               false, '{}', 0, %(at)s WHERE {after}
        ON CONFLICT (merchant_id, ref) DO NOTHING
        """
    )


# The ledger's rows and the journal's: uses, lines and entries travel as JSON. (The foreign keys
# among them are checked at the commit.)
WRITE_REDEMPTION = """
INSERT INTO redemption_redemption
       (id, merchant_id, order_ref, customer_id, channel_id, status, method, currency,
        subtotal_minor, discount_minor, shipping_discount_minor, cart_hash, quote,
        evidence, is_test, actor, created_at, expires_at)
SELECT %(redemption)s, %(merchant)s, %(order)s, %(customer)s, %(channel)s, %(status)s,
       %(method)s, %(currency)s, %(subtotal)s, %(discount)s, %(shipping_discount)s,
       %(cart_hash)s, %(quote)s::jsonb, %(evidence)s::jsonb, %(is_test)s, %(actor)s,
       %(at)s, %(held_until)s WHERE {after}
"""
WRITE_USES = """
INSERT INTO redemption_use
       (id, merchant_id, redemption_id, coupon_id, version, code_id, order_ref, customer_id,
        standing, taken, held_until, is_test, discount_minor, shipping_discount_minor,
        budget_minor, rate, counted_on, created_at, clawed_back_minor)
SELECT u.id, %(merchant)s, %(redemption)s, u.coupon, u.version, u.code, %(order)s,
       %(customer)s, true, true, %(held_until)s, %(is_test)s, u.discount,
       u.shipping_discount, u.budget, u.rate, u.day, %(at)s, 0
  FROM json_to_recordset(%(uses)s::json)
       AS u (id uuid, coupon bigint, version int, code bigint, discount bigint,
             shipping_discount bigint, budget bigint, rate jsonb, day date)
 WHERE {after}
"""
WRITE_LINES = """
INSERT INTO redemption_useline
       (merchant_id, use_id, line_ref, order_ref, sku, quantity, base_minor,
        discount_minor, funded_by, returned_quantity, returned_minor)
SELECT %(merchant)s, l.use_id, l.line_ref, l.order_ref, l.sku, l.quantity, l.base_minor,
       l.discount_minor, l.funded_by, 0, 0
  FROM json_to_recordset(%(lines)s::json)
       AS l (use_id uuid, line_ref text, order_ref text, sku text, quantity int,
             base_minor bigint, discount_minor bigint, funded_by text)
 WHERE {after}
"""
WRITE_ENTRIES = """
INSERT INTO coupons_journalentry
       (merchant_id, at, type, actor, request_id, coupon_id, code_id, customer_ref,
        redemption_ref, data)
SELECT %(merchant)s, %(at)s, j.entry ->> 'type', %(actor)s, %(request)s,
       (j.entry ->> 'coupon')::bigint, (j.entry ->> 'code')::bigint, %(customer_ref)s,
       %(redemption)s, j.entry -> 'data'
  FROM jsonb_array_elements(%(entries)s::jsonb) WITH ORDINALITY AS j (entry, place)
 WHERE {after} ORDER BY j.place
"""

# Only for orders paid together.
WRITE_MERGED = """
INSERT INTO redemption_mergedorder (merchant_id, redemption_id, order_ref)
SELECT %(merchant)s, %(redemption)s, each FROM unnest(%s::text[]) AS each WHERE {after}
"""


def _sent(rows: dict[str, Any]) -> dict[str, Any]:
    """Put what has many rows into JSON, as the statements read it."""
    return {**rows, **{name: _json(rows[name]) for name in ("uses", "lines", "entries")}}


def rows(entry: Entry, *, customer_id: int | None, answer: bytes) -> dict[str, Any]:
    """Return what is written of a redemption: its own columns, and `uses`, `lines`, `entries`."""
    uses = [(new_id(), code, applied) for code, applied in entry.uses]
    quote, shopper = entry.quote, entry.cart.shopper
    return {
        "redemption": entry.id,
        "merchant": entry.caller.merchant.pk,
        "order": entry.order,
        "status": entry.status,
        "held_until": entry.held_until,
        "customer": customer_id,
        "customer_ref": shopper.ref or "",
        "channel": entry.caller.channel_id or entry.facts.channel_id,
        "method": entry.method,
        "currency": quote.currency,
        "subtotal": quote.subtotal,
        "discount": quote.discount,
        "shipping_discount": quote.shipping_discount,
        "cart_hash": entry.fingerprint,
        "quote": answer.decode(),
        "evidence": evidence.encoded(case=entry.case).decode(),
        "is_test": shopper.is_test,
        "actor": entry.caller.actor,
        "request": journal.current_request_id(),
        "at": entry.at,
        "uses": _uses(uses, is_test=shopper.is_test),
        "lines": use_lines(entry=entry, uses=[(use, applied) for use, _, applied in uses]),
        "entries": _entries(entry),
    }


def _json(rows: Any) -> str:
    return msgspec.json.encode(rows).decode()


UsesToWrite = Sequence[tuple[uuid.UUID, CodeFacts, Applied]]


def _uses(uses: UsesToWrite, *, is_test: bool) -> list[dict[str, Any]]:
    return [
        {
            "id": use,
            "coupon": code.coupon_id,
            "version": code.version,
            "code": code.code_id,
            "discount": applied.discount,
            "shipping_discount": applied.shipping_discount,
            # A test takes nothing from budget or day, so its use gives nothing back either.
            "budget": None if is_test else applied.budget_amount,
            "rate": used_rate(applied),
            "day": None if is_test or not applied.terms.limits.uses_per_day else code.day,
        }
        for use, code, applied in uses
    ]


def used_rate(applied: Applied) -> dict[str, str] | None:
    """Return the exchange rate that a use keeps, if its amounts were converted."""
    used = applied.rate
    return {"from": used.from_, "to": used.to, "rate": str(used.rate)} if used else None


def use_lines(*, entry: Entry, uses: Iterable[tuple[uuid.UUID, Applied]]) -> list[dict[str, Any]]:
    """Return the split of each use (its id, and what it takes) in the columns of `UseLine`."""
    lines = {line.id: line for line in entry.cart.lines}
    return [
        {
            "use_id": use,
            "line_ref": line_id,
            "order_ref": lines[line_id].order or entry.order,
            "sku": lines[line_id].sku,
            "quantity": lines[line_id].quantity,
            "base_minor": lines[line_id].base,
            "discount_minor": minor,
            "funded_by": applied.terms.funded_by,
        }
        for use, applied in uses
        for line_id, minor in applied.lines
    ]


def _entries(entry: Entry) -> list[dict[str, Any]]:
    quote = entry.quote
    data = recording.figures(
        subtotal=quote.subtotal,
        discount=quote.discount,
        shipping_discount=quote.shipping_discount,
        method=entry.method,
        is_test=entry.cart.shopper.is_test,
    )
    if entry.held_until is not None:
        data["held_until"] = entry.held_until.isoformat()
    told = recording.entries(
        verb="created" if entry.held_until is None else "held",
        order=entry.order,
        currency=quote.currency,
        data=data,
        parts=[
            recording.Part(
                code.coupon_id, code.code_id, applied.discount, applied.shipping_discount
            )
            for code, applied in entry.uses
        ],
    )
    return [*told, *draws.entries(entry)]
