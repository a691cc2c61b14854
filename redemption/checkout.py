"""Asking and taking: price a cart, and redeem its codes.

Both put the same facts to the same engine. A quote writes nothing; a redemption
quotes again before it takes and trusts no quote shown earlier.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from django.db import OperationalError, connection, transaction
from msgspec.structs import replace
from psycopg import errors as pg

from coupons import follow_ups
from coupons.caller import Caller
from coupons.constraints import broken_constraint
from coupons.errors import FieldError, Invalid
from coupons.pricing.case import Case
from coupons.pricing.quote import Quote, Reason
from coupons.reasons import language_of
from redemption import draws, holds, ledger, proof_needs
from redemption.answers import quote_answer, redemption_answer, stored_answer
from redemption.carts import CheckedCart, cart_for, check
from redemption.errors import (
    CouponRejected,
    OrderAlreadyRedeemed,
    TakeLost,
    TryAgain,
)
from redemption.facts import Facts
from redemption.gathering import Ahead
from redemption.models import Method, Redemption
from redemption.quoting import RatesFinder, case_for, facts_for, quoted, rates_for
from redemption.refusing import Attempt
from redemption.shapes import (
    CartBody,
    ConfirmationBody,
    QuoteAnswer,
    RedemptionAnswer,
    RedemptionBody,
)
from redemption.statements import Statement
from redemption.taking import Entry

T = TypeVar("T")

#: Makes, from a redemption's id and its answer in JSON, what is written with it; each statement
#: must change a row.
Beside = Callable[[uuid.UUID, bytes], Sequence[Statement]]

#: A take lost to somebody else is asked again this often before `try_again`.
ATTEMPTS = 3


class Redeemed(msgspec.Struct, frozen=True):
    """The answer to a redemption, and whether this call made it (or found it)."""

    answer: RedemptionAnswer
    #: The same as it is written down, in JSON.
    encoded: bytes
    created: bool


def validate(
    *, caller: Caller, body: CartBody, at: datetime, proven: Collection[int] = ()
) -> QuoteAnswer:
    """Price a cart with its codes; changes nothing.

    `proven` are the ids of coupons that need no further proof at a desk. Raises `Invalid` for
    a cart that makes no sense. A code that does not apply is no error: the quote says why.
    """
    checked = check(body)
    facts = facts_for(caller=caller, checked=checked, at=at)
    case = _case(caller=caller, checked=checked, facts=facts, method=caller.method, at=at)
    _, quote = _judged(caller=caller, case=case, facts=facts, proven=proven)
    return quote_answer(quote=quote, zones=facts.zones(), language=body.language)


def _case(
    *,
    caller: Caller,
    checked: CheckedCart,
    facts: Facts,
    method: str,
    at: datetime,
    rates: RatesFinder = rates_for,
) -> Case:
    """Put a cart's own codes to it."""
    return case_for(
        caller=caller,
        cart=cart_for(checked=checked, facts=facts, caller=caller),
        facts=facts,
        candidates=facts.candidates(checked.codes),
        at=at,
        method=method,
        rates=rates,
    )


def _judged(
    *, caller: Caller, case: Case, facts: Facts, proven: Collection[int]
) -> tuple[Case, Quote]:
    """Quote a case; at a desk, a coupon that wants one more proof does not apply without it."""
    quote = quoted(case=case, facts=facts)
    refused: set[int] = set()
    while case.method == Method.MANUAL:
        more = proof_needs.unproven(
            merchant=caller.merchant, quote=quote, proven={*proven, *refused}, at=case.at
        )
        if not more:
            break
        refused |= more
        candidates = [
            replace(each, status=replace(each.status, verdict=Reason.VERIFICATION_REQUIRED))
            if each.terms and each.terms.coupon_id in refused
            else each
            for each in case.candidates
        ]
        case = replace(case, candidates=candidates)
        quote = quoted(case=case, facts=facts)
    return case, quote


def redeem(
    *,
    caller: Caller,
    body: RedemptionBody,
    at: datetime,
    method: str | None = None,
    ahead: Ahead | None = None,
    beside: Beside | None = None,
    judged_at: datetime | None = None,
    proven: Collection[int] = (),
) -> Redeemed:
    """Redeem or hold the codes of a cart on an order: all, or with `partial` those that apply.

    `judged_at` is when it happened, where that is not now: the coupon's window and hours are
    judged at that time, its limits at `at`. What is `ahead` is asked with the facts, what is
    `beside` is written with the answer. On return it is committed, unless the caller has a
    transaction.

    Raises `Invalid`, `CouponRejected` with every code that fails, `OrderAlreadyRedeemed`,
    and `TakeLost` when something went in between (see `retried`). On any of them nothing
    is written; `proven` is as of `validate`.
    """
    # The steps are those of docs/redemption.md.
    # 1. Read the cart.
    checked = check(body)
    if not checked.codes:
        raise Invalid(errors=[FieldError("codes", "Name at least one code.")])
    # What is written is one transaction by itself; one of the caller's may lose it and go on.
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        # 2. Look for an answer already given: what is `ahead` asks in the query of the facts.
        # 3. Gather the facts, the order's earlier redemptions among them.
        facts = facts_for(caller=caller, checked=checked, at=at, takes=True, ahead=ahead)
        with holds.told_of_lapsed(facts=facts):
            # 4. The same again is the same redemption.
            if repeated := _repeated(checked=checked, facts=facts):
                stored = _stored_answer(repeated, at=at)
                return Redeemed(stored, msgspec.json.encode(stored), created=False)
            # 5. Quote again: no quote shown earlier is trusted.
            entry = entry_for(
                caller=caller,
                checked=checked,
                body=body,
                facts=facts,
                method=method or caller.method,
                at=judged_at or at,
                held_until=at + timedelta(minutes=body.hold_minutes) if body.hold else None,
                proven=proven,
            )
            # 6. All or nothing, unless the caller takes what applies.
            refuse_unless_taken(entry=entry, body=body)
            # 7. Reveal what is drawn.
            entry = _revealed(entry)
            # 8. Take and write, in one order and one round trip.
            answer = answer_for(entry=entry, language=body.language)
            encoded = msgspec.json.encode(answer)
            own = beside(entry.id, encoded) if beside else ()
            ledger.write(entry, answer=encoded, beside=own)
    return Redeemed(answer, encoded, created=True)


def entry_for(
    *,
    caller: Caller,
    checked: CheckedCart,
    body: RedemptionBody,
    facts: Facts,
    method: str,
    at: datetime,
    held_until: datetime | None = None,
    rates: RatesFinder = rates_for,
    proven: Collection[int] = (),
) -> Entry:
    """Quote a cart for the ledger, as of `at`; nothing is refused or written yet."""
    case = _case(caller=caller, checked=checked, facts=facts, method=method, at=at, rates=rates)
    case, quote = _judged(caller=caller, case=case, facts=facts, proven=proven)
    return Entry(
        caller=caller,
        facts=facts,
        case=case,
        quote=quote,
        order=body.order,
        fingerprint=checked.fingerprint,
        held_until=held_until,
    )


def _revealed(entry: Entry) -> Entry:
    drawn = draws.reveal(quote=entry.quote, facts=entry.facts)
    if drawn and entry.held_until is not None:
        raise Invalid(errors=[FieldError("hold", "A draw is revealed at once; nobody holds it.")])
    return replace(entry, drawn=drawn) if drawn else entry


def answer_for(*, entry: Entry, language: str | None) -> RedemptionAnswer:
    """Write the answer to a redemption that is about to be written."""
    answer = redemption_answer(
        quote=entry.quote,
        zones=entry.facts.zones(),
        language=language,
        redemption=entry.id,
        status=entry.status,
        order=entry.order,
        created_at=entry.at,
        expires_at=entry.held_until,
        follow_up=follow_ups.first_live(
            merchant=entry.caller.merchant,
            terms=[applied.terms for applied in entry.quote.applied],
            at=entry.at,
        ),
    )
    draws.tell(answer.applied, drawn=entry.drawn, language=language_of(language))
    return answer


def retried(attempt: Callable[[], T], *, at: datetime) -> T:
    """Call `attempt`, which redeems, again when a take is lost.

    The next attempt sees what happened meanwhile, so the loser learns the true reason.
    Raises `TryAgain` where that does not settle it, or rows stay locked too long.
    """
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except TakeLost as lost:
            if lost.in_the_way:
                holds.release_lapsed(at=at, first=lost.in_the_way)
        except OperationalError as error:
            if isinstance(error.__cause__, pg.LockNotAvailable | pg.DeadlockDetected):
                raise TryAgain from error
            raise
        except Exception as error:
            # Two calls for one order at once: the second now finds the first.
            if broken_constraint(error) != "use_stands_once_per_order_and_code":
                raise
    raise TryAgain


def _repeated(*, checked: CheckedCart, facts: Facts) -> uuid.UUID | None:
    """Return the redemption that this call repeats; raise if the cart is another one."""
    asked = set(checked.codes)
    earlier = [use for use in facts.standing if use.code in asked]
    if not earlier:
        return None
    same = {use.redemption_id for use in earlier}
    fingerprint = checked.fingerprint.hex()
    if len(same) == 1 and all(use.cart_hash == fingerprint for use in earlier):
        return uuid.UUID(same.pop())
    codes = ", ".join(sorted(use.code for use in earlier))
    raise OrderAlreadyRedeemed(f"The order has used {codes} with another cart.")


def _stored_answer(redemption: uuid.UUID, *, at: datetime) -> RedemptionAnswer:
    return stored_answer(Redemption.objects.get(pk=redemption), at=at)


def refuse_unless_taken(*, entry: Entry, body: RedemptionBody | ConfirmationBody) -> None:
    """Raise `CouponRejected` unless every code applies, or one does and `partial` takes it."""
    quote = entry.quote
    if quote.applied and (body.partial or not quote.rejected):
        return
    answer = quote_answer(quote=quote, zones=entry.facts.zones(), language=body.language)
    rejected = msgspec.to_builtins(answer.rejected)
    error = CouponRejected(answer.rejected[0].message, rejected=rejected)
    error.attempt = Attempt(caller=entry.caller, order=entry.order, case=entry.case, quote=quote)
    raise error
