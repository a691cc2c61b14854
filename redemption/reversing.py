"""Goods come back: in part or whole, of one redemption or of all of an order's.

1. Lock the redemption's row; whoever returns next sees what this return has done.
2. Take what is asked for, or all that is left.
3. Their share of the discounts, from the stored split.
4. When nothing is left out: the coupons come back, or not, as their policy says.
5. Write it down; give back what was taken, in the order of taking.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from coupons import terms
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid, NotFound, WrongState
from coupons.models import Code, new_id
from coupons.pricing.money import format_amount
from redemption import coming_back, holds, recording
from redemption.coming_back import Fate
from redemption.errors import AlreadyReversed
from redemption.models import Redemption, Reversal, ReversalLine, Use, UseLine
from redemption.returns import BoughtLine, Return, bought, carried, clawed_back
from redemption.shapes import (
    ReturnedCoupon,
    ReturnedLine,
    ReversalAnswer,
    ReversalBody,
)
from redemption.taking import give_back

Status = Redemption.Status


@dataclass(frozen=True, slots=True)
class Reversed:
    """The answer to a reversal, whether this call made it (or found it), and what came back."""

    answer: ReversalAnswer
    created: bool
    back: Sequence[Use] = ()


def reverse(
    *, caller: Caller, redemption_id: uuid.UUID, body: ReversalBody, at: datetime
) -> Reversed:
    """Return goods of one redemption: the lines named, or all that are left.

    The same `reference` again is the same return. With `preview` nothing is written. Raises
    `NotFound`, `WrongState` for what was not redeemed, `Invalid` for units that were not
    bought, `AlreadyReversed`.
    """
    with transaction.atomic():
        row = holds.locked(caller=caller, redemption_id=redemption_id)
        done = _reversed(caller=caller, row=row, body=body, order=None, at=at)
        give_back(uses=done.back)
        transaction.set_rollback(body.preview)
    return done


def reverse_all(
    *, caller: Caller, redemptions: Sequence[uuid.UUID], reason: str, at: datetime
) -> None:
    """Return all that is left of each of some redemptions; one that is back whole stays so.

    What was released or is held yet stays too. Gives back once, after all is written down.
    """
    with transaction.atomic():
        body, back = ReversalBody(reason=reason), list[Use]()
        for row in holds.locked_all(caller=caller, redemptions=redemptions):
            if row.status not in (Status.HELD, Status.RELEASED):
                for done in _if_any(caller=caller, row=row, body=body, order=None, at=at):
                    back += done.back
        give_back(uses=back)


def refund(*, caller: Caller, order: str, body: ReversalBody, at: datetime) -> list[Reversed]:
    """Return goods of an order over all its redemptions, merged ones included.

    Of a redemption that several orders share, only this order's lines. Raises like `reverse`.
    """
    with transaction.atomic():
        rows = list(
            Redemption.objects.of_order(caller.merchant, order)
            .select_for_update(of=("self",), no_key=True)
            .select_related("merchant", "customer")
            .exclude(status__in=(Status.HELD, Status.RELEASED))
            .order_by("pk")
        )
        if not rows:
            raise NotFound("Nothing was redeemed on this order.")
        done = []
        for row, part in _by_row(rows=rows, body=body, order=order):
            done += _if_any(caller=caller, row=row, body=part, order=order, at=at)
        if not done:
            raise AlreadyReversed
        give_back(uses=[use for each in done for use in each.back])
        transaction.set_rollback(body.preview)
    return done


def lines_of(*, redemption: Redemption) -> list[BoughtLine]:
    """Return what was bought in a redemption, with how much of it came back."""
    return bought(row=redemption, uses=_uses(redemption))


def _if_any(
    *, caller: Caller, row: Redemption, body: ReversalBody, order: str | None, at: datetime
) -> list[Reversed]:
    """Return what a redemption has left of an order; one that is back whole stands in no way."""
    try:
        return [_reversed(caller=caller, row=row, body=body, order=order, at=at)]
    except AlreadyReversed:
        return []


def _by_row(
    *, rows: Sequence[Redemption], body: ReversalBody, order: str
) -> list[tuple[Redemption, ReversalBody]]:
    """Ask each redemption for those of the lines that it has; one has all that are left."""
    if not body.lines:
        return [(row, body) for row in rows]
    has = {
        row.pk: {line.ref for line in bought(row=row, uses=_uses(row)) if line.order == order}
        for row in rows
    }
    known = set[str]().union(*has.values())
    errors = [
        FieldError(f"lines.{i}.id", "The order has no such line.")
        for i, line in enumerate(body.lines)
        if line.id not in known
    ]
    if errors:
        raise Invalid(errors=errors)
    asked = [(row, [line for line in body.lines if line.id in has[row.pk]]) for row in rows]
    return [(row, msgspec.structs.replace(body, lines=lines)) for row, lines in asked if lines]


def _uses(row: Redemption) -> list[Use]:
    uses = row.uses.filter(standing=True).select_related("code__coupon")
    return list(uses.prefetch_related("lines").order_by("coupon", "code"))


def _reversed(
    *, caller: Caller, row: Redemption, body: ReversalBody, order: str | None, at: datetime
) -> Reversed:
    if found := _found(row=row, body=body, order=order):
        return Reversed(answer=found, created=False)
    if row.status in (Status.HELD, Status.RELEASED):
        raise WrongState("It was not redeemed; a hold is released.")
    if row.status == Status.REVERSED:
        raise AlreadyReversed
    uses = _uses(row)
    lines = bought(row=row, uses=uses)
    coming = carried(uses=uses, lines=lines, back=_asked(body=body, lines=lines, order=order))
    due = clawed_back(row=row, uses=uses, lines=lines, coming=coming)
    fates = _fates(uses=uses, is_last=coming.is_last, at=at)
    reversal = Reversal(
        id=new_id(),
        merchant=row.merchant,
        redemption=row,
        reference=body.reference or "",
        asked_hash=_hash(body=body, order=order),
        reason=body.reason or "",
        amount_minor=coming.amount,
        shipping_amount_minor=coming.shipping,
        actor=caller.actor,
        created_at=at,
    )
    answer = _answer(reversal=reversal, row=row, coming=coming, fates=fates, due=due)
    reversal.answer = msgspec.to_builtins(answer)
    _write(reversal=reversal, row=row, coming=coming, fates=fates, due=due)
    if body.preview:
        answer.id = None
        for coupon in answer.coupons:
            coupon.new_code = None  # made, seen to fit, and never to exist
    back = [use for use, fate in fates.items() if fate.is_back]
    return Reversed(answer=answer, created=True, back=back)


def _found(*, row: Redemption, body: ReversalBody, order: str | None) -> ReversalAnswer | None:
    """Return the answer of the return that has this reference already, if there is one."""
    if not body.reference:
        return None
    earlier = Reversal.objects.filter(redemption=row, reference=body.reference).first()
    if earlier is None:
        return None
    if bytes(earlier.asked_hash) != _hash(body=body, order=order):
        wrong = FieldError("reference", "Another return of this redemption has this reference.")
        raise Invalid(errors=[wrong])
    return stored_answer(earlier)


def stored_answer(reversal: Reversal) -> ReversalAnswer:
    """Return the answer to a return as it was given."""
    return msgspec.convert(reversal.answer, ReversalAnswer)


def _hash(*, body: ReversalBody, order: str | None) -> bytes:
    lines = None if body.lines is None else sorted((line.id, line.quantity) for line in body.lines)
    return hashlib.sha256(msgspec.json.encode([order, lines])).digest()


def _asked(*, body: ReversalBody, lines: Sequence[BoughtLine], order: str | None) -> dict[str, int]:
    """Return how many units of which line come back; raise unless they are still out."""
    if body.lines is None:
        return {line.ref: line.left for line in lines if line.left and order in (None, line.order)}
    by_ref = {line.ref: line for line in lines}
    errors: list[FieldError] = []
    asked: dict[str, int] = {}
    for i, each in enumerate(body.lines):
        line = by_ref.get(each.id)
        if line is None:
            errors.append(FieldError(f"lines.{i}.id", "The redemption has no such line."))
        elif each.id in asked:
            errors.append(FieldError(f"lines.{i}.id", "This line stands in the list twice."))
        elif each.quantity > line.left:
            if line.left == 0:
                raise AlreadyReversed(f"All of line {each.id} has come back already.")
            told = f"Only {line.left} of line {each.id} are left to return."
            errors.append(FieldError(f"lines.{i}.quantity", told))
        asked[each.id] = each.quantity
    if not body.lines:
        errors.append(FieldError("lines", "Name at least one line, or leave them out for all."))
    if errors:
        raise Invalid(errors=errors)
    return asked


def _fates(*, uses: Sequence[Use], is_last: bool, at: datetime) -> dict[Use, Fate]:
    if not is_last:
        return {use: Fate(coming_back.KEPT) for use in uses}
    # The code's coupon of today: a shared code may have gone over to another since.
    today = terms.load([(use.code.coupon_id, use.code.coupon.version) for use in uses])
    return {
        use: coming_back.fate(
            use=use, terms=today[use.code.coupon_id, use.code.coupon.version], at=at
        )
        for use in uses
    }


def _answer(
    *,
    reversal: Reversal,
    row: Redemption,
    coming: Return,
    fates: Mapping[Use, Fate],
    due: Mapping[Use, int],
) -> ReversalAnswer:
    def money(minor: int) -> str:
        return format_amount(minor, row.currency)

    return ReversalAnswer(
        id=str(reversal.pk),
        redemption=str(row.pk),
        order=row.order_ref,
        currency=row.currency,
        amount=money(coming.amount),
        shipping_amount=money(coming.shipping),
        claw_back=money(sum(due.values())),
        lines=[
            ReturnedLine(id=ref, quantity=quantity, amount=money(coming.of_lines[ref]))
            for ref, quantity in coming.quantities.items()
        ],
        coupons=[
            ReturnedCoupon(
                code=use.code.text,
                coupon=use.code.coupon.slug,
                returned=fate.returned,
                new_code=fate.new_code.text if fate.new_code else None,
            )
            for use, fate in fates.items()
        ],
    )


def _write(
    *,
    reversal: Reversal,
    row: Redemption,
    coming: Return,
    fates: Mapping[Use, Fate],
    due: Mapping[Use, int],
) -> None:
    reversal.save(force_insert=True)
    ReversalLine.objects.bulk_create(
        ReversalLine(
            merchant=row.merchant,
            reversal=reversal,
            line_ref=ref,
            quantity=quantity,
            amount_minor=coming.of_lines[ref],
        )
        for ref, quantity in coming.quantities.items()
    )
    UseLine.objects.bulk_update(coming.use_lines, ["returned_quantity", "returned_minor"])
    row.status = Status.REVERSED if coming.is_last else Status.PARTLY_REVERSED
    row.save(update_fields=["status"])
    for use, more in due.items():
        use.clawed_back_minor += more
    for use, fate in fates.items():
        use.standing = not coming.is_last
        use.taken = use.standing or not fate.is_back
    Use.objects.bulk_update(fates, ["clawed_back_minor", "standing", "taken"])
    _record(reversal=reversal, row=row, coming=coming, fates=fates)
    for use, fate in fates.items():  # in the order in which codes are taken
        if fate.new_code is not None:
            Code.objects.filter(pk=use.code_id).update(
                state=Code.State.REVOKED, replaced_by=fate.new_code
            )
        elif fate.expires_at != use.code.expires_at and fate.is_back:
            Code.objects.filter(pk=use.code_id).update(expires_at=fate.expires_at)


def _record(
    *, reversal: Reversal, row: Redemption, coming: Return, fates: Mapping[Use, Fate]
) -> None:
    data: dict[str, Any] = {
        "reversal": str(reversal.pk),
        "reason": reversal.reason,
        "amount_minor": coming.amount,
        "shipping_amount_minor": coming.shipping,
        "value_minor": coming.value,
        "is_last": coming.is_last,
    }
    recording.record(
        verb="reversed",
        redemption=row,
        parts=[
            recording.Part(
                use.coupon_id,
                use.code_id,
                coming.of_uses[use],
                use.shipping_discount_minor if coming.is_last else 0,
                returned=fate.returned,
            )
            for use, fate in fates.items()
        ],
        by=reversal.actor,
        at=reversal.created_at,
        data=data,
    )
