"""What each condition wanted and what it found: the conditions again, for a reader.

Whether one holds is asked of the condition itself; here stands only what to show beside it.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from coupons.pricing.candidate import CouponState
from coupons.pricing.cart import Shopper
from coupons.pricing.conditions import CONDITIONS, Asked, begin, expiry, is_personal
from coupons.pricing.money import Money
from coupons.pricing.quote import Reason, Refusal
from coupons.pricing.terms import (
    METHODS,
    Audience,
    Kind,
    MemberPrices,
    Scope,
    WeeklyWindow,
)

#: What a condition wants or finds: an amount, a count, an instant, a word, several words,
#: or one of the engine's own values. None: it wants nothing, or found nothing.
Value = (
    Money
    | int
    | str
    | datetime
    | tuple[str, ...]
    | tuple[WeeklyWindow, ...]
    | Audience
    | Shopper
    | Scope
    | None
)
Pair = tuple[Value, Value]
ASKS_NOTHING: Pair = (None, None)


class Look(Struct, frozen=True):
    """One condition: the reason it refuses with, and the refusal if it did.

    A limit wants to be above what it found; a list wants what it found to be in it.
    """

    reason: Reason
    wanted: Value
    found: Value
    refusal: Refusal | None

    @property
    def asks(self) -> bool:
        """Say whether the coupon asked anything here."""
        return self.wanted is not None


def looks(asked: Asked) -> tuple[Look, ...]:
    """Ask every condition, in the order of the contract, and note what it looked at."""
    found = []
    for condition, (reason, look) in zip(CONDITIONS, _LOOKS, strict=True):
        refusal = condition(asked)
        wanted, seen = look(asked)
        found.append(Look(refusal.reason if refusal else reason, wanted, seen, refusal))
    return tuple(found)


def _revoked(asked: Asked) -> Pair:
    return "active", "revoked" if asked.status.revoked else "active"


def _repeated(asked: Asked) -> Pair:
    return "once", "again" if asked.is_repeated else "once"


def _published(asked: Asked) -> Pair:
    return "published", str(asked.status.coupon_state)


def _started(asked: Asked) -> Pair:
    start = begin(asked)
    return ASKS_NOTHING if start is None else (start, asked.at)


def _not_expired(asked: Asked) -> Pair:
    end = expiry(asked)
    if end is not None and asked.at >= end:
        return end, asked.at
    if asked.status.coupon_state == CouponState.ENDED and asked.is_unclaimed_shared:
        return "not_ended", str(asked.status.coupon_state)
    return ASKS_NOTHING if end is None else (end, asked.at)


def _not_paused(asked: Asked) -> Pair:
    if not asked.is_unclaimed_shared:
        return ASKS_NOTHING
    return "not_paused", str(asked.status.coupon_state)


def _code_uses(asked: Asked) -> Pair:
    return _limit(asked.status.code_max_uses, asked.status.code_uses)


def _code_holds(asked: Asked) -> Pair:
    status = asked.status
    return _limit(status.code_max_uses, status.code_uses + status.code_holds)


def _customer(asked: Asked) -> Pair:
    return ("customer", _ref(asked)) if is_personal(asked) else ASKS_NOTHING


def _owned(asked: Asked) -> Pair:
    owner = asked.status.owner
    return ASKS_NOTHING if owner is None or _ref(asked) is None else (owner, _ref(asked))


def _claimed(asked: Asked) -> Pair:
    if _ref(asked) is None or not asked.terms.claim_required:
        return ASKS_NOTHING
    return "claimed", asked.status.claimed_at


def _uses(asked: Asked) -> Pair:
    return _limit(asked.terms.limits.uses, asked.status.coupon_uses)


def _uses_today(asked: Asked) -> Pair:
    return _limit(asked.terms.limits.uses_per_day, asked.status.uses_today)


def _budget(asked: Asked) -> Pair:
    limits = asked.terms.limits
    if limits.budget is None or limits.budget_currency is None:
        return ASKS_NOTHING
    currency = limits.budget_currency
    return Money(limits.budget, currency), Money(asked.status.budget_used, currency)


def _customer_uses(asked: Asked) -> Pair:
    if _ref(asked) is None:
        return ASKS_NOTHING
    return _limit(asked.terms.limits.uses_per_customer, asked.status.customer_uses)


def _hours(asked: Asked) -> Pair:
    windows = asked.terms.weekly_windows
    return (windows, asked.at) if windows else ASKS_NOTHING


def _method(asked: Asked) -> Pair:
    if asked.method == "api" and "api" in asked.terms.methods and asked.terms.api_keys:
        return _sorted(asked.terms.api_keys), asked.cart.key
    if asked.terms.methods.issuperset({*METHODS, asked.method}):
        return ASKS_NOTHING
    return _sorted(asked.terms.methods), asked.method


def _channel(asked: Asked) -> Pair:
    return _one_of(asked.terms.channels, asked.cart.channel)


def _country(asked: Asked) -> Pair:
    return _one_of(asked.terms.countries, (asked.cart.country or "").upper() or None)


def _currency(asked: Asked) -> Pair:
    named = asked.terms.currencies
    if asked.amounts is None and asked.terms.limits.budget_currency:
        named |= {asked.terms.limits.budget_currency}
    return _one_of(named, asked.cart.currency)


def _payment_method(asked: Asked) -> Pair:
    return _one_of(asked.terms.payment_methods, asked.cart.payment_method)


def _partner(asked: Asked) -> Pair:
    return _one_of(asked.terms.partners, asked.cart.partner)


def _audience(asked: Asked) -> Pair:
    if _ref(asked) is None or asked.terms.audience.is_everyone:
        return ASKS_NOTHING
    return asked.terms.audience, asked.cart.shopper


def _items(asked: Asked) -> Pair:
    if not asked.terms.needs_lines:
        return ASKS_NOTHING
    return asked.terms.scope, tuple([asked.cart.lines[i].sku for i in asked.eligible])


def _quantity(asked: Asked) -> Pair:
    if not asked.terms.min_quantity or not asked.terms.needs_lines:
        return ASKS_NOTHING
    found = sum(asked.cart.lines[i].quantity for i in asked.eligible)
    return asked.terms.min_quantity, found


def _spend(asked: Asked) -> Pair:
    if asked.amounts is None or not asked.terms.needs_lines or not asked.amounts.threshold:
        return ASKS_NOTHING
    currency = asked.cart.currency
    return Money(asked.amounts.threshold, currency), Money(asked.spend, currency)


def _member_prices(asked: Asked) -> Pair:
    terms = asked.terms
    if terms.member_prices is not MemberPrices.REFUSE or terms.kind in (Kind.PASS, Kind.DRAW):
        return ASKS_NOTHING
    lines = {*asked.eligible, *asked.gettable}
    found = sum(asked.cart.lines[i].member_discount for i in lines)
    return Money(0, asked.cart.currency), Money(found, asked.cart.currency)


def _risk(asked: Asked) -> Pair:
    verdict = asked.status.verdict
    return ASKS_NOTHING if verdict is None else ("no_objection", verdict.value)


def _ref(asked: Asked) -> str | None:
    return asked.cart.shopper.ref


def _limit(limit: int | None, used: int) -> Pair:
    return ASKS_NOTHING if limit is None else (limit, used)


def _one_of(names: frozenset[str], found: str | None) -> Pair:
    return (_sorted(names), found) if names else ASKS_NOTHING


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


#: Beside `CONDITIONS`, one for one, each with the reason it refuses with.
_LOOKS: tuple[tuple[Reason, Callable[[Asked], Pair]], ...] = (
    (Reason.CODE_REVOKED, _revoked),
    (Reason.ALREADY_APPLIED, _repeated),
    (Reason.NOT_PUBLISHED, _published),
    (Reason.NOT_STARTED, _started),
    (Reason.EXPIRED, _not_expired),
    (Reason.PAUSED, _not_paused),
    (Reason.ALREADY_REDEEMED, _code_uses),
    (Reason.HELD, _code_holds),
    (Reason.CUSTOMER_REQUIRED, _customer),
    (Reason.NOT_OWNER, _owned),
    (Reason.CLAIM_REQUIRED, _claimed),
    (Reason.USAGE_LIMIT_REACHED, _uses),
    (Reason.DAILY_LIMIT_REACHED, _uses_today),
    (Reason.BUDGET_EXHAUSTED, _budget),
    (Reason.CUSTOMER_LIMIT_REACHED, _customer_uses),
    (Reason.OUTSIDE_HOURS, _hours),
    (Reason.METHOD_NOT_ALLOWED, _method),
    (Reason.CHANNEL_NOT_ALLOWED, _channel),
    (Reason.COUNTRY_NOT_ALLOWED, _country),
    (Reason.CURRENCY_NOT_SUPPORTED, _currency),
    (Reason.PAYMENT_METHOD_NOT_ALLOWED, _payment_method),
    (Reason.PARTNER_REQUIRED, _partner),
    (Reason.CUSTOMER_NOT_ELIGIBLE, _audience),
    (Reason.NO_APPLICABLE_ITEMS, _items),
    (Reason.MIN_QUANTITY_NOT_MET, _quantity),
    (Reason.MIN_SPEND_NOT_MET, _spend),
    (Reason.MEMBER_PRICE_CONFLICT, _member_prices),
    (Reason.RISK_DENIED, _risk),
)
