"""Short ways to say a cart, a coupon and what became of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from coupons.pricing.candidate import Candidate, CodeStatus
from coupons.pricing.cart import Cart, Line, Shopper
from coupons.pricing.evaluate import evaluate
from coupons.pricing.exchange import Rates
from coupons.pricing.quote import Quote
from coupons.pricing.terms import Audience, CouponTerms, Kind, Limits, Scope

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)  # a Friday
ALICE = Shopper(ref="alice", is_new=False, tier="gold", tags=frozenset({"vip"}))
RATES = Rates("EUR", {"USD": Fraction("1.25"), "JPY": Fraction(160), "KWD": Fraction("0.35")})


def line(id: str, unit_price: int, quantity: int = 1, **more: Any) -> Line:
    return Line(id=id, sku=more.pop("sku", id), quantity=quantity, unit_price=unit_price, **more)


def cart(*lines: Line, **more: Any) -> Cart:
    return Cart(currency=more.pop("currency", "USD"), lines=lines, **more)


def coupon(kind: str = "amount_off", **more: Any) -> CouponTerms:
    number = more.pop("coupon_id", 1)
    value = more.pop("off", None)
    if value is not None:
        more["value"] = {"USD": value}
    percent = more.pop("percent", None)
    if percent is not None:
        more["percent_bps"] = round(percent * 100)
    for name in ("stacks_with", "countries", "channels", "payment_methods", "partners"):
        if name in more:
            more[name] = frozenset(more[name])
    return CouponTerms(
        coupon_id=number,
        slug=more.pop("slug", f"coupon-{number}"),
        name=f"Coupon {number}",
        kind=Kind(kind),
        created_order=more.pop("created_order", number),
        **more,
    )


def scope(**sets: Any) -> Scope:
    on_sale = sets.pop("exclude_sale_items", False)
    return Scope(**{k: frozenset(v) for k, v in sets.items()}, exclude_sale_items=on_sale)


def audience(who: str = "all", **sets: Any) -> Audience:
    return Audience(who=who, **{k: frozenset(v) for k, v in sets.items()})


def limits(**more: Any) -> Limits:
    return Limits(**more)


def asked(terms: CouponTerms | None, code: str = "", **status: Any) -> Candidate:
    name = code or (terms.slug.upper() if terms else "NOBODY")
    return Candidate(name, terms, CodeStatus(**status))


def price(the_cart: Cart, *what: CouponTerms | Candidate, **more: Any) -> Quote:
    candidates = [one if isinstance(one, Candidate) else asked(one) for one in what]
    return evaluate(cart=the_cart, candidates=candidates, at=more.pop("at", AT), **more)


def parts(quote: Quote) -> dict[str, int]:
    return {one.id: one.discount for one in quote.lines}


def reasons(quote: Quote, code: str | None = None) -> list[str]:
    """Return the reasons a code was refused for; of the only one rejected without a code."""
    rejected: Sequence[Any] = [r for r in quote.rejected if code in (None, r.code)]
    if not rejected:
        return []
    (one,) = rejected
    return [refusal.reason.value for refusal in one.refusals]
