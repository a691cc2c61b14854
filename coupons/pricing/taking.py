"""Apply one coupon, or several in their order, to a basket."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from coupons.pricing.apportion import apportion
from coupons.pricing.benefits import benefit
from coupons.pricing.conditions import Asked, threshold_met
from coupons.pricing.exchange import LocalAmounts
from coupons.pricing.money import convert
from coupons.pricing.quote import Reason, Refusal
from coupons.pricing.stacking import application_key


class Taken(Struct, frozen=True):
    """What one coupon took: per line position, and off the shipping; money in minor units."""

    discount: int
    shipping: int
    parts: tuple[tuple[int, int], ...]
    budget_amount: int | None

    @property
    def saving(self) -> int:
        """Return what the shopper saves by it."""
        return self.discount + self.shipping


def in_order(asked: Iterable[Asked]) -> list[Asked]:
    """Sort by the order of application; codes of one coupon keep the order asked."""
    return sorted(asked, key=lambda one: (application_key(one.terms), one.position))


def apply_all(asked: Sequence[Asked]) -> dict[int, Taken | Refusal]:
    """Apply codes in their order to one basket and put everything back; by position asked."""
    outcome: dict[int, Taken | Refusal] = {}
    budgets: dict[int, int] = {}
    for one in in_order(asked):
        taken = take(one, budget_taken=budgets.get(one.terms.coupon_id, 0))
        outcome[one.position] = taken
        if isinstance(taken, Taken):
            one.basket.take(parts=taken.parts, shipping=taken.shipping)
            budgets[one.terms.coupon_id] = budgets.get(one.terms.coupon_id, 0) + (
                taken.budget_amount or 0
            )
    for one in asked:
        taken = outcome[one.position]
        if isinstance(taken, Taken):
            one.basket.put_back(parts=taken.parts, shipping=taken.shipping)
    return outcome


def take(asked: Asked, *, budget_taken: int = 0) -> Taken | Refusal:
    """Work out what a code takes from the basket as it stands, without taking it."""
    amounts = asked.amounts
    if amounts is None:
        return Refusal(Reason.CURRENCY_NOT_SUPPORTED)
    if asked.terms.threshold_after_discounts:
        short = threshold_met(asked)
        if short is not None:
            return short
    given = benefit(asked, amounts)
    if given.discount + given.shipping == 0 and asked.terms.kind.gives_money:
        return Refusal(Reason.NO_EFFECT)
    budget_amount = _budget_amount(asked, amounts, given.discount + given.shipping)
    budget = asked.terms.limits.budget
    if budget is not None and budget_amount is not None:
        left = budget - asked.status.budget_used - budget_taken
        if budget_amount > left:
            return Refusal(Reason.BUDGET_EXHAUSTED)
    parts = apportion(
        amount=given.discount,
        weights=given.weights,
        most=[asked.basket.remaining[i] for i in given.lines],
    )
    return Taken(
        discount=given.discount,
        shipping=given.shipping,
        parts=tuple([(i, part) for i, part in zip(given.lines, parts, strict=True) if part]),
        budget_amount=budget_amount,
    )


def _budget_amount(asked: Asked, amounts: LocalAmounts, saving: int) -> int | None:
    """Return what the coupon's budget pays, rounded up so that it is never overspent."""
    currency = asked.terms.limits.budget_currency
    if currency is None:
        return None
    here = asked.cart.currency
    if currency == here or saving == 0:
        return saving
    return convert(saving, here, currency, amounts.budget_rate, up=True)
