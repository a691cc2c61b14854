"""Gather the facts for a cart and put both to the engine, with what only some carts need."""

from collections.abc import Callable, Sequence
from datetime import datetime

from coupons import rates
from coupons.caller import Caller
from coupons.pricing.candidate import Candidate
from coupons.pricing.cart import Cart
from coupons.pricing.case import Case
from coupons.pricing.evaluate import decided
from coupons.pricing.exchange import NO_RATES, Rates, needs_rates
from coupons.pricing.quote import Quote
from coupons.pricing.tax import with_tax
from redemption import facts as fact_finding
from redemption.carts import CheckedCart
from redemption.facts import Facts
from redemption.gathering import Ahead

#: Who reads exchange rates: many carts at once may remember them from one to the next.
RatesFinder = Callable[..., Rates]


def facts_for(
    *,
    caller: Caller,
    checked: CheckedCart,
    at: datetime,
    codes: Sequence[str] | None = None,
    takes: bool = False,
    ahead: Ahead | None = None,
) -> Facts:
    """Gather the facts for a cart and its own codes, or other ones (normal forms).

    `takes` says that they are to be used, not only quoted; `ahead` is asked with them.
    """
    body = checked.body
    return fact_finding.gather(
        caller=caller,
        customer=body.customer,
        codes=checked.codes if codes is None else codes,
        skus=checked.skus,
        channel=body.channel,
        country=body.country,
        at=at,
        order=body.order,
        # A hold of another order is in the way of a taker, whatever the cart says.
        paid_with=[] if takes else checked.orders,
        takes=takes,
        ahead=ahead,
    )


def case_for(
    *,
    caller: Caller,
    cart: Cart,
    facts: Facts,
    candidates: Sequence[Candidate],
    at: datetime,
    method: str,
    rates: RatesFinder | None = None,
) -> Case:
    """Put together all that a quote is judged on, the day's exchange rates among it."""
    find = rates or rates_for
    return Case(
        cart=cart,
        candidates=candidates,
        at=at,
        method=method,
        used_with=[use.terms for use in facts.beside],
        rates=find(caller=caller, cart=cart, candidates=candidates, at=at),
    )


def quoted(*, case: Case, facts: Facts) -> Quote:
    """Return the quote of a case, its tax included."""
    return taxed(quote=decided(case=case), cart=case.cart, facts=facts)


def taxed(*, quote: Quote, cart: Cart, facts: Facts) -> Quote:
    """Return the quote with its tax, where the merchant has rates for the cart's country."""
    if facts.tax_rates is None:
        return quote
    return with_tax(quote=quote, cart=cart, rates=facts.tax_rates)


def rates_for(
    *, caller: Caller, cart: Cart, candidates: Sequence[Candidate], at: datetime
) -> Rates:
    """Read the day's exchange rates, if any candidate asks for them: most carts need no query."""
    for candidate in candidates:
        if candidate.terms and needs_rates(terms=candidate.terms, currency=cart.currency):
            return rates.newest(merchant=caller.merchant, at=at)
    return NO_RATES
