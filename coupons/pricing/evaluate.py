"""Cart + codes + a moment → Quote. Read it from the top."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from coupons.pricing.basket import Basket, eligible_lines
from coupons.pricing.candidate import Candidate, CodeStatus, CouponState
from coupons.pricing.cart import Cart
from coupons.pricing.case import Case
from coupons.pricing.conditions import Asked, limit_refusals, refusals
from coupons.pricing.exchange import NO_RATES, Rates, localized
from coupons.pricing.nearness import tell_near_misses
from coupons.pricing.quote import Applied, Quote, QuoteLine, Reason, Refusal, Rejected
from coupons.pricing.stacking import combinable
from coupons.pricing.taking import Taken, apply_all, in_order
from coupons.pricing.terms import CouponTerms, Kind

__all__ = [
    "Candidate",
    "CodeStatus",
    "CouponState",
    "as_applied",
    "as_rejected",
    "decided",
    "evaluate",
    "examined",
    "quote_of",
    "settle",
]


def evaluate(
    *,
    cart: Cart,
    candidates: Sequence[Candidate],
    at: datetime,
    method: str = "automatic",
    used_with: Sequence[CouponTerms] = (),
    rates: Rates = NO_RATES,
) -> Quote:
    """Price `cart` with the codes asked for: every one is applied, or rejected with reasons.

    `used_with` are the coupons that the cart's order has used already; what they took is in
    `cart.prior`. Source: the pricing rules (docs/discounts.md).
    """
    asked = examined(cart=cart, candidates=candidates, at=at, method=method, rates=rates)
    taken = settle(asked=asked, used_with=used_with)
    return quote_of(cart=cart, candidates=candidates, asked=asked, taken=taken)


def decided(*, case: Case) -> Quote:
    """Price a case: the same one always gets the same quote."""
    return evaluate(
        cart=case.cart,
        candidates=case.candidates,
        at=case.at,
        method=case.method,
        used_with=case.used_with,
        rates=case.rates,
    )


def examined(
    *,
    cart: Cart,
    candidates: Sequence[Candidate],
    at: datetime,
    method: str,
    rates: Rates,
) -> list[Asked]:
    """Look at every known code by itself: its lines, its amounts, and what stands against it."""
    basket = Basket(cart)
    asked: list[Asked] = []
    seen: set[str] = set()
    for position, candidate in enumerate(candidates):
        terms = candidate.terms
        if terms is None:
            continue
        one = Asked(
            position=position,
            code=candidate.code,
            cart=cart,
            basket=basket,
            terms=terms,
            status=candidate.status,
            at=at,
            method=method,
            amounts=localized(terms=terms, currency=cart.currency, rates=rates),
            eligible=eligible_lines(lines=cart.lines, scope=terms.scope),
            gettable=(
                eligible_lines(lines=cart.lines, scope=terms.get_scope) if terms.get_scope else ()
            ),
            is_repeated=candidate.code in seen,
        )
        seen.add(candidate.code)
        one.refusals = refusals(one)
        asked.append(one)
    return asked


def settle(*, asked: Sequence[Asked], used_with: Sequence[CouponTerms]) -> dict[int, Taken]:
    """Say which codes apply together and what each takes, by the position asked.

    Writes on those that don't why; call it once for what `examined` returned.
    """
    taken = _settled(asked, used_with)
    _measure_again(asked, taken)
    tell_near_misses(asked=asked, taken=taken, used_with=used_with)
    return taken


def _settled(asked: Sequence[Asked], used_with: Sequence[CouponTerms]) -> dict[int, Taken]:
    standing = [one for one in asked if not one.refusals]
    if all(_may_join(one, standing[:i], used_with) for i, one in enumerate(standing)):
        outcome = apply_all(standing)
        if all(isinstance(result, Taken) for result in outcome.values()):
            return _only_taken(outcome)
    return _admitted_one_by_one(standing, used_with)


def _may_join(one: Asked, others: Sequence[Asked], used_with: Sequence[CouponTerms]) -> bool:
    """Say whether a code goes together with those before it, writing on it why not.

    Its own limits come first, counting the codes of its coupon that go before it.
    """
    one.taken = sum(other.terms.coupon_id == one.terms.coupon_id for other in others)
    one.refusals = limit_refusals(one) if one.taken else []
    if not one.refusals:
        before = [*used_with, *(other.terms for other in others)]
        clash = next((terms for terms in before if not combinable(one.terms, terms)), None)
        if clash is not None:
            one.refusals = [Refusal(Reason.NOT_COMBINABLE, params={"with": clash.slug})]
    return not one.refusals


def _admitted_one_by_one(
    standing: Sequence[Asked], used_with: Sequence[CouponTerms]
) -> dict[int, Taken]:
    """Admit codes in the order asked; one that gives nothing pushes no other out."""
    admitted: list[Asked] = []
    taken: dict[int, Taken] = {}
    for one in standing:
        if not _may_join(one, admitted, used_with):
            continue
        admitted.append(one)
        outcome = apply_all(admitted)
        for other in admitted:
            result = outcome[other.position]
            if isinstance(result, Refusal):
                other.refusals = [result]
        admitted = [other for other in admitted if not other.refusals]
        taken = _only_taken(outcome)
    return taken


def _measure_again(asked: Sequence[Asked], taken: Mapping[int, Taken]) -> None:
    """Tell what a code is short of after the codes that apply in the end.

    Only where its threshold looks at what remains; by itself it was measured on a full cart.
    """
    applied = [one for one in asked if one.position in taken]
    for one in asked:
        if not one.terms.threshold_after_discounts:
            continue
        for i, refusal in enumerate(one.refusals):
            if refusal.reason is Reason.MIN_SPEND_NOT_MET:
                measured = apply_all([*applied, one])[one.position]
                one.refusals[i] = measured if isinstance(measured, Refusal) else refusal


def _only_taken(outcome: Mapping[int, Taken | Refusal]) -> dict[int, Taken]:
    return {place: result for place, result in outcome.items() if isinstance(result, Taken)}


def quote_of(
    *,
    cart: Cart,
    candidates: Sequence[Candidate],
    asked: Sequence[Asked],
    taken: Mapping[int, Taken],
) -> Quote:
    """Write up what was taken and what was refused."""
    off = [0] * len(cart.lines)
    for result in taken.values():
        for i, part in result.parts:
            off[i] += part
    by_position = {one.position: one for one in asked}
    return Quote(
        currency=cart.currency,
        subtotal=sum([line.unit_price * line.quantity for line in cart.lines]),
        member_discount=sum([line.member_discount for line in cart.lines]),
        discount=sum(off),
        shipping=cart.shipping,
        shipping_discount=sum(result.shipping for result in taken.values()),
        applied=tuple(
            as_applied(one, taken[one.position]) for one in in_order(asked) if one.position in taken
        ),
        rejected=tuple(
            as_rejected(candidate, by_position.get(position))
            for position, candidate in enumerate(candidates)
            if position not in taken
        ),
        lines=tuple(
            [
                QuoteLine(
                    line.id,
                    off[i],
                    line.unit_price * line.quantity - line.member_discount - off[i],
                    line.order,
                )
                for i, line in enumerate(cart.lines)
            ]
        ),
    )


def as_applied(one: Asked, taken: Taken) -> Applied:
    """Write up a code that applies."""
    return Applied(
        code=one.code,
        terms=one.terms,
        discount=taken.discount,
        shipping_discount=taken.shipping,
        lines=tuple([(one.cart.lines[i].id, part) for i, part in taken.parts]),
        gifts=one.terms.gifts if one.terms.kind is Kind.GIFT else (),
        rate=one.amounts.rate if one.amounts else None,
        budget_amount=taken.budget_amount,
    )


def as_rejected(candidate: Candidate, one: Asked | None) -> Rejected:
    """Write up a code that does not; without `one` nobody knows it."""
    if one is None:
        return Rejected(candidate.code, None, (Refusal(Reason.CODE_NOT_FOUND),))
    return Rejected(candidate.code, one.terms.slug, tuple(one.refusals))
