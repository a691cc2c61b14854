"""A coupon's rules in words, as its page shows them: those that hold only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from coupons.admin.coupon_fields import (
    FUNDERS,
    MEMBER_PRICES,
    METHODS,
    RETURN_POLICIES,
    RISK_LEVELS,
    WHO,
)
from coupons.admin.coupon_typed import times
from coupons.admin.repeated import DAYS
from coupons.admin.shown import money, number
from coupons.models import Kind
from coupons.plain_words import Speech, giving
from coupons.plain_words.wording import chance
from coupons.pricing.money import parse_amount
from coupons.reasons import language_name, language_of

#: Entries of a list that are written out; the rest is counted.
SHOWN = 8

Facts = list[tuple[str, str]]


def facts(definition: Mapping[str, Any], *, starts_at: datetime | None) -> Facts:
    """Say the rules in words, those that hold only; `starts_at` is the publication's, if any."""
    if starts_at is not None:
        definition = {**definition, "starts_at": starts_at.replace(second=0).isoformat()}
    found = [
        (_("Gives"), gives(definition)),
        *_conditions(definition),
        *_audience(definition),
        *_limits(definition),
        *_around(definition),
        *_wording(definition),
    ]
    return [(label, text) for label, text in found if text and text != "–"]


def amounts(by_currency: Mapping[str, str] | None) -> str:
    """Write money per currency on one line."""
    pairs = (by_currency or {}).items()
    return " · ".join(money(parse_amount(amount, code), code) for code, amount in pairs)


def listed(entries: Sequence[str]) -> str:
    """Write a list on one line; a long one is cut."""
    return Speech(language="en").listed(entries, named=SHOWN)


class ConsoleSpeech(Speech):
    """How the operator reads money: to the cent, with the currency's code."""

    def amounts(self, by_currency: Mapping[str, str] | None) -> str:
        """Write money per currency on one line."""
        return amounts(by_currency)

    def category(self, path: str) -> str:
        """Write a path as programs do."""
        return path


def gives(definition: Mapping[str, Any]) -> str:
    """Say what one use gives."""
    kind = definition["kind"]
    if kind == Kind.GIFT:
        return listed([f"{gift['quantity']} × {gift['sku']}" for gift in definition["gifts"]])
    if kind == Kind.DRAW:
        total = sum(prize["weight"] for prize in definition["prizes"])
        return listed([f"{p['name']} ({chance(p['weight'], total)})" for p in definition["prizes"]])
    speech = ConsoleSpeech(language=language_of(get_language()))
    return giving.gives(definition, speech=speech) or str(Kind(kind).label)


def _conditions(definition: Mapping[str, Any]) -> Facts:
    scope = definition["scope"]
    left_out = [*scope["exclude_categories"], *scope["exclude_products"]]
    if scope["exclude_sale_items"]:
        left_out.append(_("what is on sale"))
    chosen = [*scope["categories"], *scope["products"]]
    after = definition["threshold_after_discounts"]
    return [
        (_("Minimum spend"), amounts(definition["min_spend"]) or _("None")),
        (_("Minimum number of items"), number(definition["min_quantity"])),
        (_("Minimum measured"), _("after other discounts") if after else ""),
        (_("Other currencies"), _("Converted at the day's rate") if definition["convert"] else ""),
        (_("Valid"), validity(definition)),
        (_("After the claim"), _after_the_claim(definition)),
        (_("Hours"), "; ".join(map(_window, definition["weekly_windows"]))),
        (_("Time zone"), definition["time_zone"]),
        (_("Applies to"), listed(chosen) or _("The whole shop")),
        (_("Left out"), listed(left_out)),
    ]


def _after_the_claim(definition: Mapping[str, Any]) -> str:
    parts = []
    if definition["starts_after_days"]:
        parts.append(_("starts after %(days)s days") % {"days": definition["starts_after_days"]})
    if definition["valid_days"]:
        parts.append(_("valid for %(days)s days") % {"days": definition["valid_days"]})
    return ", ".join(parts)


def _window(window: Mapping[str, Any]) -> str:
    days = ", ".join(str(name) for day, name in DAYS if day in window["days"])
    if window["from"] == window["to"]:
        return _("%(days)s, all day") % {"days": days}
    return _("%(days)s from %(start)s to %(end)s") % {
        "days": days,
        "start": window["from"],
        "end": window["to"],
    }


def _audience(definition: Mapping[str, Any]) -> Facts:
    customers = definition["customers"]
    who = customers["who"]
    return [
        (_("Who"), "" if who == "all" else str(dict(WHO)[who])),
        (_("Customer tags"), listed(customers["tags"])),
        (_("Member tiers"), listed(customers["tiers"])),
        (_("Segments"), listed(customers["segments"])),
        (_("Named customers"), listed(customers["ids"])),
        (_("Countries"), listed(definition["countries"])),
        (_("Sales channels"), listed(definition["channels"])),
        (_("Payment methods"), listed(definition["payment_methods"])),
        (_("Partners"), listed(definition["partners"])),
    ]


def _limits(definition: Mapping[str, Any]) -> Facts:
    limits = definition["limits"]
    claim = definition["claim_required"]
    return [
        (_("Uses in all"), number(limits["uses"])),
        (_("Uses per day"), number(limits["uses_per_day"])),
        (_("Uses per customer"), number(limits["uses_per_customer"])),
        (_("Uses per code"), "" if definition["code"] else number(limits["uses_per_code"])),
        (_("Codes issued at most"), number(limits["issued"])),
        (_("Budget"), amounts(limits["budget"])),
        (_("Claims per customer"), number(limits["claims_per_customer"])),
        (_("Claims per device"), number(limits["claims_per_device"])),
        (_("Claim"), _("Only for those who have claimed it") if claim else ""),
    ]


def _around(definition: Mapping[str, Any]) -> Facts:
    ways = [str(label) for name, label in METHODS if name in definition["methods"]]
    policy = str(dict(RETURN_POLICIES)[definition["return_policy"]])
    if definition["extend_days"]:
        policy += _(": %(days)s days") % {"days": definition["extend_days"]}
    member = definition["member_prices"]
    priority = definition["priority"]
    takes_back = _("Where a return undoes the condition")
    return [
        (_("Goes together with"), listed(definition["stacks_with"]) or _("No other coupon")),
        (_("Stacking group"), definition["stacking_group"]),
        (_("Priority"), "" if priority == 100 else number(priority)),
        (_("With member prices"), "" if member == "stack" else str(dict(MEMBER_PRICES)[member])),
        (_("Ways to redeem it"), "" if len(ways) == len(METHODS) else ", ".join(ways)),
        (_("When an order is returned"), policy),
        (_("Discount taken back"), takes_back if definition["claw_back"] else ""),
        (_("Paid for by"), str(dict(FUNDERS)[definition["funded_by"]])),
        (_("Risk"), str(dict(RISK_LEVELS)[definition["risk_level"]])),
    ]


def _wording(definition: Mapping[str, Any]) -> Facts:
    names = [f"{language_name(language)}: {name}" for language, name in definition["names"].items()]
    return [
        (_("Name in other languages"), " · ".join(names)),
        (_("Description"), definition["description"]),
        (_("Thank-you"), definition["thank_you"]),
        (_("Offered after it was used"), definition.get("follow_up") or ""),
    ]


def validity(definition: Mapping[str, Any]) -> str:
    """Say from when to when, in the coupon's own zone; the end as a day that still counts."""
    window = times(definition)
    start = _day(window.get("starts_on"), window.get("starts_time")) or _("publication")
    end = _day(window.get("ends_on"), window.get("ends_time"))
    if not end:
        return _("From %(start)s, without end") % {"start": start}
    if window.get("ends_time"):
        return _("From %(start)s until %(end)s") % {"start": start, "end": end}
    return _("From %(start)s to the end of %(end)s") % {"start": start, "end": end}


def _day(day: Any, at: Any) -> str:
    if day is None:
        return ""
    return f"{day:%Y-%m-%d} {at:%H:%M}" if at else f"{day:%Y-%m-%d}"
