"""Writing a redemption: what is scarce is taken and the ledger written in one go.

Every take is one conditional statement that changes its row or changes nothing, and
all of them travel to the database together, the COMMIT behind them. The order is fixed, so that two
redemptions never wait for each other in a circle, and the hottest rows come last:

1. the customer, if new
2. each code, by coupon and code
3. the customer's counter of each coupon
4. the coupon's day
5. the ledger's own rows and the journal (nobody else waits for these)
6. what a draw has given: its stock, and the winner's code
7. the counters, by coupon: of those used, and of those that issue a prize's code

If any take changes nothing, the server ends the transaction, and `TakeLost` says so.
"""

import uuid
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import msgspec
from django.db import transaction

from coupons import journal
from coupons.models import new_id
from coupons.pricing.quote import Applied
from redemption import draws
from redemption.facts import CodeFacts
from redemption.taking import (
    Entry,
    Statements,
    take_code,
    take_coupon,
    take_customer,
    take_day,
)

Statement = tuple[str, Sequence[Any]]


def write(entry: Entry, *, answer: bytes, beside: Sequence[Statement] = ()) -> None:
    """Take every use, write the redemption, and commit the transaction that it is called in.

    `answer` is the body to keep with it; `beside` are the caller's own statements, which
    must change a row too. Raises `TakeLost`; then nothing is written.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("A redemption is written inside a transaction.")
    statements = Statements()
    customer_id = _customer(entry, statements)
    for code, _ in entry.uses:
        take_code(statements, code)
    for code, applied in entry.uses:
        take_customer(entry, statements, code, applied, customer_id)
    for code, applied in entry.uses:
        take_day(entry, statements, code, applied)
    statements.add(WRITE, _rows(entry, customer_id=customer_id, answer=answer))
    for sql, values in beside:
        statements.take(sql, values)
    draws.take_prizes(entry, statements)
    for _, take in _counters(entry, statements):
        take()
    statements.commit()


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


def _customer(entry: Entry, statements: Statements) -> int | None:
    shopper = entry.cart.shopper
    if shopper.ref is None or entry.facts.customer_id is not None:
        return entry.facts.customer_id
    new = entry.facts.new_customer_id
    statements.take(
        """
        INSERT INTO campaigns_customer
               (id, merchant_id, ref, email, phone, country, language, time_zone, tags, tier,
                source, is_test, consents, paid_orders, created_at)
        VALUES (%s, %s, %s, '', '', '', '', '', '{}', '', '', false, '{}', 0, %s)
        ON CONFLICT (merchant_id, ref) DO NOTHING
        """,
        [new, entry.caller.merchant.pk, shopper.ref, entry.at],
    )
    return new


# The ledger's rows and the journal's in one statement: uses, lines and entries travel as
# JSON. (The foreign keys among them are checked at the commit.)
WRITE = """
WITH redemption AS (
    INSERT INTO redemption_redemption
           (id, merchant_id, order_ref, customer_id, channel_id, status, method, currency,
            subtotal_minor, discount_minor, shipping_discount_minor, cart_hash, quote,
            is_test, actor, created_at, expires_at)
    VALUES (%(redemption)s, %(merchant)s, %(order)s, %(customer)s, %(channel)s, 'redeemed',
            %(method)s, %(currency)s, %(subtotal)s, %(discount)s, %(shipping_discount)s,
            %(cart_hash)s, %(quote)s::jsonb, %(is_test)s, %(actor)s, %(at)s, NULL)
), uses AS (
    INSERT INTO redemption_use
           (id, merchant_id, redemption_id, coupon_id, version, code_id, order_ref, customer_id,
            standing, discount_minor, shipping_discount_minor, budget_minor, rate,
            counted_on, created_at)
    SELECT u.id, %(merchant)s, %(redemption)s, u.coupon, u.version, u.code, %(order)s,
           %(customer)s, true, u.discount, u.shipping_discount, u.budget, u.rate, u.day,
           %(at)s
      FROM json_to_recordset(%(uses)s::json)
           AS u (id uuid, coupon bigint, version int, code bigint, discount bigint,
                 shipping_discount bigint, budget bigint, rate jsonb, day date)
), lines AS (
    INSERT INTO redemption_useline
           (merchant_id, use_id, line_ref, order_ref, sku, quantity, base_minor,
            discount_minor, funded_by)
    SELECT %(merchant)s, l.use, l.line, l.order_ref, l.sku, l.quantity, l.base, l.discount,
           l.funded_by
      FROM json_to_recordset(%(lines)s::json)
           AS l (use uuid, line text, order_ref text, sku text, quantity int, base bigint,
                 discount bigint, funded_by text)
)
INSERT INTO coupons_journalentry
       (merchant_id, at, type, actor, request_id, coupon_id, code_id, customer_ref,
        redemption_ref, data)
SELECT %(merchant)s, %(at)s, j.entry ->> 'type', %(actor)s, %(request)s,
       (j.entry ->> 'coupon')::bigint, (j.entry ->> 'code')::bigint, %(customer_ref)s,
       %(redemption)s, j.entry -> 'data'
  FROM jsonb_array_elements(%(entries)s::jsonb) WITH ORDINALITY AS j (entry, place)
 ORDER BY j.place
"""


def _rows(entry: Entry, *, customer_id: int | None, answer: bytes) -> dict[str, Any]:
    uses = [(new_id(), code, applied) for code, applied in entry.uses]
    quote, shopper = entry.quote, entry.cart.shopper
    return {
        "redemption": entry.id,
        "merchant": entry.caller.merchant.pk,
        "order": entry.order,
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
        "is_test": shopper.is_test,
        "actor": entry.caller.actor,
        "request": journal.current_request_id(),
        "at": entry.at,
        "uses": _json(_uses(uses, is_test=shopper.is_test)),
        "lines": _json(_lines(entry, uses)),
        "entries": _json(_entries(entry)),
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
            "rate": _rate(applied),
            "day": None if is_test or not applied.terms.limits.uses_per_day else code.day,
        }
        for use, code, applied in uses
    ]


def _rate(applied: Applied) -> dict[str, str] | None:
    used = applied.rate
    return {"from": used.from_, "to": used.to, "rate": str(used.rate)} if used else None


def _lines(entry: Entry, uses: UsesToWrite) -> list[dict[str, Any]]:
    lines = {line.id: line for line in entry.cart.lines}
    return [
        {
            "use": use,
            "line": line_id,
            "order_ref": lines[line_id].order or entry.order,
            "sku": lines[line_id].sku,
            "quantity": lines[line_id].quantity,
            "base": lines[line_id].base,
            "discount": minor,
            "funded_by": applied.terms.funded_by,
        }
        for use, _, applied in uses
        for line_id, minor in applied.lines
    ]


def _entries(entry: Entry) -> list[dict[str, Any]]:
    redeemed = [
        {
            "type": "code.redeemed",
            "coupon": code.coupon_id,
            "code": code.code_id,
            "data": {
                "order": entry.order,
                "currency": entry.quote.currency,
                "discount_minor": applied.discount,
                "shipping_discount_minor": applied.shipping_discount,
            },
        }
        for code, applied in entry.uses
    ]
    created = {"type": "redemption.created", "data": _created(entry)}
    return [created, *redeemed, *draws.entries(entry)]


def _created(entry: Entry) -> dict[str, Any]:
    quote = entry.quote
    return {
        "order": entry.order,
        "currency": quote.currency,
        "subtotal_minor": quote.subtotal,
        "discount_minor": quote.discount,
        "shipping_discount_minor": quote.shipping_discount,
        "method": entry.method,
        "is_test": entry.cart.shopper.is_test,
        "uses": [
            {
                "coupon": code.coupon_id,
                "discount_minor": applied.discount,
                "shipping_discount_minor": applied.shipping_discount,
            }
            for code, applied in entry.uses
        ],
    }
