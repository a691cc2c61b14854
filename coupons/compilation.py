"""From a definition in the form of the contract to the terms the engine reads."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from coupons.fields import percent_bps
from coupons.pricing.money import parse_amount
from coupons.pricing.terms import (
    WEEKDAYS,
    Audience,
    CouponTerms,
    Every,
    Gift,
    Kind,
    Limits,
    MemberPrices,
    Prize,
    Scope,
    Tier,
    WeeklyWindow,
)


def compile(
    definition: Mapping[str, Any], *, coupon_id: int, version: int, created_order: int
) -> CouponTerms:
    """Return the terms of a definition that `coupons.definition.parse` has returned.

    `created_order` puts coupons in the order of their creation.
    """
    plain: dict[str, Any] = {name: definition[name] for name in _AS_THEY_ARE}
    sets: dict[str, Any] = {name: frozenset(definition[name]) for name in _SETS}
    return CouponTerms(
        coupon_id=coupon_id,
        version=version,
        created_order=created_order,
        **plain,
        **sets,
        kind=Kind(definition["kind"]),
        value=_amounts(definition["value"]),
        percent_bps=_bps(definition["percent"]),
        cap=_amounts(definition["cap"]),
        tiers=tuple(_tier(tier) for tier in definition["tiers"]),
        every=_every(definition["every"]),
        buy_quantity=definition["buy_quantity"] or 0,
        get_quantity=definition["get_quantity"] or 0,
        get_percent_bps=_bps(definition["get_percent"]) or 10_000,
        get_scope=_scope(definition["get_scope"]) if definition["get_scope"] else None,
        gifts=tuple(Gift(gift["sku"], gift["quantity"]) for gift in definition["gifts"]),
        prizes=tuple(Prize(**prize) for prize in definition["prizes"]),
        min_spend=_amounts(definition["min_spend"]),
        starts_at=_moment(definition["starts_at"]),
        ends_at=_moment(definition["ends_at"]),
        weekly_windows=tuple(_window(window) for window in definition["weekly_windows"]),
        scope=_scope(definition["scope"]),
        audience=_audience(definition["customers"]),
        limits=_limits(definition["limits"]),
        api_keys=_api_keys(definition),
        member_prices=MemberPrices(definition["member_prices"]),
        thank_yous=_thank_yous(definition.get("texts") or {}),
        follow_up=definition.get("follow_up"),
    )


_AS_THEY_ARE = (
    "slug",
    "name",
    "names",
    "description",
    "thank_you",
    "convert",
    "max_times",
    "min_quantity",
    "threshold_after_discounts",
    "time_zone",
    "valid_days",
    "starts_after_days",
    "claim_required",
    "stacking_group",
    "priority",
    "return_policy",
    "extend_days",
    "claw_back",
    "funded_by",
    "risk_level",
    "code",
)
_SETS = ("countries", "channels", "payment_methods", "partners", "methods", "stacks_with")


def _thank_yous(texts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    return {language: text["thank_you"] for language, text in texts.items() if text["thank_you"]}


def _amounts(texts: Mapping[str, str] | None) -> dict[str, int]:
    return {currency: parse_amount(text, currency) for currency, text in (texts or {}).items()}


def _bps(percent: str | None) -> int | None:
    return None if percent is None else percent_bps(percent)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _tier(tier: Mapping[str, Any]) -> Tier:
    return Tier(_amounts(tier["min_spend"]), _amounts(tier["value"]), _bps(tier["percent"]))


def _every(every: Mapping[str, Any] | None) -> Every | None:
    if every is None:
        return None
    return Every(_amounts(every["step"]), _amounts(every["value"]), every["max_times"])


def _window(window: Mapping[str, Any]) -> WeeklyWindow:
    days = frozenset(WEEKDAYS.index(day) for day in window["days"])
    return WeeklyWindow(days, _minute(window["from"]), _minute(window["to"]))


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _scope(scope: Mapping[str, Any]) -> Scope:
    def names(key: str) -> frozenset[str]:
        found: Iterable[str] = scope[key]
        return frozenset(found)

    return Scope(
        categories=names("categories"),
        products=names("products"),
        exclude_categories=names("exclude_categories"),
        exclude_products=names("exclude_products"),
        exclude_sale_items=scope["exclude_sale_items"],
    )


def _audience(customers: Mapping[str, Any]) -> Audience:
    return Audience(
        who=customers["who"],
        tiers=frozenset(customers["tiers"]),
        tags=frozenset(customers["tags"]),
        segments=frozenset(customers["segments"]),
        ids=frozenset(customers["ids"]),
    )


def _api_keys(definition: Mapping[str, Any]) -> frozenset[str]:
    """Name the keys that may redeem it; a version from before there was a choice names none."""
    settings: Mapping[str, Any] = definition.get("method_settings") or {}
    keys: Iterable[str] = settings.get("api", {}).get("keys", ())
    return frozenset(keys)


def _limits(limits: Mapping[str, Any]) -> Limits:
    budget: Mapping[str, str] = limits["budget"] or {}
    currency = next(iter(budget), None)
    return Limits(
        issued=limits["issued"],
        uses=limits["uses"],
        uses_per_day=limits["uses_per_day"],
        budget=None if currency is None else parse_amount(budget[currency], currency),
        budget_currency=currency,
        claims_per_customer=limits["claims_per_customer"],
        claims_per_device=limits["claims_per_device"],
        uses_per_customer=limits["uses_per_customer"],
        uses_per_code=limits["uses_per_code"],
    )
