"""Whether anything bounds what the coupon costs, and who can guess its codes. Pure."""

from collections.abc import Iterator

from coupons import coding
from coupons.checking.carts import written
from coupons.checking.facts import Facts
from coupons.checking.finding import Finding
from coupons.pricing.terms import CouponTerms

#: A shared code shorter than this, or of digits alone, is found by trying.
SHORT = 6


def guessable_batches(facts: Facts) -> Iterator[Finding]:
    """Find a pattern with too few combinations for all the codes made from it."""
    counts: dict[str, int] = {}
    for text, count in facts.batches:
        if text:
            counts[text] = counts.get(text, 0) + count
    for text, count in sorted(counts.items()):
        guesses = coding.Pattern.parse(text).guesses_per_hit(count)
        if guesses < coding.SAFE_GUESSES_PER_HIT:
            details = {"pattern": text, "guesses": f"{guesses:,}"}
            yield Finding("codes_guessable", "code", details)


def guessable_shared_code(facts: Facts) -> Iterator[Finding]:
    """Find a short shared code that whoever guesses it may use without end."""
    code, limits = facts.terms.code, facts.terms.limits
    if code is None or not (len(code) < SHORT or code.isdecimal()):
        return
    if limits.uses is None and limits.budget is None and facts.terms.kind.gives_money:
        yield Finding("shared_code_guessable", "code", {"code": code})


def no_limits(facts: Facts) -> Iterator[Finding]:
    """Find a coupon that anybody may use as often as they like."""
    limits = facts.terms.limits
    bounds = (limits.uses, limits.uses_per_day, limits.uses_per_customer, limits.budget)
    own_codes = facts.terms.code is None and limits.uses_per_code is not None
    if all(bound is None for bound in bounds) and not own_codes:
        yield Finding("no_limits", "limits")


def small_budget(facts: Facts) -> Iterator[Finding]:
    """Find a budget that does not pay for one use."""
    limits = facts.terms.limits
    if limits.budget is None or limits.budget_currency is None:
        return
    dearest = one_use(facts.terms, limits.budget_currency)
    if dearest > limits.budget:
        details = {
            "budget": written(limits.budget, limits.budget_currency),
            "value": written(dearest, limits.budget_currency),
        }
        yield Finding("budget_too_small", "limits.budget", details)


def one_use(terms: CouponTerms, currency: str) -> int:
    """Return the amount that one use takes off, where it is known; 0 otherwise."""
    tiers = [tier.value.get(currency, 0) for tier in terms.tiers]
    every = terms.every.value.get(currency, 0) if terms.every else 0
    return max(terms.value.get(currency, 0), every, *tiers, 0)


CHECKS = (guessable_batches, guessable_shared_code, no_limits, small_budget)
