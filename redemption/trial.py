"""A coupon tried on a cart before anybody uses it: the same engine, nothing written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from coupons import catalogue, terms
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid
from coupons.models import Coupon, CouponDay, Merchant, Product
from coupons.pricing.candidate import Candidate, CodeStatus, CouponState
from coupons.pricing.case import Case
from coupons.pricing.money import format_amount
from coupons.pricing.terms import METHODS, CouponTerms
from redemption.answers import quote_answer
from redemption.carts import cart_for, check
from redemption.models import CustomerCounter, Order
from redemption.quoting import case_for, facts_for, quoted
from redemption.shapes import CartBody, CartLine, QuoteAnswer

#: The one line of a cart of which only the total is known.
WHOLE_CART = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """Some of one product; without a price, at the product's own."""

    sku: str
    quantity: int = 1
    unit_price: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What to try on: a past order by its number, or goods."""

    order: str = ""
    goods: Sequence[Goods] = ()
    customer: str | None = None
    country: str | None = None
    shipping: str = "0"
    #: Of the goods; empty is the merchant's own.
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """The cart as it was priced, and its quote."""

    cart: CartBody
    quote: QuoteAnswer
    case: Case
    #: What is left of the goods' prices, before shipping and tax.
    final_price: str


def try_on(*, coupon: Coupon, sample: Sample, language: str, at: datetime) -> Tried:
    """Price a sample cart with a coupon as if it were out and claimed; writes nothing.

    Raises `Invalid` for an order or a product that the shop does not have.
    """
    merchant = coupon.merchant
    if sample.order:
        body = _cart_of_order(merchant=merchant, sample=sample)
    else:
        body = cart_of_goods(merchant=merchant, sample=sample)
    checked = check(body)
    version = (coupon.pk, coupon.version)
    compiled = terms.load([version])[version]
    caller = Caller(
        merchant=merchant,
        actor="system",
        method=next(way for way in METHODS if way in compiled.methods),
        # Any that may: the trial is of the cart, not of who asks.
        key=min(compiled.api_keys, default=None),
    )
    facts = facts_for(caller=caller, checked=checked, at=at, codes=[])
    case = case_for(
        caller=caller,
        cart=cart_for(checked=checked, facts=facts, caller=caller),
        facts=facts,
        candidates=[
            _candidate(coupon=coupon, compiled=compiled, customer_id=facts.customer_id, at=at)
        ],
        at=at,
        method=caller.method,
    )
    quote = quoted(case=case, facts=facts)
    zones = {coupon.slug: coupon.time_zone}
    return Tried(
        cart=body,
        quote=quote_answer(quote=quote, zones=zones, language=language),
        case=case,
        final_price=format_amount(sum(line.final_price for line in quote.lines), body.currency),
    )


def _candidate(
    *, coupon: Coupon, compiled: CouponTerms, customer_id: int | None, at: datetime
) -> Candidate:
    """Stand in for a code of the coupon; what its limits have lost already counts."""
    counter = coupon.counter
    today = at.astimezone(ZoneInfo(coupon.time_zone)).date()
    days = CouponDay.objects.filter(coupon=coupon, day=today)
    own = CustomerCounter.objects.filter(coupon=coupon, customer=customer_id)
    status = CodeStatus(
        coupon_state=CouponState.LIVE,
        published_at=coupon.published_at or at,
        claimed_at=at if compiled.claim_required else None,
        coupon_uses=counter.uses,
        uses_today=days.values_list("uses", flat=True).first() or 0,
        customer_uses=own.values_list("uses", flat=True).first() or 0,
        budget_used=counter.budget_used_minor,
    )
    return Candidate(code=coupon.slug, terms=compiled, status=status)


def _cart_of_order(*, merchant: Merchant, sample: Sample) -> CartBody:
    rows = Order.objects.of(merchant).select_related("customer", "channel")
    order = rows.filter(ref=sample.order).first()
    if order is None:
        raise Invalid(errors=[FieldError("order", "There is no such order.")])
    return cart_of_order(order=order, country=sample.country, shipping=sample.shipping)


def cart_of_order(*, order: Order, country: str | None = None, shipping: str = "0") -> CartBody:
    """Put an order's goods into a cart; of one known by its total alone, that as one line."""

    def money(minor: int) -> str:
        return format_amount(minor, order.currency)

    lines = [
        CartLine(
            id=line.ref,
            sku=line.sku,
            quantity=line.quantity,
            unit_price=money(line.unit_price_minor),
            member_discount=money(line.member_discount_minor),
        )
        for line in order.lines.order_by("pk")
    ]
    whole = CartLine(id="1", sku=WHOLE_CART, quantity=1, unit_price=money(order.total_minor))
    return CartBody(
        currency=order.currency,
        lines=lines or [whole],
        customer=order.customer.ref if order.customer else None,
        channel=order.channel.slug if order.channel else None,
        country=country,
        shipping=shipping,
    )


def cart_of_goods(*, merchant: Merchant, sample: Sample) -> CartBody:
    """Put goods into a cart, each at its price or the product's own.

    Raises `Invalid` for a product that the shop does not have, or one without a price.
    """
    currency = sample.currency or merchant.currency
    known = catalogue.known(merchant=merchant, skus=[each.sku for each in sample.goods])
    errors, lines = [], []
    for i, each in enumerate(sample.goods):
        product = known.get(each.sku)
        price = each.unit_price or _own_price(product=product, currency=currency)
        if product is None:
            errors.append(FieldError(f"goods.{i}", f"There is no product {each.sku}."))
        elif price is None:
            errors.append(FieldError(f"goods.{i}", f"{each.sku} has no price; type one."))
        else:
            line = CartLine(id=str(i), sku=each.sku, quantity=each.quantity, unit_price=price)
            lines.append(line)
    if errors:
        raise Invalid(errors=errors)
    return CartBody(
        currency=currency,
        lines=lines,
        customer=sample.customer,
        country=sample.country,
        shipping=sample.shipping,
    )


def _own_price(*, product: Product | None, currency: str) -> str | None:
    """Return a product's price; one in another currency says nothing about this one."""
    if product is None or product.price_minor is None or product.currency != currency:
        return None
    return format_amount(product.price_minor, currency)
