"""Above a list: its quick filters, and those that the person saved."""

from functools import partial
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from coupons import saved_filters
from coupons.admin.exports import export_view
from coupons.admin.words import sentence
from coupons.errors import HexiaoError
from coupons.staff import Right


class ListAbove:
    """A list that has its quick filters and one's saved ones above it.

    A filter class with `is_quick` is shown there instead of among the others.
    """

    list_before_template = "console/list_above.html"
    #: What to do while the list is empty, for those who see it for the first time.
    nothing_yet: ClassVar[Any] = ""
    #: Where to do it: words and the name of an address; a list with a button “Add” has its own.
    next_step: ClassVar[tuple[Any, str] | None] = None
    #: The kind of spreadsheet in which its rows may be brought in and taken away.
    sheet: ClassVar[str] = ""

    def get_urls(self) -> list[URLPattern]:
        """Add the addresses that save a filter, delete it, and export the list."""
        view, name = self.admin_site.admin_view, _name(self)
        export = view(partial(export_view, page=self))
        exported = [path("export/", export, name=f"{name}_export")] if self.sheet else []
        return [
            *exported,
            path("filters/save/", view(self.save_filter), name=f"{name}_save_filter"),
            path("filters/forget/", view(self.forget_filter), name=f"{name}_forget_filter"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Put the filters above the list, and say what to do where it is empty."""
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and "cl" in (response.context_data or {}):
            cl = response.context_data["cl"]
            # On the list itself, which is all that the templates of its parts are given.
            cl.above = self._above(request, cl)
        return response

    def _above(self, request: HttpRequest, cl: Any) -> dict[str, Any]:
        query = saved_filters.filtering(request.GET.urlencode())
        kept = []
        if request.merchant and (cl.search_fields or cl.has_filters):
            rows = saved_filters.of(merchant=request.merchant, user=request.user, page=_page(self))
            kept = [{"row": row, "now": _same(row.query, query)} for row in rows]
        may_look = self.next_step and self._opens(request, self.next_step[1])
        return {
            "quick": [
                list(spec.choices(cl))
                for spec in cl.filter_specs
                if getattr(spec, "is_quick", False)
            ],
            "saved": kept,
            "query_now": query,
            "may_save": bool(query) and not any(each["now"] for each in kept),
            "save_address": reverse(f"admin:{_name(self)}_save_filter"),
            "forget_address": reverse(f"admin:{_name(self)}_forget_filter"),
            **self._sheets(request),
            "next_label": self.next_step[0] if may_look else "",
            "next_address": reverse(self.next_step[1]) if may_look else "",
        }

    def _sheets(self, request: HttpRequest) -> dict[str, str]:
        """Name the kind of spreadsheet to bring in, and where the list as it is goes out."""
        if not self.sheet or not self._may(request, Right.CHANGE):
            return {"import_sheet": "", "export_address": ""}
        address = reverse(f"admin:{_name(self)}_export")
        query = saved_filters.filtering(request.GET.urlencode())
        return {"import_sheet": self.sheet, "export_address": f"{address}?{query}"}

    def _opens(self, request: HttpRequest, address: str) -> bool:
        """Say whether the page that an empty list leads to is one the person may open."""
        for page in self.admin_site._registry.values():
            if address.startswith(f"admin:{_name(page)}_"):
                asked = page.has_add_permission if address.endswith("_add") else None
                return bool((asked or page.has_view_permission)(request))
        return True

    def save_filter(self, request: HttpRequest) -> HttpResponse:
        """Save what the list is filtered by now."""
        self._require_post(request)
        query = saved_filters.filtering(request.POST.get("query", "")[:5000])
        try:
            row = saved_filters.keep(
                merchant=request.merchant,
                user=request.user,
                page=_page(self),
                name=request.POST.get("name", ""),
                query=query,
            )
        except HexiaoError as error:
            texts = [each.message for each in error.errors] or [error.detail]
            messages.error(request, " ".join(sentence(text) for text in texts))
        else:
            messages.success(request, _("Saved as “%(name)s”.") % {"name": row.name})
        return self._back(query)

    def forget_filter(self, request: HttpRequest) -> HttpResponse:
        """Delete a saved filter; 404 for somebody else's."""
        self._require_post(request)
        pk = request.POST.get("filter", "")
        known = pk.isascii() and pk.isdecimal() and len(pk) < 19
        if not known or not saved_filters.forget(
            merchant=request.merchant, user=request.user, pk=int(pk)
        ):
            raise Http404
        messages.success(request, _("Deleted."))
        return self._back(saved_filters.filtering(request.POST.get("query", "")[:5000]))

    def _require_post(self, request: HttpRequest) -> None:
        if request.method != "POST" or not self.has_view_permission(request):
            raise Http404

    def _back(self, query: str) -> HttpResponse:
        address = reverse(f"admin:{_name(self)}_changelist")
        return HttpResponseRedirect(f"{address}?{query}" if query else address)


def _name(page: Any) -> str:
    return f"{page.opts.app_label}_{page.opts.model_name}"


def _page(page: Any) -> str:
    return f"{page.opts.app_label}.{page.opts.model_name}"


def _same(one: str, other: str) -> bool:
    """Say whether two queries ask the same, in whatever order."""
    return sorted(QueryDict(one).lists()) == sorted(QueryDict(other).lists())
