"""What a coupon gives: its headline, and the sentences that say it in full.

`gives` is said to the operator too, in the words of another speech.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from coupons.plain_words.wording import Speech, chance

#: Tiers and prizes that a headline names.
IN_HEADLINE = 3

Definition = Mapping[str, Any]


def headline(definition: Definition, *, speech: Speech) -> str:
    """Say in a few words what it gives, and from which spend on."""
    short = _HEADLINES.get(definition.get("kind") or "")
    return short(definition, speech) if short else ""


def sentences(definition: Definition, *, speech: Speech) -> list[str]:
    """Say in full what one use gives."""
    said = _in_full(definition, speech)
    if definition.get("convert"):
        other = _("In other currencies the amounts are converted at the day's rate.")
        return [said, other]
    return [said]


def _in_full(definition: Definition, speech: Speech) -> str:
    kind = definition.get("kind")
    if kind == "pass":
        return _("Show it to be let in.")
    if kind == "draw":
        prizes = _prizes(definition, speech, named=100)
        return prizes and _("Each use draws one prize: %(prizes)s.") % {"prizes": prizes}
    if kind == "gift":
        gifts = _gifts(definition, speech)
        return gifts and _("You get %(gifts)s for free.") % {"gifts": gifts}
    said = gives(definition, speech=speech) if _says_more(definition) else ""
    if not said:
        return ""
    return _("%(what)s.") % {"what": said[:1].upper() + said[1:]}


def _says_more(definition: Definition) -> bool:
    """Say whether there is more to tell of what it gives than its headline does."""
    if definition.get("kind") == "free_shipping":
        return False
    every = definition.get("every") or {}
    return any(
        (
            *(definition.get(name) for name in ("cap", "tiers", "max_times", "get_scope")),
            every.get("max_times"),
        )
    )


def gives(definition: Definition, *, speech: Speech) -> str:
    """Say what one use gives as a phrase, caps and tiers included; empty where it is open."""
    kind = definition.get("kind")
    if kind in ("amount_off", "percent_off"):
        said = off(definition, speech)
    elif kind == "free_shipping":
        said = _("Free shipping")
    elif kind == "tiered":
        return _grown(definition, speech)
    elif kind == "buy_x_get_y":
        said = _got(definition, speech)
    else:
        return ""
    return said and said + _capped(definition, speech)


def off(part: Definition, speech: Speech) -> str:
    """Say an amount or a percentage off, of a coupon or of one of its tiers."""
    if part.get("percent"):
        return speech.percent_off(part["percent"])
    if part.get("value"):
        return _("%(amount)s off") % {"amount": speech.amounts(part["value"])}
    return ""


def _capped(definition: Definition, speech: Speech) -> str:
    cap = speech.amounts(definition.get("cap"))
    return _(", at most %(cap)s") % {"cap": cap} if cap else ""


def _grown(definition: Definition, speech: Speech) -> str:
    if every := definition.get("every"):
        if not every["step"] or not every["value"]:
            return ""
        said = {"amount": speech.amounts(every["value"]), "step": speech.amounts(every["step"])}
        text = _("%(amount)s off for every %(step)s") % said
        return text + _at_most_times(every["max_times"])
    tiers = [
        _("from %(spend)s: %(off)s")
        % {"spend": speech.amounts(tier["min_spend"]), "off": off(tier, speech)}
        for tier in definition.get("tiers") or ()
        if tier["min_spend"] and off(tier, speech)
    ]
    between = "；" if speech.is_chinese else "; "
    return between.join(tiers) + _capped(definition, speech) if tiers else ""


def _got(definition: Definition, speech: Speech) -> str:
    buy, get = definition.get("buy_quantity"), definition.get("get_quantity")
    if not buy or not get:
        return ""
    percent = definition.get("get_percent") or "100"
    said = {"buy": f"{buy:,}", "get": f"{get:,}", "off": speech.percent_off(percent)}
    if percent == "100":
        text = _("Buy %(buy)s, get %(get)s free") % said
    else:
        text = _("Buy %(buy)s, get %(get)s at %(off)s") % said
    if chosen := speech.goods(definition.get("get_scope") or {}):
        text += _(", out of %(goods)s") % {"goods": speech.listed(chosen)}
    return text + _at_most_times(definition.get("max_times"))


def _at_most_times(most: int | None) -> str:
    return _(", at most %(times)s times") % {"times": f"{most:,}"} if most else ""


def _gifts(definition: Definition, speech: Speech) -> str:
    gifts = definition.get("gifts") or ()
    return speech.listed([_counted(gift, speech) for gift in gifts if gift["sku"]])


def _counted(gift: Definition, speech: Speech) -> str:
    name = speech.product(gift["sku"])
    return name if gift["quantity"] == 1 else f"{gift['quantity']} × {name}"


def _prizes(definition: Definition, speech: Speech, *, named: int) -> str:
    prizes = definition.get("prizes") or ()
    total = sum(prize["weight"] or 0 for prize in prizes)
    said = [
        f"{prize['names'].get(speech.language) or prize['name']}"
        f" ({chance(prize['weight'] or 0, total)})"
        for prize in prizes
    ]
    return speech.listed(said, named=named)


# --- The headline of each kind ---


def _amount(definition: Definition, speech: Speech) -> str:
    if not definition.get("value"):
        return ""
    spend = _spend(definition, speech)
    if not spend:
        amount = speech.amounts(definition["value"])
        return pgettext("headline", "%(amount)s off") % {"amount": amount}
    said = {"amount": speech.bare(definition["value"]), "spend": spend}
    return _("%(amount)s off when you spend %(spend)s") % said


def _percent(definition: Definition, speech: Speech) -> str:
    return _from_spend(off(definition, speech), definition, speech)


def _shipping(definition: Definition, speech: Speech) -> str:
    said = _from_spend(_("Free shipping"), definition, speech)
    cap = speech.amounts(definition.get("cap"))
    return said + (_(", up to %(cap)s") % {"cap": cap} if cap else "")


def _gift(definition: Definition, speech: Speech) -> str:
    gifts = _gifts(definition, speech)
    said = gifts and _("Free gift: %(gifts)s") % {"gifts": gifts}
    return _from_spend(said, definition, speech)


def _tiered(definition: Definition, speech: Speech) -> str:
    if every := definition.get("every"):
        if not every["step"] or not every["value"]:
            return ""
        said = {"amount": speech.bare(every["value"]), "step": speech.bare(every["step"])}
        return _("%(amount)s off every %(step)s") % said
    tiers = [_tier(tier, speech) for tier in definition.get("tiers") or () if tier["min_spend"]]
    return speech.listed([said for said in tiers if said], named=IN_HEADLINE)


def _tier(tier: Definition, speech: Speech) -> str:
    spend = speech.bare(tier["min_spend"])
    if tier["percent"]:
        said = {"off": speech.percent_off(tier["percent"]), "spend": spend}
        return _("%(off)s from %(spend)s") % said
    if not tier["value"]:
        return ""
    return _("%(amount)s off from %(spend)s") % {
        "amount": speech.bare(tier["value"]),
        "spend": spend,
    }


def _group(definition: Definition, speech: Speech) -> str:
    buy, get = definition.get("buy_quantity"), definition.get("get_quantity")
    if not buy or not get:
        return ""
    percent = definition.get("get_percent") or "100"
    if percent == "100":
        said = {"buy": f"{buy:,}", "get": f"{get:,}", "all": f"{buy + get:,}"}
        if definition.get("get_scope") is None and not speech.is_chinese:
            return _("%(all)s for %(buy)s") % {"all": said["all"], "buy": said["buy"]}
        text = pgettext("headline", "Buy %(buy)s, get %(get)s free")
        return text % {"buy": said["buy"], "get": said["get"]}
    said = {"buy": f"{buy:,}", "get": f"{get:,}", "off": speech.percent_off(percent)}
    return _("Buy %(buy)s, get %(get)s at %(off)s") % said


def _pass(_definition: Definition, _speech: Speech) -> str:
    return _("Admission")


def _draw(definition: Definition, speech: Speech) -> str:
    prizes = [
        prize["names"].get(speech.language) or prize["name"]
        for prize in definition.get("prizes") or ()
        if prize["coupon"]
    ]
    if not prizes:
        return _("Prize draw")
    return _("Win: %(prizes)s") % {"prizes": speech.listed(prizes, named=IN_HEADLINE)}


def _from_spend(said: str, definition: Definition, speech: Speech) -> str:
    spend = _spend(definition, speech)
    if not said or not spend:
        return said
    return _("%(what)s when you spend %(spend)s") % {"what": said, "spend": spend}


def _spend(definition: Definition, speech: Speech) -> str:
    least = definition.get("min_spend") or {}
    asked = {code: amount for code, amount in least.items() if amount.strip("0.")}
    return speech.bare(asked)


_HEADLINES = {
    "amount_off": _amount,
    "percent_off": _percent,
    "free_shipping": _shipping,
    "gift": _gift,
    "tiered": _tiered,
    "buy_x_get_y": _group,
    "pass": _pass,
    "draw": _draw,
}
