"""From the body of a call to the engine's cart: amounts read, gaps filled, limits kept."""

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from coupons import coding
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid
from coupons.pricing.cart import Cart, Line
from coupons.pricing.money import BadAmount, UnknownCurrency, decimals, parse_amount
from coupons.reasons import language_of
from redemption.facts import Facts
from redemption.shapes import CartBody, CartLine

MAX_LINES = 500
MAX_CODES = 20
#: Minor units of one cart: far above any sale, far below what the database holds.
MAX_TOTAL = 10**15


class CheckedCart(msgspec.Struct, frozen=True):
    """A body whose every amount and identifier is sound, in minor units."""

    body: CartBody
    codes: list[str]
    shipping: int
    #: (unit price, member discount) of each line.
    amounts: list[tuple[int, int]]

    @property
    def skus(self) -> list[str]:
        """Name the products that have to fill a gap."""
        return [
            line.sku for line in self.body.lines if line.category is None or line.on_sale is None
        ]

    @property
    def orders(self) -> list[str]:
        """Name the orders that the lines are of."""
        return sorted({line.order for line in self.body.lines if line.order})

    @property
    def fingerprint(self) -> bytes:
        """Hash what decides the price: the same cart again is the same redemption."""
        body = self.body
        decisive = (
            body.currency,
            [
                (line.id, line.sku, line.quantity, amounts, line.category, line.on_sale, line.order)
                for line, amounts in zip(body.lines, self.amounts, strict=True)
            ],
            self.shipping,
            body.customer,
            body.channel,
            body.country,
            body.payment_method,
            body.partner,
            sorted(self.codes),
        )
        return hashlib.sha256(msgspec.json.encode(decisive)).digest()


def check(body: CartBody) -> CheckedCart:
    """Read the amounts of a cart; `Invalid` names every field that is wrong."""
    _refuse_size(body)
    errors: list[FieldError] = []
    shipping = _amount(body.shipping, body.currency, "shipping", errors)
    amounts = []
    seen: set[str] = set()
    for i, line in enumerate(body.lines):
        field = f"lines.{i}"
        price = _amount(line.unit_price, body.currency, f"{field}.unit_price", errors)
        member = _amount(line.member_discount, body.currency, f"{field}.member_discount", errors)
        if member > price * line.quantity and not errors:
            errors.append(FieldError(f"{field}.member_discount", "More than the line is worth."))
        if line.id in seen:
            errors.append(FieldError(f"{field}.id", "This line id stands in the cart twice."))
        seen.add(line.id)
        amounts.append((price, member))
    total = shipping + sum(
        price * line.quantity for (price, _), line in zip(amounts, body.lines, strict=True)
    )
    if total > MAX_TOTAL:
        errors.append(FieldError("lines", "The cart is worth more than a cart can be."))
    if errors:
        raise Invalid(errors=errors)
    codes = [coding.normal_form(code) for code in body.codes]
    return CheckedCart(body=body, codes=codes, shipping=shipping, amounts=amounts)


def _refuse_size(body: CartBody) -> None:
    errors = []
    try:
        decimals(body.currency)
    except UnknownCurrency as error:
        errors.append(FieldError("currency", str(error)))
    if len(body.lines) > MAX_LINES:
        errors.append(FieldError("lines", f"At most {MAX_LINES} lines."))
    if len(body.codes) > MAX_CODES:
        errors.append(FieldError("codes", f"At most {MAX_CODES} codes."))
    if errors:
        raise Invalid(errors=errors)


def _amount(text: str, currency: str, field: str, errors: list[FieldError]) -> int:
    try:
        return parse_amount(text, currency)
    except BadAmount as error:
        errors.append(FieldError(field, str(error)))
        return 0


def cart_for(*, checked: CheckedCart, facts: Facts, caller: Caller) -> Cart:
    """Build the engine's cart, with what the products and the key add to the body."""
    body = checked.body
    return Cart(
        currency=body.currency,
        lines=_lines(
            lines=body.lines,
            amounts=checked.amounts,
            products=facts.products,
            order=body.order or "",
        ),
        shipping=checked.shipping,
        country=body.country,
        channel=caller.channel or body.channel,
        key=caller.key,
        payment_method=body.payment_method,
        partner=body.partner,
        language=language_of(body.language),
        shopper=facts.shopper,
        prior=facts.prior(),
        prior_shipping=facts.prior_shipping(),
    )


def _lines(
    *,
    lines: Sequence[CartLine],
    amounts: Sequence[tuple[int, int]],
    products: Mapping[str, tuple[str, bool]],
    order: str,
) -> tuple[Line, ...]:
    built = []
    for line, (price, member) in zip(lines, amounts, strict=True):
        category, on_sale = products.get(line.sku, ("", False))
        built.append(
            Line(
                id=line.id,
                sku=line.sku,
                quantity=line.quantity,
                unit_price=price,
                member_discount=member,
                category=category if line.category is None else line.category,
                on_sale=on_sale if line.on_sale is None else line.on_sale,
                order=line.order or order,
            )
        )
    return tuple(built)
