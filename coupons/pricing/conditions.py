"""One function a condition: it returns a Refusal or None. All of them are asked."""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct, field

from coupons.pricing.basket import Basket
from coupons.pricing.candidate import CodeStatus, CouponState
from coupons.pricing.cart import Cart
from coupons.pricing.exchange import LocalAmounts
from coupons.pricing.quote import Reason, Refusal
from coupons.pricing.terms import CouponTerms, Kind, MemberPrices
from coupons.pricing.windows import is_open, opens_at, validity


class Asked(Struct):
    """One code asked for, with everything its conditions look at.

    `eligible` are the lines in scope, `gettable` those a "get" scope names. `taken` is how
    many codes of the same coupon go before it in this cart. `amounts` is None where the
    coupon does not support the cart's currency.
    """

    position: int
    code: str
    cart: Cart
    basket: Basket
    terms: CouponTerms
    status: CodeStatus
    at: datetime
    method: str
    amounts: LocalAmounts | None
    eligible: tuple[int, ...]
    gettable: tuple[int, ...] = ()
    is_repeated: bool = False
    taken: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def is_unclaimed_shared(self) -> bool:
        """Say whether a pause or an early end stops this code for this shopper."""
        return self.status.shared and self.status.claimed_at is None

    @property
    def spend(self) -> int:
        """Return what the thresholds look at: the bases, or what remains."""
        if self.terms.threshold_after_discounts:
            return sum([self.basket.remaining[i] for i in self.eligible])
        lines = self.cart.lines
        return sum(
            [
                lines[i].unit_price * lines[i].quantity - lines[i].member_discount
                for i in self.eligible
            ]
        )


Condition = Callable[[Asked], Refusal | None]


def refusals(asked: Asked) -> list[Refusal]:
    """Return all that stands against a code by itself, in the order of the contract."""
    return [refusal for condition in CONDITIONS if (refusal := condition(asked)) is not None]


def limit_refusals(asked: Asked) -> list[Refusal]:
    """Return the limits that the codes of the same coupon before it use up."""
    return [refusal for condition in _LIMITS if (refusal := condition(asked)) is not None]


def _revoked(asked: Asked) -> Refusal | None:
    return Refusal(Reason.CODE_REVOKED) if asked.status.revoked else None


def _repeated(asked: Asked) -> Refusal | None:
    return Refusal(Reason.ALREADY_APPLIED) if asked.is_repeated else None


def _published(asked: Asked) -> Refusal | None:
    state = asked.status.coupon_state
    if state in (CouponState.DRAFT, CouponState.IN_REVIEW, CouponState.APPROVED):
        return Refusal(Reason.NOT_PUBLISHED)
    if state == CouponState.TESTING and not asked.cart.shopper.is_test:
        return Refusal(Reason.NOT_PUBLISHED)
    return None


def _started(asked: Asked) -> Refusal | None:
    start = begin(asked)
    if start is not None and asked.at < start:
        return Refusal(Reason.NOT_STARTED, params={"starts_at": start})
    return None


def _not_expired(asked: Asked) -> Refusal | None:
    end = expiry(asked)
    if end is not None and asked.at >= end:
        return Refusal(Reason.EXPIRED, params={"expired_at": end})
    if asked.status.coupon_state == CouponState.ENDED and asked.is_unclaimed_shared:
        return Refusal(Reason.EXPIRED)
    return None


def begin(asked: Asked) -> datetime | None:
    """Return from when on the code counts, in UTC; None is always."""
    return _validity(asked)[0]


def expiry(asked: Asked) -> datetime | None:
    """Return when the code runs out, in UTC; None is never."""
    if asked.status.code_expires_at is not None:
        return asked.status.code_expires_at
    return _validity(asked)[1]


def _validity(asked: Asked) -> tuple[datetime | None, datetime | None]:
    return validity(
        terms=asked.terms,
        published_at=asked.status.published_at,
        claimed_at=asked.status.claimed_at,
    )


def _not_paused(asked: Asked) -> Refusal | None:
    if asked.status.coupon_state == CouponState.PAUSED and asked.is_unclaimed_shared:
        return Refusal(Reason.PAUSED)
    return None


def _has_uses_left(asked: Asked) -> Refusal | None:
    status = asked.status
    if status.code_max_uses is not None and status.code_uses >= status.code_max_uses:
        return Refusal(Reason.ALREADY_REDEEMED)
    return None


def _not_held(asked: Asked) -> Refusal | None:
    status = asked.status
    if status.code_max_uses is None or status.code_uses >= status.code_max_uses:
        return None
    if status.code_uses + status.code_holds >= status.code_max_uses:
        return Refusal(Reason.HELD)
    return None


def _customer_known(asked: Asked) -> Refusal | None:
    if asked.cart.shopper.ref is not None:
        return None
    return Refusal(Reason.CUSTOMER_REQUIRED) if is_personal(asked) else None


def is_personal(asked: Asked) -> bool:
    """Say whether a rule of the code looks at who the customer is."""
    terms = asked.terms
    return (
        asked.status.owner is not None
        or terms.limits.uses_per_customer is not None
        or terms.claim_required
        or not terms.audience.is_everyone
    )


def _owned(asked: Asked) -> Refusal | None:
    ref, owner = asked.cart.shopper.ref, asked.status.owner
    if ref is not None and owner is not None and ref != owner:
        return Refusal(Reason.NOT_OWNER)
    return None


def _claimed(asked: Asked) -> Refusal | None:
    if asked.cart.shopper.ref is None or not asked.terms.claim_required:
        return None
    return Refusal(Reason.CLAIM_REQUIRED) if asked.status.claimed_at is None else None


def _uses_left(asked: Asked) -> Refusal | None:
    limit = asked.terms.limits.uses
    if limit is not None and asked.status.coupon_uses + asked.taken >= limit:
        return Refusal(Reason.USAGE_LIMIT_REACHED, params={"limit": limit})
    prizes = asked.status.prizes_left
    if prizes is not None and asked.taken >= prizes:
        return Refusal(Reason.USAGE_LIMIT_REACHED)
    return None


def _uses_left_today(asked: Asked) -> Refusal | None:
    limit = asked.terms.limits.uses_per_day
    if limit is not None and asked.status.uses_today + asked.taken >= limit:
        return Refusal(Reason.DAILY_LIMIT_REACHED, params={"limit": limit})
    return None


def _budget_left(asked: Asked) -> Refusal | None:
    budget = asked.terms.limits.budget
    if budget is not None and asked.status.budget_used >= budget:
        return Refusal(Reason.BUDGET_EXHAUSTED)
    return None


def _customer_uses_left(asked: Asked) -> Refusal | None:
    limit = asked.terms.limits.uses_per_customer
    if asked.cart.shopper.ref is None or limit is None:
        return None
    if asked.status.customer_uses + asked.taken >= limit:
        return Refusal(Reason.CUSTOMER_LIMIT_REACHED, params={"limit": limit})
    return None


def _in_hours(asked: Asked) -> Refusal | None:
    windows, zone = asked.terms.weekly_windows, asked.terms.time_zone
    if is_open(windows=windows, time_zone=zone, at=asked.at):
        return None
    next_open = opens_at(windows=windows, time_zone=zone, at=asked.at)
    return Refusal(Reason.OUTSIDE_HOURS, params={"opens_at": next_open})


def _method(asked: Asked) -> Refusal | None:
    if asked.method in asked.terms.methods and not _is_other_key(asked):
        return None
    return Refusal(Reason.METHOD_NOT_ALLOWED, params={"method": asked.method})


def _is_other_key(asked: Asked) -> bool:
    """Say whether the coupon names the keys that may redeem it, and this is none of them."""
    keys = asked.terms.api_keys
    return bool(keys) and asked.method == "api" and asked.cart.key not in keys


def _channel(asked: Asked) -> Refusal | None:
    channels = asked.terms.channels
    if channels and asked.cart.channel not in channels:
        return Refusal(Reason.CHANNEL_NOT_ALLOWED)
    return None


def _country(asked: Asked) -> Refusal | None:
    countries = asked.terms.countries
    if countries and (asked.cart.country or "").upper() not in countries:
        return Refusal(Reason.COUNTRY_NOT_ALLOWED)
    return None


def _currency(asked: Asked) -> Refusal | None:
    if asked.amounts is not None:
        return None
    return Refusal(Reason.CURRENCY_NOT_SUPPORTED, params={"currency": asked.cart.currency})


def _payment_method(asked: Asked) -> Refusal | None:
    allowed = asked.terms.payment_methods
    if allowed and asked.cart.payment_method not in allowed:
        return Refusal(Reason.PAYMENT_METHOD_NOT_ALLOWED)
    return None


def _partner(asked: Asked) -> Refusal | None:
    partners = asked.terms.partners
    if partners and asked.cart.partner not in partners:
        return Refusal(Reason.PARTNER_REQUIRED)
    return None


def _audience(asked: Asked) -> Refusal | None:
    shopper, audience = asked.cart.shopper, asked.terms.audience
    if shopper.ref is None or audience.is_everyone:
        return None
    welcome = (
        (audience.who == "all" or shopper.is_new == (audience.who == "new"))
        and (not audience.tiers or shopper.tier in audience.tiers)
        and (not audience.tags or not audience.tags.isdisjoint(shopper.tags))
        and (not audience.segments or not audience.segments.isdisjoint(shopper.segments))
        and (not audience.ids or shopper.ref in audience.ids)
    )
    return None if welcome else Refusal(Reason.CUSTOMER_NOT_ELIGIBLE)


def _applicable_items(asked: Asked) -> Refusal | None:
    if asked.terms.needs_lines and not asked.eligible:
        return Refusal(Reason.NO_APPLICABLE_ITEMS)
    return None


def _quantity(asked: Asked) -> Refusal | None:
    wanted = asked.terms.min_quantity
    if not wanted or not asked.terms.needs_lines:
        return None
    missing = wanted - sum(asked.cart.lines[i].quantity for i in asked.eligible)
    if missing <= 0:
        return None
    params = {"min_quantity": wanted, "missing_quantity": missing}
    return Refusal(Reason.MIN_QUANTITY_NOT_MET, params=params)


def threshold_met(asked: Asked) -> Refusal | None:
    """Refuse where the eligible lines are worth less than the coupon asks for."""
    if asked.amounts is None or not asked.terms.needs_lines:
        return None
    threshold = asked.amounts.threshold
    missing = threshold - asked.spend if threshold else 0
    if missing <= 0:
        return None
    params = {"min_spend": threshold, "missing": missing}
    return Refusal(Reason.MIN_SPEND_NOT_MET, missing=missing, params=params)


def _member_prices(asked: Asked) -> Refusal | None:
    terms = asked.terms
    if terms.member_prices is not MemberPrices.REFUSE or terms.kind in (Kind.PASS, Kind.DRAW):
        return None
    lines: Sequence[int] = asked.eligible + asked.gettable
    if any(asked.cart.lines[i].member_discount for i in lines):
        return Refusal(Reason.MEMBER_PRICE_CONFLICT)
    return None


def _risk(asked: Asked) -> Refusal | None:
    verdict = asked.status.verdict
    return None if verdict is None else Refusal(verdict)


#: In the order of the contract's list of reasons. `code_not_found`, `not_combinable` and
#: `no_effect` are not a code's own: `evaluate` sees to them.
CONDITIONS: tuple[Condition, ...] = (
    _revoked,
    _repeated,
    _published,
    _started,
    _not_expired,
    _not_paused,
    _has_uses_left,
    _not_held,
    _customer_known,
    _owned,
    _claimed,
    _uses_left,
    _uses_left_today,
    _budget_left,
    _customer_uses_left,
    _in_hours,
    _method,
    _channel,
    _country,
    _currency,
    _payment_method,
    _partner,
    _audience,
    _applicable_items,
    _quantity,
    threshold_met,
    _member_prices,
    _risk,
)
_LIMITS: tuple[Condition, ...] = (_uses_left, _uses_left_today, _customer_uses_left)
