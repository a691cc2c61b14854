"""The worst that the coupon can do with those it goes together with. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coupons.checking import carts
from coupons.checking.carts import written
from coupons.checking.facts import Facts
from coupons.checking.finding import Finding
from coupons.checking.goods import Good
from coupons.pricing.best import best_combination
from coupons.pricing.candidate import Candidate
from coupons.pricing.quote import Quote
from coupons.pricing.stacking import combinable

MOST_CARTS = 30
#: Codes of one coupon that are tried in one cart, where they go together.
MOST_OF_ONE = 5
#: How much the search may look at for one cart.
MOST_STEPS = 5_000

Lines = tuple[tuple[Good, int], ...]


@dataclass(frozen=True, slots=True)
class Worst:
    """The cart of which most comes off, in whole percent, rounded down."""

    lines: Lines
    quote: Quote
    percent: int


def deep_discount(facts: Facts) -> Iterator[Finding]:
    """Find a cart of which more comes off than the merchant wants to see unasked."""
    if not facts.terms.kind.gives_money:
        return
    worst = worst_case(facts)
    if worst and worst.quote.discount * 100 > facts.most_percent * worst.quote.subtotal:
        currency = worst.quote.currency
        yield Finding(
            "deep_discount",
            "stacks_with" if len(worst.quote.applied) > 1 else "kind",
            {
                "percent": str(worst.percent),
                "most": str(facts.most_percent),
                "cart": carts.in_words(worst.lines),
                "price": written(worst.quote.subtotal, currency),
                "coupons": ", ".join(_names(worst.quote)),
                "left": written(worst.quote.subtotal - worst.quote.discount, currency),
            },
        )
    if facts.is_cut:
        yield Finding("not_all_tried", "stacks_with", {"tried": str(len(facts.others))})


def worst_case(facts: Facts) -> Worst | None:
    """Price every cart with the best of all codes, as a shopper would; None without goods."""
    candidates = _candidates(facts)
    found: Worst | None = None
    for lines in tried(facts):
        best = best_combination(
            cart=carts.cart(lines),
            candidates=candidates,
            at=facts.at,
            rates=facts.rates,
            max_steps=MOST_STEPS,
        )
        quote = best.quote
        if not any(applied.terms.slug == facts.terms.slug for applied in quote.applied):
            continue
        if found is None or (
            quote.discount * found.quote.subtotal > found.quote.discount * quote.subtotal
        ):
            found = Worst(lines, quote, quote.discount * 100 // quote.subtotal)
    return found


def tried(facts: Facts) -> list[Lines]:
    """Return up to `MOST_CARTS` carts: each article at each threshold, then pairs of them."""
    wanted: dict[Lines, None] = {}
    others = sorted(facts.others, key=lambda each: each.slug)
    for terms in (facts.terms, *others):
        for good in facts.goods:
            for count in carts.thresholds(terms=terms, good=good, rates=facts.rates):
                wanted[(good, count),] = None
    for good in facts.goods:
        least = carts.units(terms=facts.terms, good=good, rates=facts.rates)
        for beside in facts.got or facts.goods[:3]:
            if least and beside != good and beside.currency == good.currency:
                wanted[(good, least), (beside, max(1, facts.terms.get_quantity))] = None
    return _spread(list(wanted), MOST_CARTS)


def _spread(lines: Sequence[Lines], most: int) -> list[Lines]:
    """Keep `most` of a list, from all of its parts."""
    if len(lines) <= most:
        return list(lines)
    return [lines[place * len(lines) // most] for place in range(most)]


def _candidates(facts: Facts) -> list[Candidate]:
    copies = 1
    if combinable(facts.terms, facts.terms) and facts.terms.code is None:
        copies = min(facts.terms.limits.uses_per_customer or MOST_OF_ONE, MOST_OF_ONE)
    return [
        *(carts.candidate(facts.terms, number=number) for number in range(copies)),
        *(carts.candidate(other) for other in facts.others),
    ]


def _names(quote: Quote) -> list[str]:
    """Name the coupons that apply, those that apply several times with how often."""
    counted: dict[str, int] = {}
    for applied in quote.applied:
        counted[applied.terms.name] = counted.get(applied.terms.name, 0) + 1
    return [f"{count} × {name}" if count > 1 else name for name, count in counted.items()]


CHECKS = (deep_discount,)
