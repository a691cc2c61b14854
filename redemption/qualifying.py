"""Which coupons a cart could use: those it names, and those that are open to all."""

from datetime import datetime

from coupons import reach
from coupons.caller import Caller
from coupons.pricing.best import MAX_STEPS, best_combination
from coupons.pricing.qualify import qualify
from coupons.pricing.quote import Applied, Rejected
from coupons.reasons import language_of
from redemption.answers import applied_answer, quote_answer, rejected_answer
from redemption.carts import CheckedCart, cart_for, check
from redemption.quoting import facts_for, rates_for, taxed
from redemption.shapes import AppliedAnswer, CartBody, QualificationAnswer, RejectedAnswer


def qualifications(*, caller: Caller, body: CartBody, at: datetime) -> QualificationAnswer:
    """Try a cart's codes and the coupons open to all on it; changes nothing.

    Raises `Invalid` for a cart that makes no sense.
    """
    checked = check(body)
    # 1. The codes to try: those named, then the open ones that could be for this cart.
    found, complete = _open_codes(caller=caller, checked=checked, at=at)
    codes = [*checked.codes, *(code for code in found if code not in checked.codes)]
    facts = facts_for(caller=caller, checked=checked, codes=codes, at=at)
    if facts.shopper.is_test:
        tested = reach.codes_under_test(merchant=caller.merchant, most=reach.MOST)
        codes += [code for code in tested if code not in codes]
        facts = facts_for(caller=caller, checked=checked, codes=codes, at=at)
    # 2. Each by itself, and the best of all.
    cart = cart_for(checked=checked, facts=facts, caller=caller)
    candidates = facts.candidates(codes)
    rates = rates_for(caller=caller, cart=cart, candidates=candidates, at=at)
    usable, unusable = qualify(
        cart=cart, candidates=candidates, at=at, method=caller.method, rates=rates
    )
    best = best_combination(
        cart=cart,
        candidates=candidates,
        at=at,
        method=caller.method,
        rates=rates,
        max_steps=MAX_STEPS,
    )
    # 3. In words.
    zones, language = facts.zones(), language_of(body.language)
    quote = taxed(quote=best.quote, cart=cart, facts=facts)
    return QualificationAnswer(
        usable=_usable(usable, currency=cart.currency, language=language),
        unusable=_unusable(unusable, currency=cart.currency, zones=zones, language=language),
        complete=complete,
        best=quote_answer(quote=quote, zones=zones, language=language),
        best_is_exact=best.exact,
    )


def _usable(usable: list[Applied], *, currency: str, language: str) -> list[AppliedAnswer]:
    """Write what applies, the largest saving first."""
    return [
        applied_answer(each, currency=currency, language=language)
        for each in sorted(usable, key=lambda each: -each.saving)
    ]


def _unusable(
    unusable: list[Rejected], *, currency: str, zones: dict[str, str], language: str
) -> list[RejectedAnswer]:
    return [
        rejected_answer(
            each,
            currency=currency,
            time_zone=zones.get(each.slug or "", "UTC"),
            language=language,
        )
        for each in unusable
    ]


def _open_codes(*, caller: Caller, checked: CheckedCart, at: datetime) -> tuple[list[str], bool]:
    lines = checked.body.lines
    return reach.codes_for(
        merchant=caller.merchant,
        skus=sorted({line.sku for line in lines}),
        categories=sorted({line.category for line in lines if line.category}),
        gaps=sorted({line.sku for line in lines if line.category is None}),
        at=at,
        most=reach.MOST,
    )
