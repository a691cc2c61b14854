"""The console's navigation: by what people do; only what is there and may be seen."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from coupons.tenancy import may_review_shops, may_see_shops

#: group → (title, model, icon); a model without a page has no entry.
GROUPS: list[tuple[Any, list[tuple[Any, str, str]]]] = [
    (
        _("Coupons"),
        [
            (_("Coupons"), "coupons.Coupon", "confirmation_number"),
            (_("To review"), "coupons.CouponInReview", "rate_review"),
            (_("Find a code"), "coupons.Code", "search"),
            (_("Code batches"), "coupons.CodeBatch", "inventory_2"),
            (_("Jobs"), "coupons.Job", "hourglass_top"),
        ],
    ),
    (
        _("Shop"),
        [
            (_("Customers"), "campaigns.Customer", "group"),
            (_("Products"), "coupons.Product", "sell"),
            (_("Categories"), "coupons.Category", "account_tree"),
            (_("Orders"), "redemption.Order", "shopping_bag"),
            (_("Redemptions"), "redemption.Redemption", "task_alt"),
            (_("Stuck coupons"), "redemption.Hold", "lock_clock"),
            (_("Refused attempts"), "redemption.RefusedAttempt", "block"),
        ],
    ),
    (
        _("Settings"),
        [
            (_("Merchant"), "coupons.Merchant", "storefront"),
            (_("Sales channels"), "coupons.Channel", "hub"),
            (_("Exchange rates"), "coupons.ExchangeRates", "currency_exchange"),
            (_("Tax rates"), "coupons.TaxRate", "percent"),
            (_("Staff"), "coupons.Membership", "badge"),
            (_("Staff groups"), "coupons.StaffGroup", "groups"),
            (_("API keys"), "redemption.ApiKey", "key"),
            (_("Webhooks"), "redemption.WebhookEndpoint", "webhook"),
            (_("Webhook deliveries"), "redemption.WebhookDelivery", "outbox"),
            (_("Journal"), "coupons.JournalEntry", "history"),
            (_("Reconciliation"), "redemption.Reconciliation", "balance"),
            (_("Accounts"), "coupons.User", "manage_accounts"),
        ],
    ),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Build the sidebar for whoever asks."""
    first = {"title": _("Dashboard"), "icon": "space_dashboard", "link": reverse("admin:index")}
    pages = {model._meta.label: page for model, page in admin.site._registry.items()}
    at_the_desk = {
        "title": _("Redemption desk"),
        "icon": "qr_code_scanner",
        "link": reverse("desk:desk"),
    }
    groups: list[dict[str, Any]] = [{"title": None, "items": [first, at_the_desk]}]
    for title, entries in GROUPS:
        items = [
            {
                "title": name,
                "icon": icon,
                "link": address(pages[label]),
                "active": active(address(pages[label])),
            }
            for name, label, icon in entries
            if label in pages and pages[label].has_view_permission(request)
        ]
        if items and title == GROUPS[-1][0]:
            items.insert(0, overview())
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    if items := _of_the_platform(request):
        groups.append({"title": _("Platform"), "separator": True, "items": items})
    return groups


def overview() -> dict[str, Any]:
    """Build the entry of the settings' overview."""
    link = reverse("admin:settings")
    return {"title": _("Overview"), "icon": "settings", "link": link, "active": active(link)}


def _of_the_platform(request: HttpRequest) -> list[dict[str, Any]]:
    """List the platform's own pages, for its staff."""
    pages = [
        (_("Review queue"), "platform_queue", "rule", may_review_shops(request)),
        (_("Shops"), "platform_shops", "store", may_see_shops(request)),
    ]
    return [
        {
            "title": title,
            "icon": icon,
            "link": reverse(f"admin:{name}"),
            "active": active(reverse(f"admin:{name}")),
        }
        for title, name, icon, is_shown in pages
        if is_shown
    ]


def address(page: Any) -> str:
    """Return the address of a model's list."""
    return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")


def active(link: str) -> Callable[[HttpRequest], bool]:
    """Say whether a page belongs to that entry."""
    return lambda request: request.path.startswith(link)
