"""The answer to a cart: what applies, what does not and why."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from msgspec import Struct, field

from coupons.pricing.terms import CouponTerms, Gift

#: What a message may name: an amount, a count, a time, a word.
Param = int | str | datetime | None


class Reason(StrEnum):
    """Why a code does not apply; the order is the order in which reasons are told."""

    CODE_NOT_FOUND = "code_not_found"
    CODE_REVOKED = "code_revoked"
    ALREADY_APPLIED = "already_applied"
    NOT_PUBLISHED = "not_published"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"
    PAUSED = "paused"
    ALREADY_REDEEMED = "already_redeemed"
    HELD = "held"
    CUSTOMER_REQUIRED = "customer_required"
    NOT_OWNER = "not_owner"
    CLAIM_REQUIRED = "claim_required"
    USAGE_LIMIT_REACHED = "usage_limit_reached"
    DAILY_LIMIT_REACHED = "daily_limit_reached"
    BUDGET_EXHAUSTED = "budget_exhausted"
    CUSTOMER_LIMIT_REACHED = "customer_limit_reached"
    OUTSIDE_HOURS = "outside_hours"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CHANNEL_NOT_ALLOWED = "channel_not_allowed"
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    CURRENCY_NOT_SUPPORTED = "currency_not_supported"
    PAYMENT_METHOD_NOT_ALLOWED = "payment_method_not_allowed"
    PARTNER_REQUIRED = "partner_required"
    CUSTOMER_NOT_ELIGIBLE = "customer_not_eligible"
    NO_APPLICABLE_ITEMS = "no_applicable_items"
    MIN_QUANTITY_NOT_MET = "min_quantity_not_met"
    MIN_SPEND_NOT_MET = "min_spend_not_met"
    MEMBER_PRICE_CONFLICT = "member_price_conflict"
    NOT_COMBINABLE = "not_combinable"
    NO_EFFECT = "no_effect"
    VERIFICATION_REQUIRED = "verification_required"
    RISK_DENIED = "risk_denied"


class Refusal(Struct, frozen=True):
    """One condition that fails.

    `missing` is money short of a threshold, and `would_save` what the code would save once
    it is just met (where that is the only reason), in minor units of the cart's currency.
    `params` is what a message may name: `min_spend` and `missing` (minor units),
    `min_quantity` and `missing_quantity`, `starts_at`, `expired_at`, `opens_at` (the next weekly
    window), `currency`, `limit`, `with` (the slug of the coupon that goes first).
    """

    reason: Reason
    missing: int | None = None
    would_save: int | None = None
    params: Mapping[str, Param] = field(default_factory=dict)


class Rejected(Struct, frozen=True):
    """A code that does not apply, with all its refusals in the contract's order."""

    code: str
    slug: str | None
    refusals: tuple[Refusal, ...]

    @property
    def reason(self) -> Reason:
        """Return the first reason."""
        return self.refusals[0].reason


class UsedRate(Struct, frozen=True):
    """The exchange rate that amounts of a coupon were converted at: 1 `from_` is `rate` `to`."""

    from_: str
    to: str
    rate: Fraction


class Applied(Struct, frozen=True):
    """A code that applies and what it takes off, in minor units of the cart's currency.

    `lines` names only lines that carry some of it. `budget_amount` is what the coupon's budget
    pays, in minor units of the budget's currency (None without a budget).
    """

    code: str
    terms: CouponTerms
    discount: int = 0
    shipping_discount: int = 0
    lines: tuple[tuple[str, int], ...] = ()
    gifts: tuple[Gift, ...] = ()
    rate: UsedRate | None = None
    budget_amount: int | None = None

    @property
    def saving(self) -> int:
        """Return what the shopper saves by it."""
        return self.discount + self.shipping_discount


class QuoteLine(Struct, frozen=True):
    """One line of the cart after the coupons."""

    id: str
    discount: int
    final_price: int
    order: str = ""


class Quote(Struct, frozen=True):
    """The answer to a cart, money in minor units of `currency`.

    `tax` is 0 until `coupons.pricing.tax.with_tax` fills it in.
    """

    currency: str
    subtotal: int
    member_discount: int
    discount: int
    shipping: int
    shipping_discount: int
    applied: tuple[Applied, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    lines: tuple[QuoteLine, ...] = ()
    tax: int = 0
    tax_included: bool = False

    @property
    def valid(self) -> bool:
        """Say whether every code asked for applies."""
        return not self.rejected

    @property
    def saving(self) -> int:
        """Return what all the codes save together."""
        return self.discount + self.shipping_discount

    @property
    def payable(self) -> int:
        """Return what is left to pay."""
        goods = self.subtotal - self.member_discount - self.discount
        added_tax = 0 if self.tax_included else self.tax
        return goods + self.shipping - self.shipping_discount + added_tax
