"""A coupon's definition: checked, with its defaults filled in, in the form of the contract.

Pure: no database, no clock. Whether a category or a product exists is asked elsewhere.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from coupons import coding
from coupons.compilation import compile as compile
from coupons.errors import FieldError, Invalid
from coupons.fields import Reader
from coupons.pricing.money import parse_amount
from coupons.pricing.terms import METHODS, WEEKDAYS, Kind, MemberPrices

#: What `GET` adds to a definition; sent back, it says nothing.
READ_ONLY = ("state", "version", "counters", "replaces", "replaced_by", "history")
MAX_DAYS = 3_650
MAX_PRIZES = 100

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_KINDS = tuple(kind.value for kind in Kind)
#: Which fields make up the benefit of which kind; a cap goes with every percentage.
_BENEFIT_OF = {
    "value": Kind.AMOUNT_OFF,
    "percent": Kind.PERCENT_OFF,
    "tiers": Kind.TIERED,
    "every": Kind.TIERED,
    "buy_quantity": Kind.BUY_X_GET_Y,
    "get_quantity": Kind.BUY_X_GET_Y,
    "get_scope": Kind.BUY_X_GET_Y,
    "gifts": Kind.GIFT,
    "prizes": Kind.DRAW,
}


def parse(body: Mapping[str, Any], *, time_zone: str = "UTC") -> dict[str, Any]:
    """Return the whole definition that `body` means, money as decimal strings.

    `time_zone` is the merchant's. Parsing the result again gives the same. Raises `Invalid`
    with every field that is wrong. Source: "The definition" in the contract.
    """
    errors: list[FieldError] = []
    reader = Reader(body, errors=errors, ignore=READ_ONLY)
    kind = reader.choice("kind", options=_KINDS, default=None)
    whole = {
        **_names(reader),
        "kind": kind,
        **_benefit(reader, kind),
        **_thresholds(reader),
        **_times(reader, time_zone),
        **_conditions(reader),
        "limits": _limits(reader.part("limits")),
        **_rules(reader),
        "code": _code(reader),
    }
    reader.refuse_unknown()
    if errors:
        raise Invalid(errors=errors)
    return whole


def _names(reader: Reader) -> dict[str, Any]:
    slug = reader.pattern(
        "slug",
        shape=_SLUG,
        hint="Use lower-case letters and digits, in groups joined by single hyphens.",
        most=80,
        required=True,
    )
    return {
        "slug": slug,
        "name": reader.text("name", most=200, required=True),
        "names": _translations(reader),
        "description": reader.text("description", most=5_000),
        "thank_you": reader.text("thank_you", most=2_000),
    }


def _translations(reader: Reader) -> dict[str, str]:
    names = reader.part("names")
    texts = {}
    for language in names.body:
        if isinstance(language, str) and _LANGUAGE.fullmatch(language):
            texts[language] = names.text(language, most=200, required=True)
        else:
            names.given(language)
            names.refuse(str(language)[:20], 'Use a language tag such as "zh-hans".')
    return dict(sorted(texts.items()))


def _benefit(reader: Reader, kind: str) -> dict[str, Any]:
    is_group = kind == Kind.BUY_X_GET_Y
    fields = {
        "value": _by_currency(reader.money("value", required=kind == Kind.AMOUNT_OFF)),
        "percent": reader.percent("percent", required=kind == Kind.PERCENT_OFF),
        "cap": _by_currency(reader.money("cap")),
        "convert": reader.flag("convert"),
        "tiers": _tiers(reader),
        "every": _every(reader),
        "buy_quantity": reader.integer("buy_quantity", most=10_000, required=is_group),
        "get_quantity": reader.integer("get_quantity", most=10_000, required=is_group),
        "get_percent": reader.percent("get_percent", default="100" if is_group else None),
        "max_times": reader.integer("max_times"),
        "get_scope": _scope(reader, "get_scope") if reader.given("get_scope") else None,
        "gifts": [_gift(part) for part in reader.parts("gifts")],
        "prizes": _prizes(reader),
    }
    if kind == Kind.GIFT and not reader.given("gifts"):
        reader.refuse("gifts", "Name what is given.")
    if kind == Kind.TIERED:
        sent = [key for key in ("tiers", "every") if reader.given(key)]
        if not sent:
            reader.refuse("tiers", 'Send "tiers" or "every".')
        elif len(sent) == 2:
            reader.refuse("every", 'Send "tiers" or "every", not both.')
    if kind:
        for key, owner in _BENEFIT_OF.items():
            if kind != owner and fields[key]:
                reader.refuse(key, f"Only a coupon of the kind {owner} has this.")
    return fields


def _tiers(reader: Reader) -> list[dict[str, Any]]:
    tiers: list[dict[str, Any]] = []
    for part in reader.parts("tiers"):
        tier: dict[str, Any] = {
            "min_spend": _by_currency(part.money("min_spend", required=True, zero=True)),
            "value": _by_currency(part.money("value")),
            "percent": part.percent("percent"),
        }
        if bool(part.given("value")) == (part.given("percent") is not None):
            part.refuse("value", 'Send either "value" or "percent".')
        if tiers:
            _refuse_falling(part, tiers[-1]["min_spend"] or {}, tier["min_spend"] or {})
        part.refuse_unknown()
        tiers.append(tier)
    return tiers


def _refuse_falling(part: Reader, lower: dict[str, str], upper: dict[str, str]) -> None:
    """Refuse a tier that does not ask for more than the one before, or for other currencies."""
    for currency, text in upper.items():
        before = lower.get(currency)
        if before and parse_amount(text, currency) <= parse_amount(before, currency):
            part.refuse(f"min_spend.{currency}", "Each tier must ask for more than the one before.")
    if lower and upper and lower.keys() != upper.keys():
        part.refuse("min_spend", "All tiers must name the same currencies.")


def _every(reader: Reader) -> dict[str, Any] | None:
    if not reader.given("every"):
        return None
    part = reader.part("every")
    every = {
        "step": _by_currency(part.money("step", required=True)),
        "value": _by_currency(part.money("value", required=True)),
        "max_times": part.integer("max_times"),
    }
    part.refuse_unknown()
    return every


def _gift(part: Reader) -> dict[str, Any]:
    gift = {
        "sku": part.text("sku", most=100, required=True),
        "quantity": part.integer("quantity", most=10_000, default=1),
    }
    part.refuse_unknown()
    return gift


def _prizes(reader: Reader) -> list[dict[str, Any]]:
    """Read what a draw may give: each with its weight, and how often there is one."""
    prizes = [_prize(part, draw=reader.body.get("slug")) for part in reader.parts("prizes")]
    if len(prizes) > MAX_PRIZES:
        reader.refuse("prizes", f"At most {MAX_PRIZES} prizes.")
    return prizes


def _prize(part: Reader, *, draw: Any) -> dict[str, Any]:
    hint = "Name a coupon by its slug, or leave it out for a blank."
    prize = {
        "name": part.text("name", most=200, required=True),
        "names": _translations(part),
        "coupon": part.pattern("coupon", shape=_SLUG, hint=hint, most=80) or None,
        "weight": part.integer("weight", required=True),
        "stock": part.integer("stock"),
    }
    if prize["coupon"] is not None and prize["coupon"] == draw:
        part.refuse("coupon", "A draw cannot be its own prize.")
    part.refuse_unknown()
    return prize


def _thresholds(reader: Reader) -> dict[str, Any]:
    return {
        "min_spend": _by_currency(reader.money("min_spend", zero=True)),
        "min_quantity": reader.integer("min_quantity"),
        "threshold_after_discounts": reader.flag("threshold_after_discounts"),
    }


def _times(reader: Reader, time_zone: str) -> dict[str, Any]:
    zone = reader.text("time_zone", most=64, default=time_zone)
    if not _is_time_zone(zone):
        reader.refuse("time_zone", 'Name a time zone of the IANA list, such as "Europe/Berlin".')
    starts_at, ends_at = reader.moment("starts_at"), reader.moment("ends_at")
    if (
        starts_at
        and ends_at
        and datetime.fromisoformat(ends_at) <= datetime.fromisoformat(starts_at)
    ):
        reader.refuse("ends_at", "The end must come after the start.")
    return {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "time_zone": zone,
        "valid_days": reader.integer("valid_days", most=MAX_DAYS),
        "starts_after_days": reader.integer("starts_after_days", least=0, most=MAX_DAYS, default=0),
        "weekly_windows": [_window(part) for part in reader.parts("weekly_windows")],
    }


@lru_cache(maxsize=1024)
def _is_time_zone(name: str) -> bool:
    try:
        return bool(name) and ZoneInfo(name).key == name
    except (ValueError, OSError, KeyError):
        return False


def _window(part: Reader) -> dict[str, Any]:
    days = part.words("days", options=WEEKDAYS)
    if not part.given("days"):
        part.refuse("days", "Name at least one day.")
    hint = 'Send a time of day such as "09:00".'
    window = {
        "days": [day for day in WEEKDAYS if day in days],
        "from": part.pattern("from", shape=_CLOCK, hint=hint, most=5, required=True),
        "to": part.pattern("to", shape=_CLOCK, hint=hint, most=5, required=True),
    }
    part.refuse_unknown()
    return window


def _conditions(reader: Reader) -> dict[str, Any]:
    return {
        "scope": _scope(reader, "scope"),
        "customers": _customers(reader.part("customers")),
        "countries": reader.words(
            "countries", shape=_COUNTRY, hint='Use two capital letters, such as "US".'
        ),
        "channels": reader.words("channels"),
        "payment_methods": reader.words("payment_methods"),
        "partners": reader.words("partners"),
    }


def _scope(reader: Reader, key: str) -> dict[str, Any]:
    part = reader.part(key)
    scope: dict[str, Any] = {
        name: part.words(name)
        for name in ("categories", "products", "exclude_categories", "exclude_products")
    }
    scope["exclude_sale_items"] = part.flag("exclude_sale_items")
    part.refuse_unknown()
    return scope


def _customers(part: Reader) -> dict[str, Any]:
    customers: dict[str, Any] = {
        "who": part.choice("who", options=("all", "new", "returning"), default="all")
    }
    for name in ("tiers", "tags", "segments", "ids"):
        customers[name] = part.words(name)
    part.refuse_unknown()
    return customers


def _limits(part: Reader) -> dict[str, Any]:
    budget = part.money("budget")
    limits: dict[str, Any] = {
        "issued": part.integer("issued"),
        "uses": part.integer("uses"),
        "uses_per_day": part.integer("uses_per_day"),
        # One sum over all currencies, kept in the first one given.
        "budget": dict([next(iter(budget.items()))]) if budget else None,
        "claims_per_customer": part.integer("claims_per_customer"),
        "claims_per_device": part.integer("claims_per_device"),
        "uses_per_customer": part.integer("uses_per_customer"),
        # Missing it is one use; null is unlimited, as for every limit.
        "uses_per_code": part.integer("uses_per_code") if part.has("uses_per_code") else 1,
    }
    part.refuse_unknown()
    return limits


def _rules(reader: Reader) -> dict[str, Any]:
    policies = ("restore_if_valid", "restore_and_extend", "reissue", "never")
    member_prices = tuple(option.value for option in MemberPrices)
    methods = reader.words("methods", options=METHODS) or METHODS
    rules = {
        "stacking_group": reader.text("stacking_group", most=50, default="order") or "order",
        "stacks_with": sorted(reader.words("stacks_with", most=50)),
        "priority": reader.integer("priority", least=0, default=100),
        "member_prices": reader.choice("member_prices", options=member_prices, default="stack"),
        "methods": [method for method in METHODS if method in methods],
        "claim_required": reader.flag("claim_required"),
        "return_policy": reader.choice("return_policy", options=policies, default=policies[0]),
        "extend_days": reader.integer("extend_days", most=MAX_DAYS),
        "claw_back": reader.flag("claw_back"),
        "funded_by": reader.choice(
            "funded_by", options=("merchant", "platform", "partner"), default="merchant"
        ),
        "risk_level": reader.choice(
            "risk_level", options=("low", "normal", "high"), default="normal"
        ),
    }
    if rules["return_policy"] == "restore_and_extend" and reader.given("extend_days") is None:
        reader.refuse("extend_days", "Say by how many days a returned coupon is extended.")
    return rules


def _code(reader: Reader) -> str | None:
    """Read the shared code in the one form that codes are compared in."""
    if reader.given("code") is None:
        return None
    before = len(reader.errors)
    text = coding.normal_form(reader.text("code", most=200))
    problem = coding.problem_with(text)
    if problem and len(reader.errors) == before:
        reader.refuse("code", problem)
    return text


def _by_currency(amounts: dict[str, str] | None) -> dict[str, str] | None:
    """Sort by currency: a stored definition loses the order it was written in."""
    return dict(sorted(amounts.items())) if amounts else None
