"""The bodies of checkout calls and answers, as the HTTP contract has them.

Parsing, encoding and the OpenAPI document all read these classes.
"""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from campaigns.models import Activity

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
    """A cart with the codes to try on it.

    `order`, where there is one already: its own holds then don't count against the cart.
    """

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
    order: Optional = None


class RedemptionBody(CartBody, kw_only=True):
    """A cart whose codes are to be used on an order."""

    order: Text
    hold: bool = False
    hold_minutes: Annotated[int, Meta(ge=1, le=10_080)] = 15
    partial: bool = False


class ConfirmationBody(CartBody, kw_only=True):
    """The cart that was paid in the end; without codes, all that are held."""

    partial: bool = False


class LineDiscount(Struct):
    """What one coupon took off one line."""

    id: str
    discount: str


class GiftAnswer(Struct):
    """Goods that a coupon is worth."""

    sku: str
    quantity: int


class PrizeAnswer(Struct):
    """What a draw has given: a coupon and the code to use it by, or a blank without either."""

    name: str
    coupon: str | None
    code: str | None


class AppliedAnswer(Struct):
    """A code that applies, in the order of application; `prize` once a draw is redeemed."""

    code: str
    coupon: str
    name: str
    kind: str
    discount: str
    shipping_discount: str
    lines: list[LineDiscount]
    gifts: list[GiftAnswer]
    prize: PrizeAnswer | UnsetType = UNSET


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


class ReturnLine(Struct):
    """Units of one line that come back."""

    id: Text
    quantity: Quantity


class ReversalBody(Struct, kw_only=True):
    """What comes back; without `lines` all that is left.

    `reference` is the shop's own name for the refund: the same one again is the same refund.
    `preview` answers what would happen and changes nothing.
    """

    reason: Annotated[str, Meta(max_length=500)] | None = None
    lines: list[ReturnLine] | None = None
    reference: Text | None = None
    preview: bool = False


class OrderPart(Struct):
    """Lines that go under another order."""

    order: Text
    lines: list[Text]


class SplitBody(Struct):
    """The orders that an order is split into; lines that are not named stay."""

    orders: list[OrderPart]


class ReturnedLine(Struct):
    """Units that came back, with their share of the discounts: what the shopper does not get."""

    id: str
    quantity: int
    amount: str


class ReturnedCoupon(Struct):
    """What became of a coupon: `restored`, `reissued`, `not_returned`, or `kept` for now."""

    code: str
    coupon: str
    returned: str
    new_code: str | None


class ReversalAnswer(Struct, kw_only=True):
    """A return. `claw_back` is due from the shopper: the goods kept no longer earn it.

    A preview has no `id`.
    """

    id: str | None
    redemption: str
    order: str
    currency: str
    amount: str
    shipping_amount: str
    claw_back: str
    lines: list[ReturnedLine]
    coupons: list[ReturnedCoupon]


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


class FollowUpAnswer(Struct):
    """A coupon that is offered after this one."""

    coupon: str
    name: str


class RedemptionAnswer(QuoteAnswer, kw_only=True):
    """A redemption: its quote, and where it stands."""

    id: str
    status: str
    order: str
    created_at: str
    expires_at: str | None
    thank_you: str | None
    follow_up: FollowUpAnswer | None = None


class OrderData(Struct, kw_only=True):
    """What an event tells of an order.

    `currency` and `total` may be left out once the order is known. `refunded_total` is
    everything refunded so far; a refund is full when it reaches `total`.
    """

    order: Text
    currency: Annotated[str, Meta(min_length=3, max_length=3)] | None = None
    total: Amount | None = None
    lines: list[CartLine] = []
    refunded_total: Amount | None = None


class EventBody(Struct, kw_only=True):
    """One event; `order.*` carry an `OrderData` in `data`, and may be a guest's."""

    id: Text
    type: Activity.Type
    occurred_at: Annotated[datetime, Meta(tz=True)]
    customer: Text | None = None
    data: dict[str, Any] = {}


class EventsBody(Struct):
    """Up to 500 events, each in the form of `EventBody`."""

    events: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=500)]
