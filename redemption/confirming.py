"""A hold becomes a redemption: as it was held, or for the cart that was paid in the end."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from django.db import transaction
from msgspec.structs import replace

from coupons import coding, follow_ups, terms
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid, WrongState
from coupons.pricing.candidate import Candidate, CodeStatus
from redemption import evidence, holds, ledger, recording
from redemption.answers import redemption_answer, stored_answer
from redemption.carts import CheckedCart, cart_for, check
from redemption.checkout import refuse_unless_taken
from redemption.errors import HoldExpired
from redemption.facts import CodeFacts, Facts
from redemption.models import Redemption, Use, UseLine
from redemption.quoting import case_for, facts_for, quoted
from redemption.shapes import CartBody, ConfirmationBody, RedemptionAnswer
from redemption.taking import Entry, give_back

Status = Redemption.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Repriced:
    """The uses of a hold after another cart: those left, those let go, what budgets owe more."""

    kept: Sequence[Use]
    dropped: Sequence[Use] = ()
    budgets: Mapping[int, int] = field(default_factory=dict)
    facts: Facts | None = None


def confirm(
    *, caller: Caller, redemption_id: uuid.UUID, body: ConfirmationBody | None, at: datetime
) -> RedemptionAnswer:
    """Redeem what is held, until its time; with a cart, what that cart gets.

    The cart is judged as of the hold, by the rules of then: what was promised is kept. Raises
    `NotFound`, `HoldExpired`, `WrongState`, `Invalid` for a cart that is not the hold's,
    `CouponRejected` where a code does not apply to it (the hold then stays), and `TakeLost`
    where its budget has not enough left.
    """
    with transaction.atomic():
        row = holds.locked(caller=caller, redemption_id=redemption_id)
        if row.status == Status.REDEEMED:
            return stored_answer(row, at=at)
        if row.status not in (Status.HELD, Status.RELEASED):
            raise WrongState("It has been returned.")
        if row.expires_at and row.expires_at <= at:
            raise HoldExpired
        if row.status == Status.RELEASED:
            raise WrongState("The hold was released.")
        held = list(row.uses.filter(standing=True).select_related("code"))
        taken = Repriced(kept=held)
        if body is not None:
            taken = _priced_again(caller=caller, row=row, uses=held, body=body, at=at)
        row.status, row.expires_at = Status.REDEEMED, None
        row.save()
        row.uses.update(held_until=None)
        parts = recording.parts_of(taken.kept)
        recording.record(verb="created", redemption=row, parts=parts, by=caller.actor, at=at)
        with holds.told_of_lapsed(facts=taken.facts):
            give_back(uses=taken.dropped, budgets=taken.budgets)
    return stored_answer(row, at=at)


def confirm_all(
    *, caller: Caller, redemptions: Sequence[uuid.UUID], at: datetime
) -> set[uuid.UUID]:
    """Redeem those of some redemptions that are held still, as they are held.

    Returns those that stand now, whoever confirmed them.
    """
    with transaction.atomic():
        rows = holds.locked_all(caller=caller, redemptions=redemptions)
        held = [row for row in rows if row.status_at(at) == Status.HELD]
        uses = Use.objects.filter(redemption__in=held, standing=True)
        of_row: dict[uuid.UUID, list[Use]] = {}
        for use in uses:
            of_row.setdefault(use.redemption_id, []).append(use)
        for row in held:
            row.status, row.expires_at = Status.REDEEMED, None
            parts = recording.parts_of(of_row[row.pk])
            recording.record(verb="created", redemption=row, parts=parts, by=caller.actor, at=at)
        pks = [row.pk for row in held]
        Redemption.objects.filter(pk__in=pks).update(status=Status.REDEEMED, expires_at=None)
        uses.update(held_until=None)
    return {row.pk for row in rows if row.status not in (Status.HELD, Status.RELEASED)}


def _priced_again(
    *,
    caller: Caller,
    row: Redemption,
    uses: Sequence[Use],
    body: ConfirmationBody,
    at: datetime,
) -> Repriced:
    """Write what another cart gets into the held redemption."""
    checked = check(_of_the_hold(row=row, uses=uses, body=body))
    facts = facts_for(caller=caller, checked=checked, at=at)
    case = case_for(
        caller=caller,
        # What a key has held any other may confirm.
        cart=replace(cart_for(checked=checked, facts=facts, caller=caller), key=_held_by(row)),
        facts=facts,
        candidates=_as_held(checked=checked, row=row, uses=uses, facts=facts),
        at=row.created_at,
        method=row.method,
    )
    entry = Entry(
        caller=caller,
        facts=facts,
        case=case,
        quote=quoted(case=case, facts=facts),
        order=row.order_ref,
        fingerprint=checked.fingerprint,
        id=row.pk,
    )
    refuse_unless_taken(entry=entry, body=body)
    _write_quote(row=row, entry=entry, language=body.language)
    return _rewrite(entry=entry, uses=uses)


def _held_by(row: Redemption) -> str | None:
    key: str | None = (row.evidence or {}).get("cart", {}).get("key")
    return key


def _write_quote(*, row: Redemption, entry: Entry, language: str | None) -> None:
    quote = entry.quote
    row.subtotal_minor = quote.subtotal
    row.discount_minor = quote.discount
    row.shipping_discount_minor = quote.shipping_discount
    row.cart_hash = entry.fingerprint
    row.evidence = evidence.plain(case=entry.case)
    answer = redemption_answer(
        quote=quote,
        zones=entry.facts.zones(),
        language=language,
        redemption=row.pk,
        status=Status.REDEEMED.value,
        order=row.order_ref,
        created_at=row.created_at,
        follow_up=follow_ups.first_live(
            merchant=entry.caller.merchant,
            terms=[applied.terms for applied in quote.applied],
            at=entry.at,
        ),
    )
    row.quote = msgspec.to_builtins(answer)


def _of_the_hold(*, row: Redemption, uses: Sequence[Use], body: ConfirmationBody) -> CartBody:
    """Fill the hold's own order, customer and codes in; raise `Invalid` for other ones."""
    held = [use.code.text for use in uses]
    codes = [coding.normal_form(code) for code in body.codes] or held
    customer = row.customer.ref if row.customer else None
    errors = []
    if body.currency != row.currency:
        errors.append(FieldError("currency", f"The hold is in {row.currency}."))
    if body.customer not in (None, customer):
        errors.append(FieldError("customer", "The hold is another customer's."))
    if foreign := set(codes) - set(held):
        errors.append(FieldError("codes", f"Not held: {', '.join(sorted(foreign))}."))
    if errors:
        raise Invalid(errors=errors)
    return replace(body, order=row.order_ref, customer=customer, codes=codes)


def _as_held(
    *, checked: CheckedCart, row: Redemption, uses: Sequence[Use], facts: Facts
) -> list[Candidate]:
    """Return the codes under the rules they were held by; only the budget is looked at anew.

    What was scarce is held, so no limit counts against it.
    """
    compiled = terms.load([(use.coupon_id, use.version) for use in uses])
    held = {use.code.text: use for use in uses}
    candidates = []
    for code in checked.codes:
        use = held[code]
        today = _today(use=use, found=facts.codes.get(code))
        status = CodeStatus(
            published_at=today.published_at,
            shared=today.shared,
            code_expires_at=today.code_expires_at,
            claimed_at=row.created_at,
            budget_used=today.budget_used,
        )
        candidates.append(
            Candidate(code=code, terms=compiled[use.coupon_id, use.version], status=status)
        )
    return candidates


def _today(*, use: Use, found: CodeFacts | None) -> CodeStatus:
    """Return how a held code stands, also where its text means another code by now.

    A shop may have made a code with the text of the platform's, and the platform may have
    stopped being it; what is held stays held.
    """
    if found is not None and found.code_id == use.code_id:
        return found.candidate.status
    code, counter = use.code, use.code.coupon.counter
    return CodeStatus(
        published_at=code.coupon.published_at,
        shared=code.shared,
        code_expires_at=code.expires_at,
        budget_used=counter.budget_used_minor - (use.budget_minor or 0),
    )


def _rewrite(*, entry: Entry, uses: Sequence[Use]) -> Repriced:
    """Put a new quote in the place of the held one: uses and lines."""
    applied = {each.code: each for each in entry.quote.applied}
    kept = [use for use in uses if use.code.text in applied]
    dropped = [use for use in uses if use.code.text not in applied]
    budgets: Counter[int] = Counter()
    for use in kept:
        now = applied[use.code.text]
        if use.budget_minor is not None:
            budgets[use.coupon_id] += (now.budget_amount or 0) - use.budget_minor
            use.budget_minor = now.budget_amount
        use.discount_minor = now.discount
        use.shipping_discount_minor = now.shipping_discount
        use.rate = ledger.used_rate(now)
    Use.objects.bulk_update(
        kept, ["budget_minor", "discount_minor", "shipping_discount_minor", "rate"]
    )
    UseLine.objects.filter(use__in=uses).delete()
    UseLine.objects.bulk_create(
        UseLine(merchant_id=entry.caller.merchant.pk, **line)
        for line in ledger.use_lines(
            entry=entry, uses=[(use.pk, applied[use.code.text]) for use in kept]
        )
    )
    # Their lines are gone, so what they carried is nothing: the redemption is the sum of its uses.
    Use.objects.filter(pk__in=[use.pk for use in dropped]).update(
        standing=False, taken=False, held_until=None, discount_minor=0, shipping_discount_minor=0
    )
    return Repriced(kept=kept, dropped=dropped, budgets=budgets, facts=entry.facts)
