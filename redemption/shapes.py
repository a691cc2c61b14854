"""The bodies of checkout calls and answers, as the HTTP contract has them.

Parsing, encoding and the OpenAPI document all read these classes.
"""

from typing import Annotated

from msgspec import Meta, Struct

Text = Annotated[str, Meta(min_length=1, max_length=100)]
Optional = Annotated[str, Meta(max_length=100)] | None
Amount = Annotated[
    str,
    Meta(max_length=24, description="Major units as a decimal string: 19.99; JPY 1500."),
]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
CodeText = Annotated[str, Meta(max_length=200)]


class CartLine(Struct, kw_only=True):
    """One line of a cart; `member_discount` is for the whole line."""

    id: Text
    sku: Text
    quantity: Quantity
    unit_price: Amount
    member_discount: Amount = "0"
    category: Annotated[str, Meta(max_length=500)] | None = None
    on_sale: bool | None = None
    order: Optional = None


class CartBody(Struct, kw_only=True):
    """A cart with the codes to try on it."""

    currency: Annotated[str, Meta(min_length=3, max_length=3)]
    lines: list[CartLine]
    codes: list[CodeText] = []
    customer: Text | None = None
    channel: Optional = None
    country: Annotated[str, Meta(max_length=2)] | None = None
    payment_method: Optional = None
    partner: Optional = None
    language: Annotated[str, Meta(max_length=35)] | None = None
    ip: Annotated[str, Meta(max_length=64)] | None = None
    device: Annotated[str, Meta(max_length=200)] | None = None
    shipping: Amount = "0"


class RedemptionBody(CartBody, kw_only=True):
    """A cart whose codes are to be used on an order."""

    order: Text
    hold: bool = False
    hold_minutes: Annotated[int, Meta(ge=1, le=10_080)] = 15
    partial: bool = False


class LineDiscount(Struct):
    """What one coupon took off one line."""

    id: str
    discount: str


class GiftAnswer(Struct):
    """Goods that a coupon is worth."""

    sku: str
    quantity: int


class AppliedAnswer(Struct):
    """A code that applies, in the order of application."""

    code: str
    coupon: str
    name: str
    kind: str
    discount: str
    shipping_discount: str
    lines: list[LineDiscount]
    gifts: list[GiftAnswer]


class ReasonAnswer(Struct, omit_defaults=True):
    """One reason why a code does not apply, and what is missing, where that is an amount.

    `would_save` is what the code would take off once that is spent too.
    """

    reason: str
    message: str
    missing: str | None = None
    would_save: str | None = None


class RejectedAnswer(Struct):
    """A code that does not apply: the first reason, and all."""

    code: str
    coupon: str | None
    reason: str
    message: str
    reasons: list[ReasonAnswer]


class LineAnswer(Struct):
    """A line with everything that came off it."""

    id: str
    discount: str
    final_price: str
    order: str | None


class QuoteAnswer(Struct, kw_only=True):
    """The answer to a cart."""

    valid: bool
    currency: str
    subtotal: str
    member_discount: str
    discount: str
    shipping: str
    shipping_discount: str
    tax: str
    tax_included: bool
    payable: str
    applied: list[AppliedAnswer]
    rejected: list[RejectedAnswer]
    lines: list[LineAnswer]


class QualificationAnswer(Struct, kw_only=True):
    """What the codes asked for and the coupons open to all would do for a cart.

    `usable` and `unusable` look at each by itself, `best` at all together. `complete` is
    false where more coupons are open than are tried, `best_is_exact` where the search for
    the best stopped early.
    """

    usable: list[AppliedAnswer]
    unusable: list[RejectedAnswer]
    complete: bool
    best: QuoteAnswer
    best_is_exact: bool


class RedemptionAnswer(QuoteAnswer, kw_only=True):
    """A redemption: its quote, and where it stands."""

    id: str
    status: str
    order: str
    created_at: str
    expires_at: str | None
    thank_you: str | None
