"""Conditions in words: what each wanted, and what it found."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coupons.admin.coupon_fields import METHODS, WHO
from coupons.admin.repeated import DAYS
from coupons.admin.rules_in_words import listed
from coupons.admin.shown import money, number
from coupons.pricing.cart import Shopper
from coupons.pricing.looks import Look, Value
from coupons.pricing.money import Money
from coupons.pricing.quote import Reason
from coupons.pricing.terms import WEEKDAYS, Audience, Scope, WeeklyWindow

LABELS = {
    Reason.CODE_REVOKED: gettext_lazy("Code in force"),
    Reason.ALREADY_APPLIED: gettext_lazy("Once in the cart"),
    Reason.NOT_PUBLISHED: gettext_lazy("Published"),
    Reason.NOT_STARTED: gettext_lazy("Start"),
    Reason.EXPIRED: gettext_lazy("End"),
    Reason.PAUSED: gettext_lazy("Not paused"),
    Reason.ALREADY_REDEEMED: gettext_lazy("Uses of this code"),
    Reason.HELD: gettext_lazy("Uses and holds of this code"),
    Reason.CUSTOMER_REQUIRED: gettext_lazy("A known customer"),
    Reason.NOT_OWNER: gettext_lazy("Owner of the code"),
    Reason.CLAIM_REQUIRED: gettext_lazy("Claim"),
    Reason.USAGE_LIMIT_REACHED: gettext_lazy("Uses in all"),
    Reason.DAILY_LIMIT_REACHED: gettext_lazy("Uses per day"),
    Reason.BUDGET_EXHAUSTED: gettext_lazy("Budget"),
    Reason.CUSTOMER_LIMIT_REACHED: gettext_lazy("Uses per customer"),
    Reason.OUTSIDE_HOURS: gettext_lazy("Hours"),
    Reason.METHOD_NOT_ALLOWED: gettext_lazy("Ways to redeem it"),
    Reason.CHANNEL_NOT_ALLOWED: gettext_lazy("Sales channels"),
    Reason.COUNTRY_NOT_ALLOWED: gettext_lazy("Countries"),
    Reason.CURRENCY_NOT_SUPPORTED: gettext_lazy("Currencies"),
    Reason.PAYMENT_METHOD_NOT_ALLOWED: gettext_lazy("Payment methods"),
    Reason.PARTNER_REQUIRED: gettext_lazy("Partners"),
    Reason.CUSTOMER_NOT_ELIGIBLE: gettext_lazy("Who"),
    Reason.NO_APPLICABLE_ITEMS: gettext_lazy("Applies to"),
    Reason.MIN_QUANTITY_NOT_MET: gettext_lazy("Minimum number of items"),
    Reason.MIN_SPEND_NOT_MET: gettext_lazy("Minimum spend"),
    Reason.MEMBER_PRICE_CONFLICT: gettext_lazy("With member prices"),
    Reason.VERIFICATION_REQUIRED: gettext_lazy("Risk"),
    Reason.RISK_DENIED: gettext_lazy("Risk"),
    # What no condition of a code's own ends in.
    Reason.CODE_NOT_FOUND: gettext_lazy("No such code"),
    Reason.NOT_COMBINABLE: gettext_lazy("Not together with others"),
    Reason.NO_EFFECT: gettext_lazy("Takes nothing off"),
}

#: What is wanted, where a bare value would not say it.
_WANTED = {
    Reason.NOT_STARTED: gettext_lazy("from %(value)s on"),
    Reason.EXPIRED: gettext_lazy("before %(value)s"),
    Reason.ALREADY_REDEEMED: gettext_lazy("fewer than %(value)s"),
    Reason.HELD: gettext_lazy("fewer than %(value)s"),
    Reason.USAGE_LIMIT_REACHED: gettext_lazy("fewer than %(value)s"),
    Reason.DAILY_LIMIT_REACHED: gettext_lazy("fewer than %(value)s"),
    Reason.CUSTOMER_LIMIT_REACHED: gettext_lazy("fewer than %(value)s"),
    Reason.BUDGET_EXHAUSTED: gettext_lazy("less than %(value)s spent"),
    Reason.NOT_OWNER: gettext_lazy("customer %(value)s"),
    Reason.MIN_QUANTITY_NOT_MET: gettext_lazy("at least %(value)s"),
    Reason.MIN_SPEND_NOT_MET: gettext_lazy("at least %(value)s"),
    Reason.MEMBER_PRICE_CONFLICT: gettext_lazy("no member discount"),
}

#: What is said where nothing was found.
_NOTHING = {
    Reason.CUSTOMER_REQUIRED: gettext_lazy("a guest"),
    Reason.CLAIM_REQUIRED: gettext_lazy("not claimed"),
}

_WORDS = {
    "active": gettext_lazy("in force"),
    "revoked": gettext_lazy("withdrawn"),
    "once": gettext_lazy("once"),
    "again": gettext_lazy("a second time"),
    "published": gettext_lazy("published, or tried by a test customer"),
    "not_ended": gettext_lazy("not ended"),
    "not_paused": gettext_lazy("not paused"),
    "customer": gettext_lazy("a customer"),
    "claimed": gettext_lazy("claimed"),
    "no_objection": gettext_lazy("no objection"),
    "verification_required": gettext_lazy("to be verified"),
    "risk_denied": gettext_lazy("denied"),
    "draft": gettext_lazy("a draft"),
    "testing": gettext_lazy("under test"),
    "in_review": gettext_lazy("in review"),
    "approved": gettext_lazy("approved"),
    "scheduled": gettext_lazy("scheduled"),
    "live": gettext_lazy("live"),
    "paused": gettext_lazy("paused"),
    "ended": gettext_lazy("ended"),
}
#: Conditions whose values are words of ours; any other text is the shop's own.
_OURS = {
    Reason.CODE_REVOKED,
    Reason.ALREADY_APPLIED,
    Reason.NOT_PUBLISHED,
    Reason.EXPIRED,
    Reason.PAUSED,
    Reason.VERIFICATION_REQUIRED,
    Reason.RISK_DENIED,
}
_OURS_WANTED = _OURS | {Reason.CUSTOMER_REQUIRED, Reason.CLAIM_REQUIRED}


def wanted(look: Look, *, zone: str) -> str:
    """Say what a condition wanted; times in the coupon's zone."""
    if look.reason in _OURS_WANTED and isinstance(look.wanted, str):
        return str(_WORDS[look.wanted])
    said = _value(look.wanted, zone=zone, reason=look.reason)
    phrase = _WANTED.get(look.reason)
    return str(phrase) % {"value": said} if phrase else said


def found(look: Look, *, zone: str) -> str:
    """Say what it found."""
    if look.found in (None, ()):
        return str(_NOTHING.get(look.reason, _("nothing")))
    if look.reason in _OURS and isinstance(look.found, str):
        return str(_WORDS.get(look.found, look.found))
    return _value(look.found, zone=zone, reason=look.reason)


def _value(value: Value, *, zone: str, reason: Reason) -> str:
    match value:
        case Money():
            return money(value.minor, value.currency)
        case int():
            return number(value)
        case datetime():
            return moment(value, zone=zone)
        case Scope():
            return _scope(value)
        case Audience():
            return _audience(value)
        case Shopper():
            return _shopper(value)
        case (WeeklyWindow(), *_):
            return "; ".join(_window(each) for each in value)
        case tuple():
            return listed([_method(each, reason) for each in value])
    return _method(str(value), reason)


def _method(text: str, reason: Reason) -> str:
    return str(dict(METHODS).get(text, text)) if reason is Reason.METHOD_NOT_ALLOWED else text


def moment(at: datetime, *, zone: str) -> str:
    """Write a time to the second, with its day of the week, in a zone."""
    local = at.astimezone(ZoneInfo(zone))
    day = dict(DAYS)[WEEKDAYS[local.weekday()]]
    return f"{local:%Y-%m-%d %H:%M:%S} ({day})"


def _window(window: WeeklyWindow) -> str:
    days = ", ".join(str(name) for day, name in DAYS if WEEKDAYS.index(day) in window.days)
    if window.start == window.end:
        return _("%(days)s, all day") % {"days": days}
    start, end = (f"{each // 60:02}:{each % 60:02}" for each in (window.start, window.end))
    return _("%(days)s from %(start)s to %(end)s") % {"days": days, "start": start, "end": end}


def _scope(scope: Scope) -> str:
    chosen = sorted(scope.categories) + sorted(scope.products)
    left_out = sorted(scope.exclude_categories) + sorted(scope.exclude_products)
    if scope.exclude_sale_items:
        left_out.append(_("what is on sale"))
    text = listed(chosen) if chosen else _("The whole shop")
    return f"{text}; {_('Left out')}: {listed(left_out)}" if left_out else text


def _audience(audience: Audience) -> str:
    who = [] if audience.who == "all" else [str(dict(WHO)[audience.who])]
    lists = _lists(audience.tiers, audience.tags, audience.segments, audience.ids)
    return "; ".join([*who, *lists])


def _shopper(shopper: Shopper) -> str:
    who = dict(WHO)["new" if shopper.is_new else "returning"]
    tiers = [shopper.tier] if shopper.tier else []
    return "; ".join([f"{shopper.ref}", str(who), *_lists(tiers, shopper.tags, shopper.segments)])


def _lists(
    tiers: Iterable[str],
    tags: Iterable[str],
    segments: Iterable[str],
    ids: Iterable[str] = (),
) -> list[str]:
    named = (
        (_("Member tiers"), tiers),
        (_("Customer tags"), tags),
        (_("Segments"), segments),
        (_("Named customers"), ids),
    )
    return [f"{label}: {listed(sorted(names))}" for label, names in named if names]
