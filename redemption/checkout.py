"""Asking and taking: price a cart, and redeem its codes.

Both put the same facts to the same engine. A quote writes nothing; a redemption
quotes again inside its transaction and trusts no quote shown earlier.
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from django.db import OperationalError, transaction
from psycopg import errors as pg

from coupons.caller import Caller
from coupons.constraints import broken_constraint
from coupons.errors import FieldError, Invalid
from coupons.pricing.quote import Quote
from coupons.reasons import language_of
from redemption import draws, ledger
from redemption.answers import quote_answer
from redemption.carts import CheckedCart, cart_for, check
from redemption.errors import CouponRejected, OrderAlreadyRedeemed, TakeLost, TryAgain
from redemption.facts import Facts
from redemption.models import Redemption
from redemption.quoting import facts_for, quoted
from redemption.shapes import CartBody, QuoteAnswer, RedemptionAnswer, RedemptionBody
from redemption.taking import Entry

T = TypeVar("T")

#: A take lost to somebody else is asked again this often before `try_again`.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The answer to a redemption, and whether this call made it (or found it)."""

    answer: RedemptionAnswer
    created: bool


def validate(*, caller: Caller, body: CartBody, at: datetime) -> QuoteAnswer:
    """Price a cart with its codes; changes nothing.

    Raises `Invalid` for a cart that makes no sense. A code that does not apply is no
    error: the quote says why.
    """
    checked = check(body)
    facts = facts_for(caller=caller, checked=checked, at=at)
    quote = quoted(
        caller=caller,
        cart=cart_for(checked=checked, facts=facts, caller=caller),
        facts=facts,
        candidates=facts.candidates(checked.codes),
        at=at,
        method=caller.method,
    )
    return quote_answer(quote=quote, zones=facts.zones(), language=body.language)


def _nothing_beside(_: bytes) -> Sequence[ledger.Statement]:
    """Write nothing beside a redemption."""
    return ()


def redeem(
    *,
    caller: Caller,
    body: RedemptionBody,
    at: datetime,
    method: str | None = None,
    beside: Callable[[bytes], Sequence[ledger.Statement]] = _nothing_beside,
) -> Redeemed:
    """Redeem the codes of a cart on an order: all of them, or with `partial` those that apply.

    Raises `Invalid`, `CouponRejected` with every code that fails, `OrderAlreadyRedeemed`,
    and `TakeLost` when something went in between (see `retried`). On any of them nothing
    is written. `beside` turns the answer into statements to be written with it.
    """
    # 1. Read the cart.
    checked = check(body)
    if not checked.codes:
        raise Invalid(errors=[FieldError("codes", "Name at least one code.")])
    if body.hold:
        raise Invalid(errors=[FieldError("hold", "Holds are not available yet.")])
    with transaction.atomic(savepoint=False, durable=beside is _nothing_beside):
        # 2. Gather the facts, the order's earlier redemptions among them.
        facts = facts_for(caller=caller, checked=checked, at=at, order=body.order)
        # 3. The same again is the same redemption.
        if repeated := _repeated(checked=checked, facts=facts):
            return Redeemed(answer=_stored_answer(repeated), created=False)
        # 4. Quote, beside what the order has used already.
        method = method or caller.method
        cart = cart_for(checked=checked, facts=facts, caller=caller, order=body.order)
        asked = facts.candidates(checked.codes)
        quote = quoted(
            caller=caller, cart=cart, facts=facts, candidates=asked, at=at, method=method
        )
        # 5. All or nothing, unless the caller takes what applies.
        if not quote.applied or (quote.rejected and not body.partial):
            raise _rejection(quote=quote, facts=facts, language=body.language)
        # 6. Take, write and commit, in one order and one round trip.
        entry = Entry(
            caller=caller,
            cart=cart,
            facts=facts,
            quote=quote,
            order=body.order,
            method=method,
            fingerprint=checked.fingerprint,
            at=at,
            drawn=draws.reveal(quote=quote, facts=facts),
        )
        answer = _answer(entry=entry, language=body.language)
        encoded = msgspec.json.encode(answer)
        ledger.write(entry, answer=encoded, beside=beside(encoded))
    return Redeemed(answer=answer, created=True)


def retried(attempt: Callable[[], T]) -> T:
    """Call `attempt`, which redeems in a transaction of its own, again when a take is lost.

    The next attempt sees what happened meanwhile, so the loser learns the true reason.
    Raises `TryAgain` where that does not settle it, or rows stay locked too long.
    """
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except TakeLost:
            continue
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


def _stored_answer(redemption: uuid.UUID) -> RedemptionAnswer:
    return stored_answer(Redemption.objects.get(pk=redemption))


def stored_answer(redemption: Redemption) -> RedemptionAnswer:
    """Return the answer as it was given, with the status of today."""
    answer = msgspec.convert(redemption.quote, RedemptionAnswer)
    answer.status = redemption.status
    return answer


def _rejection(*, quote: Quote, facts: Facts, language: str | None) -> CouponRejected:
    answer = quote_answer(quote=quote, zones=facts.zones(), language=language)
    return CouponRejected(answer.rejected[0].message, rejected=msgspec.to_builtins(answer.rejected))


def _answer(*, entry: Entry, language: str | None) -> RedemptionAnswer:
    quoted = quote_answer(quote=entry.quote, zones=entry.facts.zones(), language=language)
    draws.tell(quoted.applied, drawn=entry.drawn, language=language_of(language))
    return RedemptionAnswer(
        **{name: getattr(quoted, name) for name in quoted.__struct_fields__},
        id=str(entry.id),
        status=Redemption.Status.REDEEMED.value,
        order=entry.order,
        created_at=iso(entry.at),
        expires_at=None,
        thank_you=_thank_you(entry.quote),
    )


def iso(at: datetime) -> str:
    """Write an instant as the contract does, in UTC."""
    return at.astimezone(UTC).isoformat()


def _thank_you(quote: Quote) -> str | None:
    texts = [applied.terms.thank_you for applied in quote.applied if applied.terms.thank_you]
    return "\n".join(texts) or None
