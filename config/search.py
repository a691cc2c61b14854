"""The search over all: one box, answered by what every list can look up by an index.

It is sent by POST, since a code may be typed there and codes stay out of addresses.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from config.navigation import address, navigation
from coupons.coding import normal_form

#: What is searched, in the order in which it is shown; each is a `KeysetAdmin` with a `hint`.
SEARCHED = (
    "coupons.Coupon",
    "coupons.Code",
    "campaigns.Customer",
    "redemption.Order",
    "redemption.Redemption",
    "coupons.Product",
)
MOST = 5
LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One row of the answer."""

    title: str
    link: str
    detail: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rows of one kind; `more` is the list with the same search, where there are more."""

    word: str
    icon: str
    found: list[Found]
    more: str = ""


def search(request: HttpRequest) -> HttpResponse:
    """Show what a word names: a page, or the part of one that htmx asks for."""
    given = request.POST if request.method == "POST" else request.GET
    typed = " ".join(given.get("q", "").replace("\x00", "").split())[:LONGEST]
    groups = found(request=request, typed=typed) if typed else []
    context = {
        **admin.site.each_context(request),
        "title": _("Search"),
        "typed": typed,
        "groups": groups,
        "number": sum(len(group.found) for group in groups),
    }
    part = request.headers.get("HX-Request") == "true"
    request.current_app = admin.site.name
    return TemplateResponse(request, f"console/search{'_found' if part else ''}.html", context)


def found(*, request: HttpRequest, typed: str) -> list[Group]:
    """Look a word up everywhere that the person may look, at most five rows of a kind."""
    entries = {str(item["link"]): item for group in navigation(request) for item in group["items"]}
    pages = {model._meta.label: page for model, page in admin.site._registry.items()}
    groups = []
    for label in SEARCHED:
        page = pages[label]
        if not page.has_view_permission(request):
            continue
        rows = _rows(page, request, typed)
        if rows:
            link = address(page)
            more = f"{link}?{urlencode({'q': typed})}" if len(rows) > MOST else ""
            groups.append(
                Group(
                    word=str(page.opts.verbose_name_plural),
                    icon=entries[link]["icon"] if link in entries else "search",
                    found=[_shown(page, row) for row in rows[:MOST]],
                    more=more,
                )
            )
    return [*groups, *_places(entries, typed)]


def _rows(page: Any, request: HttpRequest, typed: str) -> list[Any]:
    if page.opts.label == "coupons.Code" and not normal_form(typed):
        return []
    queryset = page.get_queryset(request)
    queryset, _duplicates = page.get_search_results(request, queryset, typed)
    if page.list_select_related:
        queryset = queryset.select_related(*page.list_select_related)
    # In no order but the index's own: a sorted one may read everything for a word without hits.
    return list(queryset.order_by(*page.quick_order)[: MOST + 1])


def _shown(page: Any, row: Any) -> Found:
    detail, state = page.hint(row)
    name = f"admin:{page.opts.app_label}_{page.opts.model_name}_change"
    link = reverse(name, args=[row.pk])
    return Found(title=str(row), link=link, detail=detail, state=state)


def _places(entries: dict[str, Any], typed: str) -> list[Group]:
    """Name the console's own pages whose name has the word in it."""
    named = [
        Found(title=str(item["title"]), link=link)
        for link, item in entries.items()
        if typed.casefold() in str(item["title"]).casefold()
    ]
    return [Group(word=_("Pages"), icon="web_asset", found=named[:MOST])] if named else []
