"""Whether the coupon takes more off a product than it earns. Pure."""

from collections.abc import Iterator

from coupons.checking import carts
from coupons.checking.carts import written
from coupons.checking.facts import Facts
from coupons.checking.finding import Finding
from coupons.checking.goods import Good
from coupons.pricing.evaluate import evaluate

_FIELDS = {
    "amount_off": "value",
    "percent_off": "percent",
    "tiered": "tiers",
    "buy_x_get_y": "get_percent",
}


def above_margin(facts: Facts) -> Iterator[Finding]:
    """Find the product that loses most, for its price, at the cheapest cart that qualifies."""
    if not facts.terms.kind.gives_money:
        return
    worst: tuple[float, Good, int, int] | None = None
    for good in facts.goods:
        if good.cost is None or good.price is None:
            continue
        count = carts.units(terms=facts.terms, good=good, rates=facts.rates)
        if count is None:
            continue
        discount = _discount(facts, good, count)
        loss = discount - (good.price - good.cost) * count
        share = loss / (good.price * count)
        if discount and loss > 0 and (worst is None or share > worst[0]):
            worst = (share, good, count, discount)
    if worst is not None:
        yield _finding(facts, *worst[1:])


def _discount(facts: Facts, good: Good, count: int) -> int:
    quote = evaluate(
        cart=carts.cart([(good, count)]),
        candidates=[carts.candidate(facts.terms)],
        at=facts.at,
        rates=facts.rates,
    )
    return quote.discount


def _finding(facts: Facts, good: Good, count: int, discount: int) -> Finding:
    price = (good.price or 0) * count
    return Finding(
        "above_margin",
        _FIELDS.get(facts.terms.kind, "kind"),
        {
            "product": str(good),
            "quantity": str(count),
            "price": written(price, good.currency),
            "discount": written(discount, good.currency),
            "margin": written(price - (good.cost or 0) * count, good.currency),
        },
    )


CHECKS = (above_margin,)
