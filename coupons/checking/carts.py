"""Small carts of real goods that just reach what coupons ask for. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from coupons.checking.goods import Good
from coupons.pricing.candidate import Candidate
from coupons.pricing.cart import Cart, Line
from coupons.pricing.exchange import Rates, localized
from coupons.pricing.money import Money
from coupons.pricing.terms import METHODS, Audience, CouponTerms, Kind, Limits

#: Units of one article that a cart may need to reach a threshold; beyond, nobody would.
MOST_UNITS = 1_000

NOBODY: frozenset[str] = frozenset()


def anyone(terms: CouponTerms) -> CouponTerms:
    """Return what a coupon does for a shopper who meets every condition but the cart's."""
    return replace(
        terms,
        audience=Audience(),
        countries=NOBODY,
        channels=NOBODY,
        payment_methods=NOBODY,
        partners=NOBODY,
        weekly_windows=(),
        starts_at=None,
        ends_at=None,
        valid_days=None,
        starts_after_days=0,
        claim_required=False,
        methods=frozenset(METHODS),
        limits=Limits(uses_per_code=None),
    )


def candidate(terms: CouponTerms, *, number: int = 0) -> Candidate:
    """Stand in for a code of a coupon; `number` tells several of one coupon apart."""
    return Candidate(code=f"{terms.slug}#{number}", terms=anyone(terms))


def units(*, terms: CouponTerms, good: Good, rates: Rates) -> int | None:
    """Return how many of one article a coupon asks for; None where it cannot be reached."""
    amounts = localized(terms=replace(terms, limits=Limits()), currency=good.currency, rates=rates)
    if amounts is None or not good.price:
        return None
    wanted = max(-(-amounts.threshold // good.price), terms.min_quantity or 1, 1)
    if terms.kind is Kind.BUY_X_GET_Y and terms.get_scope is None:
        wanted = max(wanted, terms.buy_quantity + terms.get_quantity)
    elif terms.kind is Kind.BUY_X_GET_Y:
        wanted = max(wanted, terms.buy_quantity)
    return wanted if wanted <= MOST_UNITS else None


def thresholds(*, terms: CouponTerms, good: Good, rates: Rates) -> list[int]:
    """Return the numbers of one article at which a coupon begins to give, or gives more."""
    first = units(terms=terms, good=good, rates=rates)
    amounts = localized(terms=replace(terms, limits=Limits()), currency=good.currency, rates=rates)
    if first is None or amounts is None or not good.price:
        return []
    steps = {max(first, -(-tier.threshold // good.price)) for tier in amounts.tiers}
    return sorted(count for count in {first, *steps} if count <= MOST_UNITS)


def cart(lines: Sequence[tuple[Good, int]]) -> Cart:
    """Return a cart of some of each article; all have one currency and a price."""
    return Cart(
        currency=lines[0][0].currency,
        lines=tuple(
            Line(
                id=str(place),
                sku=good.sku,
                quantity=count,
                unit_price=good.price or 0,
                category=good.category,
                on_sale=good.on_sale,
            )
            for place, (good, count) in enumerate(lines, start=1)
        ),
    )


def in_words(lines: Sequence[tuple[Good, int]]) -> str:
    """Write a cart's lines as `2 × Shoe, 1 × Hat`."""
    return ", ".join(f"{count} × {good}" for good, count in lines)


def written(minor: int, currency: str) -> str:
    """Write an amount as it is shown everywhere."""
    return str(Money(minor, currency))
