"""Definitions of coupons to test with, and what was said and told of them."""

from typing import Any

from coupons.models import JournalEntry
from tests.shop import Answer

MINIMAL = {"slug": "s-1", "name": "S", "kind": "amount_off", "value": {"USD": "5"}}
#: Everything that a definition may hold, in the form in which it is kept.
WHOLE: dict[str, Any] = {
    "slug": "whole",
    "name": "Whole",
    "names": {"de": "Ganz", "zh-hans": "全部"},
    "description": "All of it.\nOn two lines.",
    "thank_you": "谢谢",
    "kind": "percent_off",
    "value": None,
    "percent": "12.5",
    "cap": {"EUR": "45.00", "JPY": "6000", "USD": "50.00"},
    "convert": True,
    "tiers": [],
    "every": None,
    "buy_quantity": None,
    "get_quantity": None,
    "get_percent": None,
    "max_times": None,
    "get_scope": None,
    "gifts": [],
    "prizes": [],
    "min_spend": {"USD": "50.00"},
    "min_quantity": 2,
    "threshold_after_discounts": True,
    "starts_at": "2026-11-27T00:00:00-05:00",
    "ends_at": "2027-01-01T00:00:00-05:00",
    "time_zone": "America/New_York",
    "valid_days": 7,
    "starts_after_days": 1,
    "weekly_windows": [{"days": ["sat", "sun"], "from": "22:00", "to": "02:00"}],
    "scope": {
        "categories": ["shoes"],
        "products": ["A1"],
        "exclude_categories": ["shoes/kids"],
        "exclude_products": ["A2"],
        "exclude_sale_items": True,
    },
    "customers": {
        "who": "returning",
        "tiers": ["gold"],
        "tags": ["vip"],
        "segments": ["s"],
        "ids": ["C-1"],
    },
    "countries": ["US", "CA"],
    "channels": ["web-us"],
    "payment_methods": ["paypal"],
    "partners": ["p"],
    "limits": {
        "issued": 100,
        "uses": 50,
        "uses_per_day": 10,
        "budget": {"USD": "5000.00"},
        "claims_per_customer": 1,
        "claims_per_device": 2,
        "uses_per_customer": 3,
        "uses_per_code": 4,
    },
    "stacking_group": "shop",
    "stacks_with": ["order", "shop"],
    "priority": 5,
    "member_prices": "better_of",
    "methods": ["manual", "api"],
    "claim_required": True,
    "return_policy": "restore_and_extend",
    "extend_days": 3,
    "claw_back": True,
    "funded_by": "platform",
    "risk_level": "high",
    "code": "WHOLE20",
}
NO_USES = {
    "issued": 0,
    "claimed": 0,
    "held": 0,
    "uses": 0,
    "uses_today": 0,
    "budget_used": "0.00",
}


def fields(answer: Answer) -> list[str]:
    """Name the fields that a problem finds at fault."""
    return [error["field"] for error in answer.body["errors"]]


#: What only a coupon's own address tells.
ITS_OWN = ("replaces", "replaced_by", "history")


def listed(body: dict[str, Any]) -> dict[str, Any]:
    """Return a coupon as lists and changes tell it: without what only its own address tells."""
    return {name: value for name, value in body.items() if name not in ITS_OWN}


def journal() -> list[tuple[str, Any]]:
    """Return what the journal tells of coupons, in its order."""
    return list(
        JournalEntry.objects.filter(type__startswith="coupon.")
        .order_by("id")
        .values_list("type", "data")
    )
