"""Every address of the console, read from the resolver, with what it is about.

A page's model is told by its address: `coupons/coupon/<int:pk>/edit/` is about a coupon. An
address that neither says its model nor stands in `BESIDE` is unknown, and a test fails.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, reverse

from coupons.admin.coupon_steps import STEPS
from coupons.models import Coupon, Merchant

#: Pages of no model of their own: what the person does there is their own affair.
BESIDE = {
    "index", "login", "logout", "password_change", "password_change_done", "jsi18n",
    "autocomplete", "view_on_site", "app_list", "merchant", "language", "search", "settings",
    # The platform's, about all shops: tests/functional/test_console_platform.py.
    "platform_queue", "platform_review", "platform_approve", "platform_shops",
    "platform_set_review",
}  # fmt: skip
#: Pages that stand elsewhere, and the model whose row they are about.
ABOUT: dict[str, type[Model]] = {
    "redemption_trial": Coupon,
    "redemption_trial_products": Coupon,
    "redemption_trial_orders": Coupon,
    "platform_queue": Coupon,
    "platform_review": Coupon,
    "platform_approve": Coupon,
    "platform_refuse": Coupon,
    "platform_shops": Merchant,
    "platform_set_review": Merchant,
}
#: Pages for the platform's staff alone.
OF_THE_PLATFORM = {name for name in ABOUT if name.startswith("platform_")}
#: What a placeholder that names no row may be, by its name.
VALUES: dict[str, list[Any]] = {
    "version": [1],
    "file": ["codes.csv"],
    "step": [*STEPS, "confirm", "release", "disable", "enable", "secret", "delete"],
}  # fmt: skip
#: Placeholders that name a row of the model.
OF_THE_ROW = {"object_id", "pk", "id"}


@dataclass(frozen=True)
class Address:
    """One pattern of the console."""

    name: str
    model: type[Model] | None
    placeholders: tuple[str, ...]
    route: str

    @property
    def has_row(self) -> bool:
        """Say whether it is about one row."""
        return bool(OF_THE_ROW & set(self.placeholders))

    def paths(self, row: Any) -> Iterator[str]:
        """Give the address for a row's key, once for each value of what else stands in it."""
        others = [name for name in self.placeholders if name not in OF_THE_ROW]
        assert len(others) <= 1, f"{self.name}: say in VALUES what may stand at {others}"
        row_args = {name: row for name in self.placeholders if name in OF_THE_ROW}
        for value in VALUES[others[0]] if others else [None]:
            given = {others[0]: value} if others else {}
            yield reverse(f"admin:{self.name}", kwargs={**row_args, **given})


def every_address() -> list[Address]:
    """Return every named pattern of the console's site."""
    return list(_walk(admin.site.urls[0], ""))


def _walk(patterns: Any, above: str) -> Iterator[Address]:
    for pattern in patterns:
        route = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and pattern.name:
            places = tuple(pattern.pattern.converters or pattern.pattern.regex.groupindex)
            yield Address(pattern.name, _model(pattern.name, route), places, route)


def _model(name: str, route: str) -> type[Model] | None:
    if name in ABOUT:
        return ABOUT[name]
    for model in admin.site._registry:
        if route.startswith(f"{model._meta.app_label}/{model._meta.model_name}/"):
            return model
    return None


def unknown() -> list[str]:
    """Name the addresses that the walk cannot tell anything of."""
    return [
        each.route
        for each in every_address()
        if each.name not in BESIDE
        and (
            each.model is None
            or any(name not in VALUES and name not in OF_THE_ROW for name in each.placeholders)
        )
    ]
