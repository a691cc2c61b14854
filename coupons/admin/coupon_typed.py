"""From a coupon's definition to what a person would have typed into its form."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from coupons.admin.face_fields import face_typed

#: Called the same in the contract and in the form.
SAME = (
    "name", "kind", "value", "percent", "cap", "convert", "gifts", "prizes", "tiers",
    "buy_quantity", "get_quantity", "get_percent", "max_times", "min_spend", "min_quantity",
    "threshold_after_discounts", "valid_days", "starts_after_days", "weekly_windows", "countries",
    "channels", "payment_methods", "partners", "stacking_group", "stacks_with", "priority",
    "member_prices", "methods", "claim_required", "return_policy", "extend_days", "claw_back",
    "funded_by", "risk_level", "description", "thank_you", "code",
)  # fmt: skip
LIMITS = (
    "issued", "uses", "uses_per_day", "budget", "claims_per_customer", "claims_per_device",
    "uses_per_customer", "uses_per_code",
)  # fmt: skip
SCOPE = ("categories", "products", "exclude_categories", "exclude_products", "exclude_sale_items")
#: What the form calls the lists of `customers`.
CUSTOMERS = {"who": "who", "tiers": "member_tiers", "tags": "tags", "ids": "customer_ids"}


def instant(day: date, at: time, zone: str) -> str:
    """Write a wall time of a zone with its offset."""
    return datetime.combine(day, at, ZoneInfo(zone)).isoformat()


def typed(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a definition back into what a person would have typed."""
    found = {name: definition.get(name) for name in SAME}
    found |= {name: definition["limits"].get(name) for name in LIMITS}
    found |= {name: definition["scope"][name] for name in SCOPE}
    found["scope"] = scope_chosen(definition["scope"])
    found |= {ours: definition["customers"].get(name) for name, ours in CUSTOMERS.items()}
    got = definition.get("get_scope") or {}
    found |= {f"get_{name}": got.get(name) or [] for name in ("categories", "products")}
    every = definition.get("every") or {}
    found |= {f"every_{name}": every.get(name) for name in ("step", "value", "max_times")}
    found["tiering"] = "every" if every else "tiers"
    found["names"] = [
        {"language": language, "name": name} for language, name in definition["names"].items()
    ]
    return found | face_typed(definition) | times(definition)


def scope_chosen(scope: Mapping[str, Any]) -> str:
    """Say which of the form's choices a scope is; a program may have named both kinds."""
    named = [name for name in ("categories", "products") if scope[name]]
    return "both" if len(named) == 2 else (named[0] if named else "all")


def times(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Write the window as days and times of the coupon's zone; the end as a day that counts."""
    zone = ZoneInfo(definition["time_zone"])
    found: dict[str, Any] = {}
    if definition.get("starts_at"):
        start = datetime.fromisoformat(definition["starts_at"]).astimezone(zone)
        found |= {"starts_on": start.date(), "starts_time": start.time() or None}
    if definition.get("ends_at"):
        end = datetime.fromisoformat(definition["ends_at"]).astimezone(zone)
        if end.time() == time():
            found |= {"ends_on": end.date() - timedelta(1), "ends_time": None}
        else:
            found |= {"ends_on": end.date(), "ends_time": end.time()}
    return found
