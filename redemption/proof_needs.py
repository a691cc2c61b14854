"""Which coupons ask for one more proof at the desk: those of high risk, and those of high value."""

from collections.abc import Collection
from datetime import datetime

from coupons import catalogue, rates
from coupons.models import Merchant
from coupons.pricing.money import convert
from coupons.pricing.quote import Applied, Quote


def unproven(
    *, merchant: Merchant, quote: Quote, proven: Collection[int], at: datetime
) -> set[int]:
    """Return the ids of the coupons in a quote that ask for a proof and are not `proven`."""
    return {
        applied.terms.coupon_id
        for applied in quote.applied
        if applied.terms.coupon_id not in proven
        and (
            applied.terms.risk_level == "high"
            or _is_above(merchant=merchant, applied=applied, currency=quote.currency, at=at)
        )
    }


def _is_above(*, merchant: Merchant, applied: Applied, currency: str, at: datetime) -> bool:
    """Say whether a coupon gives more than the merchant's amount; what nobody can tell, is."""
    limit = merchant.proof_above_minor
    if limit is None:
        return False
    saving = _own_money(merchant=merchant, minor=applied.saving, currency=currency, at=at)
    goods = _goods(merchant=merchant, applied=applied, at=at)
    return saving is None or goods is None or saving + goods > limit


def _own_money(*, merchant: Merchant, minor: int, currency: str, at: datetime) -> int | None:
    if minor == 0 or currency == merchant.currency:
        return minor
    rate = rates.newest(merchant=merchant, at=at).rate(from_=currency, to=merchant.currency)
    return None if rate is None else convert(minor, currency, merchant.currency, rate, up=True)


def _goods(*, merchant: Merchant, applied: Applied, at: datetime) -> int | None:
    """Return what the goods are worth that a coupon hands over."""
    if not applied.gifts:
        return 0
    known = catalogue.known(merchant=merchant, skus=[gift.sku for gift in applied.gifts])
    worth = 0
    for gift in applied.gifts:
        product = known.get(gift.sku)
        if product is None or product.price_minor is None:
            return None
        price = _own_money(
            merchant=merchant, minor=product.price_minor, currency=product.currency, at=at
        )
        if price is None:
            return None
        worth += price * gift.quantity
    return worth
