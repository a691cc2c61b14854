"""Codes, and what happened to each."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import coding
from coupons.admin.base import KeysetAdmin, ReadOnly
from coupons.admin.code_page import code_context
from coupons.admin.pages import console_page
from coupons.admin.shown import badge, number
from coupons.admin.withdrawing import revoke_one
from coupons.models import Code
from coupons.staff import Area, Right, may


class Revoked(admin.SimpleListFilter):
    """Keep the withdrawn ones, which an index of their own has."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer what an index answers; used-up codes are found by their redemptions."""
        return [(Code.State.REVOKED.value, Code.State.REVOKED.label)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Keep them."""
        return queryset.filter(state=Code.State.REVOKED) if self.value() else queryset


@admin.register(Code)
class CodeAdmin(ReadOnly, KeysetAdmin):
    """Every code of the merchant, found by typing it."""

    area = Area.CODES
    sheet = "codes"
    list_display = (
        "text", "coupon", "state_word", "shared", "uses_number", "batch_number", "pool",
    )  # fmt: skip
    list_select_related = ("coupon", "pool")
    search_fields = ("text",)
    search_help_text = _("A code, or how it begins")
    keyset = quick_order = ("text",)
    nothing_yet = _(
        "Codes belong to coupons. Open a coupon and issue some, or give it a shared one."
    )
    next_step = (_("Go to the coupons"), "admin:coupons_coupon_changelist")
    list_filter = (Revoked, "shared")

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks why a code is revoked."""
        view = self.admin_site.admin_view(partial(revoke_one, self))
        return [path("<int:pk>/revoke/", view, name="coupons_code_revoke"), *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Tell of partners to those who may know."""
        is_told = may(role=request.role, area=Area.PARTNERS, right=Right.VIEW)
        return tuple(name for name in self.list_display if is_told or name != "pool")

    def keyset_for(self, request: HttpRequest) -> tuple[str, ...]:
        """Follow the index of a coupon, a batch or a pool where the list is one of those."""
        named = ("coupon", "batch", "pool")
        one = {*named, *(f"{name}__id__exact" for name in named)} & set(request.GET)
        return ("id",) if one else self.keyset

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Look a code up in its normal form, by its beginning."""
        return queryset.filter(text__startswith=coding.normal_form(typed))

    def hint(self, row: Code) -> tuple[str, str]:
        """Show the coupon and whether it still counts."""
        return row.coupon.name, self.state_word(row)

    @display(description=_("state"))
    def state_word(self, code: Code) -> str:
        """Show whether it still counts."""
        standing = code.standing
        return badge(standing, str(standing.label))

    @display(description=_("uses"))
    def uses_number(self, code: Code) -> str:
        """Show how often it was used, and how often it may be."""
        used = number(code.uses)
        return used if code.max_uses is None else f"{used} / {number(code.max_uses)}"

    @display(description=_("batch"))
    def batch_number(self, code: Code) -> str:
        """Show the batch it was made in."""
        return number(code.batch_id)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a code: how it stands, where it comes from, what happened to it."""
        if request.method == "POST":
            raise PermissionDenied
        code = self.found(request, object_id, Right.VIEW)
        return console_page(
            model_admin=self,
            request=request,
            template="code_page",
            title=code.text,
            **code_context(code=code, request=request),
        )
