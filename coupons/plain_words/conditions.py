"""Under which conditions a coupon works, each in a sentence to its shopper."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from coupons.plain_words.wording import Speech

Definition = Mapping[str, Any]
MONEY_KINDS = ("amount_off", "percent_off", "free_shipping", "gift", "tiered", "buy_x_get_y")


def sentences(definition: Definition, *, speech: Speech) -> list[str]:
    """Say every condition, those of the shopper's own doing first."""
    return [
        *_goods(definition, speech),
        *_minimum(definition, speech),
        _currencies(definition, speech),
        validity(definition, speech=speech),
        *_own_days(definition),
        _hours(definition, speech),
        *_people(definition, speech),
        *_places(definition, speech),
        *_often(definition),
        *_together(definition),
        *_redeeming(definition),
        *_returns(definition),
    ]


def validity(definition: Definition, *, speech: Speech) -> str:
    """Say from when to when, in the coupon's own time zone; empty where nothing bounds it."""
    starts, ends = definition.get("starts_at"), definition.get("ends_at")
    name = definition.get("time_zone") or "UTC"
    said = {
        "start": speech.start(starts, name) if starts else "",
        "end": speech.end(ends, name) if ends else "",
        "zone": speech.zone(name),
    }
    if starts and ends:
        return _("Valid from %(start)s to %(end)s (%(zone)s).") % said
    if ends:
        return _("Valid until %(end)s (%(zone)s).") % {"end": said["end"], "zone": said["zone"]}
    if starts:
        return _("Valid from %(start)s on (%(zone)s).") % {
            "start": said["start"],
            "zone": said["zone"],
        }
    return ""


def _goods(definition: Definition, speech: Speech) -> list[str]:
    if definition.get("kind") not in MONEY_KINDS:
        return []
    scope = definition.get("scope") or {}
    chosen, left_out = speech.goods(scope), speech.goods(scope, prefix="exclude_")
    on = _("Valid on: %(goods)s.") % {"goods": speech.listed(chosen)} if chosen else ""
    everything = not (chosen or left_out or scope.get("exclude_sale_items"))
    return [
        _("Valid on everything in the shop.") if everything else on,
        _("Not valid on: %(goods)s.") % {"goods": speech.listed(left_out)} if left_out else "",
        _("Not valid on sale items.") if scope.get("exclude_sale_items") else "",
    ]


def _minimum(definition: Definition, speech: Speech) -> list[str]:
    least = definition.get("min_spend") or {}
    asked = speech.amounts({c: amount for c, amount in least.items() if amount.strip("0.")})
    after = definition.get("threshold_after_discounts")
    said = ""
    if asked and after:
        said = _("Minimum spend: %(spend)s, after all other discounts.") % {"spend": asked}
    elif asked:
        said = _("Minimum spend: %(spend)s.") % {"spend": asked}
    items = definition.get("min_quantity")
    count = ngettext("Buy at least %(n)s item.", "Buy at least %(n)s items.", items or 0)
    return [said, count % {"n": f"{items:,}"} if items else ""]


def _currencies(definition: Definition, speech: Speech) -> str:
    """Say which currencies it takes: those that every amount of it is given in."""
    every, tiers = definition.get("every") or {}, definition.get("tiers") or ()
    sums = [definition.get("value"), definition.get("min_spend"), every.get("step")]
    sums += [tier["min_spend"] for tier in tiers]
    given = [set(amounts) for amounts in sums if amounts]
    if not given or definition.get("convert"):
        return ""
    codes = sorted(set.intersection(*given))
    return _("For orders in %(currencies)s.") % {"currencies": speech.listed(codes, named=20)}


def _own_days(definition: Definition) -> list[str]:
    wait, days = definition.get("starts_after_days"), definition.get("valid_days")
    waits = ngettext(
        "Usable %(n)s day after you claim it.", "Usable %(n)s days after you claim it.", wait or 0
    )
    lasts = ngettext(
        "Valid for %(n)s day once you have claimed it.",
        "Valid for %(n)s days once you have claimed it.",
        days or 0,
    )
    if wait and days:
        lasts = ngettext(
            "It is then valid for %(n)s day.", "It is then valid for %(n)s days.", days
        )
    return [waits % {"n": f"{wait:,}"} if wait else "", lasts % {"n": f"{days:,}"} if days else ""]


def _hours(definition: Definition, speech: Speech) -> str:
    windows = [window for window in definition.get("weekly_windows") or () if window["days"]]
    if not windows:
        return ""
    said = ("；" if speech.is_chinese else "; ").join(_window(window, speech) for window in windows)
    zone = speech.zone(definition.get("time_zone") or "UTC")
    return _("Only at these hours: %(hours)s (%(zone)s).") % {"hours": said, "zone": zone}


def _window(window: Definition, speech: Speech) -> str:
    days, opens, closes = speech.days(window["days"]), window["from"], window["to"]
    if not opens or not closes or opens == closes:
        return _("%(days)s, all day") % {"days": days}
    said = {"days": days, "start": speech.hour(opens), "end": speech.hour(closes)}
    if closes < opens:
        return _("%(days)s from %(start)s to %(end)s on the next day") % said
    return _("%(days)s from %(start)s to %(end)s") % said


def _people(definition: Definition, speech: Speech) -> list[str]:
    customers = definition.get("customers") or {}
    tiers = speech.listed(customers.get("tiers") or ())
    # Tags, segments and names are the merchant's own business.
    chosen = any(customers.get(name) for name in ("tags", "segments", "ids"))
    return [
        {
            "new": _("For new customers only, on their first order."),
            "returning": _("For customers who have ordered before."),
        }.get(customers.get("who") or "", ""),
        _("For members of: %(tiers)s.") % {"tiers": tiers} if tiers else "",
        _("For selected customers only.") if chosen else "",
    ]


def _places(definition: Definition, speech: Speech) -> list[str]:
    countries = [speech.country(code) for code in definition.get("countries") or ()]
    channels = [speech.channel(slug) for slug in definition.get("channels") or ()]
    said = [
        (_("Only for orders to: %(names)s."), countries),
        (_("Only in: %(names)s."), channels),
        (_("Only when you pay by: %(names)s."), definition.get("payment_methods") or ()),
        (_("Only for orders that come through: %(names)s."), definition.get("partners") or ()),
    ]
    return [text % {"names": speech.listed(names)} if names else "" for text, names in said]


def _often(definition: Definition) -> list[str]:
    limits = definition.get("limits") or {}
    own_code = not definition.get("code")
    counted = [
        ("uses_per_customer", _("Once per customer."), _("Up to %(n)s times per customer.")),
        (
            "uses_per_code",
            _("Each code works once."),
            _("Each code works up to %(n)s times."),
        ),
        (
            "claims_per_customer",
            _("Each customer can claim it once."),
            _("Each customer can claim it up to %(n)s times."),
        ),
        (
            "claims_per_device",
            _("It can be claimed once on a device."),
            _("It can be claimed up to %(n)s times on a device."),
        ),
        ("uses", _("There is only one."), _("There are %(n)s in all.")),
        ("uses_per_day", _("There is one a day."), _("There are %(n)s a day.")),
        ("issued", _("One code is given out."), _("%(n)s codes are given out.")),
    ]
    said = [
        once if limits[name] == 1 else many % {"n": f"{limits[name]:,}"}
        for name, once, many in counted
        if limits.get(name)
        and (name != "uses_per_code" or own_code)
        # A shared code is one code, however many may use it.
        and (name != "issued" or own_code)
    ]
    ends = _("It may end early, once its budget is spent.") if limits.get("budget") else ""
    return [*said, ends]


def _together(definition: Definition) -> list[str]:
    member = {
        "stack": "",
        "better_of": _("You get the better of your member price and this coupon."),
        "refuse": _("Not valid together with member prices."),
    }
    others = (
        _("Can be combined with some other coupons.")
        if definition.get("stacks_with")
        else _("Cannot be combined with other coupons.")
    )
    return [others, member.get(definition.get("member_prices") or "", "")]


def _redeeming(definition: Definition) -> list[str]:
    code, methods = definition.get("code"), definition.get("methods") or ()
    online, desk = "automatic" in methods, "manual" in methods or "api" in methods
    said = {"code": code} if code else {}
    if online and desk and code:
        how = _("Enter the code %(code)s at checkout, or show it at the till.")
    elif online and desk:
        how = _("Enter your own code at checkout, or show it at the till.")
    elif online and code:
        how = _("Enter the code %(code)s at checkout.")
    elif online:
        how = _("Enter your own code at checkout.")
    elif desk and code:
        how = _("Show the code %(code)s at the till.")
    elif desk:
        how = _("Show your own code at the till.")
    else:
        how = _("You need not do anything: we redeem it for you.")
    claim = _("Claim it before you use it.") if definition.get("claim_required") else ""
    verify = (
        _("You may be asked to confirm that it is you.")
        if definition.get("risk_level") == "high"
        else ""
    )
    return [claim, how % said, verify]


def _returns(definition: Definition) -> list[str]:
    if definition.get("kind") not in MONEY_KINDS:
        return []
    days = definition.get("extend_days") or 0
    extended = ngettext(
        "If you return the whole order, you get the coupon back for at least %(n)s day.",
        "If you return the whole order, you get the coupon back for at least %(n)s days.",
        days,
    )
    asked = definition.get("return_policy") or ""
    # Everybody's code is neither replaced nor made to last for one of them.
    chosen = "restore_if_valid" if definition.get("code") and asked != "never" else asked
    policy = {
        "restore_if_valid": _(
            "If you return the whole order while the coupon is valid, you get it back."
        ),
        "restore_and_extend": extended % {"n": f"{days:,}"},
        "reissue": _("If you return the whole order, you get a new code."),
        "never": _("Once used, the coupon does not come back when you return the order."),
    }
    back = _("If what you keep no longer meets the conditions, the discount is taken back.")
    return [
        policy.get(chosen, ""),
        back if definition.get("claw_back") else "",
    ]
