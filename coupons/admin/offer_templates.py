"""What a new coupon may begin from: the offers that shops make most, ready to be changed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coupons import definition
from coupons.models import Kind, Merchant

#: How many of a currency are about a dollar, so that amounts have a sensible size.
SIZES = {
    "CNY": 5, "HKD": 10, "TWD": 25, "JPY": 100, "KRW": 1_000, "SGD": 1, "MYR": 5, "THB": 25,
    "VND": 25_000, "IDR": 10_000, "PHP": 50, "INR": 50, "MXN": 20, "BRL": 5, "SEK": 10,
    "NOK": 10, "DKK": 5, "PLN": 5, "CZK": 20, "HUF": 250, "TRY": 25, "AED": 5, "SAR": 5,
    "ILS": 5, "ZAR": 20,
}  # fmt: skip

Money = Callable[[int], dict[str, str]]


@dataclass(frozen=True, slots=True)
class OfferTemplate:
    """An offer by its name, what it is for, and the definition it begins with.

    `body` gets a function from dollars to money of the merchant's currency.
    """

    slug: str
    icon: str
    name: Any
    about: Any
    body: Callable[[Money], dict[str, Any]]
    has_unique_codes: bool = False


def sized(currency: str) -> Money:
    """Return the function from dollars to an amount of that size in a currency."""
    size = SIZES.get(currency, 1)
    return lambda dollars: {currency: str(dollars * size)}


def _scratch_card(_money: Money) -> dict[str, Any]:
    table = [
        (_("First prize"), 1, 10),
        (_("Second prize"), 9, 100),
        (_("Better luck next time"), 90, None),
    ]
    prizes = [
        {"name": name, "coupon": None, "weight": weight, "stock": stock}
        for name, weight, stock in table
    ]
    return {"kind": Kind.DRAW, "prizes": prizes, "limits": {"uses_per_customer": 1}}


TEMPLATES = (
    OfferTemplate(
        "first-order",
        "waving_hand",
        gettext_lazy("First order 15% off"),
        gettext_lazy("For customers without a paid order yet, once each."),
        lambda _money: {
            "kind": Kind.PERCENT_OFF,
            "percent": "15",
            "customers": {"who": "new"},
            "limits": {"uses_per_customer": 1},
        },
    ),
    OfferTemplate(
        "spend-and-save",
        "savings",
        gettext_lazy("Spend more, save an amount"),
        gettext_lazy("An amount off from a minimum spend."),
        lambda money: {"kind": Kind.AMOUNT_OFF, "value": money(6), "min_spend": money(40)},
    ),
    OfferTemplate(
        "free-shipping",
        "local_shipping",
        gettext_lazy("Free shipping from a minimum spend"),
        gettext_lazy("Takes off the shipping, up to an amount."),
        lambda money: {"kind": Kind.FREE_SHIPPING, "min_spend": money(50), "cap": money(15)},
    ),
    OfferTemplate(
        "three-for-two",
        "shopping_basket",
        gettext_lazy("3 for 2"),
        gettext_lazy("Of three, the cheapest is free."),
        lambda _money: {
            "kind": Kind.BUY_X_GET_Y,
            "buy_quantity": 2,
            "get_quantity": 1,
            "get_percent": "100",
        },
    ),
    OfferTemplate(
        "birthday",
        "cake",
        gettext_lazy("Birthday gift"),
        gettext_lazy("For customers tagged birthday, valid 30 days after the claim, once each."),
        lambda money: {
            "kind": Kind.AMOUNT_OFF,
            "value": money(10),
            "customers": {"tags": ["birthday"]},
            "valid_days": 30,
            "claim_required": True,
            "limits": {"uses_per_customer": 1, "claims_per_customer": 1, "uses_per_code": 1},
        },
        has_unique_codes=True,
    ),
    OfferTemplate(
        "weekend",
        "weekend",
        gettext_lazy("Weekend 10% off"),
        gettext_lazy("All day on Saturdays and Sundays."),
        lambda _money: {
            "kind": Kind.PERCENT_OFF,
            "percent": "10",
            "weekly_windows": [{"days": ["sat", "sun"], "from": "00:00", "to": "00:00"}],
        },
    ),
    OfferTemplate(
        "members-day",
        "loyalty",
        gettext_lazy("Members' day"),
        gettext_lazy("20% off for a member tier; whichever is better, this or the member price."),
        lambda _money: {
            "kind": Kind.PERCENT_OFF,
            "percent": "20",
            "customers": {"tiers": ["gold"]},
            "member_prices": "better_of",
        },
    ),
    OfferTemplate(
        "every-step",
        "stairs",
        gettext_lazy("The same off for every full step"),
        gettext_lazy("The more is spent, the more comes off; up to 3 times."),
        lambda money: {
            "kind": Kind.TIERED,
            "every": {"step": money(20), "value": money(2), "max_times": 3},
        },
    ),
    OfferTemplate(
        "pass",
        "confirmation_number",
        gettext_lazy("Pass"),
        gettext_lazy("A ticket or a voucher for goods, redeemed at the desk. No money comes off."),
        lambda _money: {"kind": Kind.PASS, "limits": {"uses_per_code": 1}},
        has_unique_codes=True,
    ),
    OfferTemplate(
        "scratch-card",
        "casino",
        gettext_lazy("Scratch card"),
        gettext_lazy("Each code draws one prize. Name the coupons that are won."),
        _scratch_card,
    ),
)
BY_SLUG: Mapping[str, OfferTemplate] = {each.slug: each for each in TEMPLATES}


def begun(*, template: OfferTemplate, merchant: Merchant) -> dict[str, Any]:
    """Return the whole definition that a template begins with, in the merchant's currency."""
    body = template.body(sized(merchant.currency))
    named = {"slug": template.slug, "name": str(template.name)}
    return definition.parse({**named, **body}, time_zone=merchant.time_zone)
