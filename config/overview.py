"""The overview of the settings: a card for each page that one may open."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from config.navigation import GROUPS, address

#: What each page is for.
ABOUT: dict[str, Any] = {
    "coupons.Merchant": _("Name, currency, time zone, languages, and whether coupons are reviewed"),
    "coupons.Channel": _("The sites, tills and marketplaces that coupons can be kept to"),
    "coupons.ExchangeRates": _("What coupons convert with when an order is in another currency"),
    "coupons.TaxRate": _("What the tax in a quote is reckoned with"),
    "coupons.Membership": _("Who works here, with which role"),
    "coupons.StaffGroup": _("People who may redeem the same coupons by hand"),
    "redemption.ApiKey": _("What the shop's programs call with"),
    "redemption.WebhookEndpoint": _("Programs that are told what happens"),
    "redemption.WebhookDelivery": _("What was sent to them, and the answers"),
    "coupons.JournalEntry": _("Who changed what, and when"),
    "redemption.Reconciliation": _("Checks of the counters against the ledger"),
    "coupons.User": _("Everybody who can log in to this installation"),
}


def overview(request: HttpRequest) -> HttpResponse:
    """Show the settings as cards; 404 where a role may open none of them."""
    pages = {model._meta.label: page for model, page in admin.site._registry.items()}
    title, entries = GROUPS[-1]
    cards = [
        {"name": name, "icon": icon, "link": address(pages[label]), "about": ABOUT.get(label, "")}
        for name, label, icon in entries
        if label in pages and pages[label].has_view_permission(request)
    ]
    if not cards:
        raise Http404
    request.current_app = admin.site.name
    context = {**admin.site.each_context(request), "title": title, "cards": cards}
    return TemplateResponse(request, "console/overview.html", context)
