"""The list of coupons: its filters, its search and its columns."""

from typing import Any

from django.contrib import admin
from django.db.models import F, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import clock
from coupons.admin.base import KeysetAdmin
from coupons.admin.rules_in_words import gives
from coupons.admin.shown import EMPTY, badge, money, number, when
from coupons.caller import staff_actor
from coupons.models import Coupon, CouponVersion, State
from coupons.staff import Area


class ByState(admin.SimpleListFilter):
    """Filter by the state as people see it, read with the clock."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every state."""
        return [(state.value, state.label) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Keep the coupons in the chosen state."""
        if self.value() not in State.values:
            return queryset
        return queryset.in_state(self.value(), clock.now(request))


class Quick(admin.SimpleListFilter):
    """What people look for most, one click away."""

    title = _("shown")
    parameter_name = "show"
    template = "console/filter_above.html"
    is_quick = True

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Offer one's own, what begins or ends soon, and what runs out."""
        return [
            ("mine", _("Mine")),
            ("starts", _("Starts within 7 days")),
            ("ends", _("Ends within 7 days")),
            ("nearly", _("Nearly used up")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Keep what the chosen one means; an unknown one means everything."""
        return queryset.looked_for(
            self.value() or "", by=staff_actor(request.user), at=clock.now(request)
        )


class CouponList(KeysetAdmin):
    """Coupons, newest first; those that begin or end soon in the order of that."""

    area = Area.COUPONS
    sheet = "coupons"
    list_display = (
        "named", "state_now", "gives_word", "window", "uses_number", "issued_number",
        "budget_money",
    )  # fmt: skip
    list_filter = (Quick, ByState, "kind")
    list_select_related = ("counter",)
    search_fields = ("name", "slug")
    search_help_text = _("Name or slug")
    keyset = quick_order = ("-created_at", "-id")
    nothing_yet = _(
        "A coupon says what customers get, when and where. Make one, try it on a cart, then "
        "publish it."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Remember the time that states are shown by."""
        self.at = clock.now(request)
        return super().get_queryset(request)

    def keyset_for(self, request: HttpRequest) -> tuple[str, ...]:
        """Follow the time that the quick filter asks about."""
        by = {"starts": "starts_at", "ends": "ends_at"}.get(request.GET.get("show", ""))
        return (by, "id") if by else self.keyset

    def shown(self, queryset: QuerySet) -> QuerySet:
        """Bring along the rules in force of each coupon on the page."""
        newest = CouponVersion.objects.filter(version=F("coupon__version"))
        return queryset.prefetch_related(Prefetch("versions", newest, to_attr="in_force"))

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Look for every word within name or slug: a merchant's coupons are few thousands."""
        return queryset.with_words(typed)

    def hint(self, row: Coupon) -> tuple[str, str]:
        """Show the slug and the state."""
        return row.slug, self.state_now(row)

    @display(description=_("coupon"))
    def named(self, coupon: Coupon) -> str:
        """Show the name with the slug below it."""
        return format_html('{} <small class="hx-under">{}</small>', coupon.name, coupon.slug)

    @display(description=_("state"))
    def state_now(self, coupon: Coupon) -> str:
        """Show the state as the clock has it."""
        state = coupon.state_at(self.at)
        return badge(state, state.label)

    @display(description=_("gives"))
    def gives_word(self, coupon: Coupon) -> str:
        """Show the kind, and what it gives in words."""
        words = gives(coupon.in_force[0].definition) if coupon.in_force else ""
        kind = coupon.get_kind_display()
        return format_html('{} <small class="hx-under">{}</small>', kind, words)

    @display(description=_("valid"))
    def window(self, coupon: Coupon) -> str:
        """Show from when until when, in the merchant's zone."""
        if coupon.starts_at is None and coupon.ends_at is None:
            return EMPTY
        ends = when(coupon.ends_at) if coupon.ends_at else gettext("no end")
        return format_html(
            '<span class="hx-nowrap">{}</span> <span class="hx-under hx-nowrap">– {}</span>',
            when(coupon.starts_at), ends,
        )  # fmt: skip

    @display(description=_("uses"))
    def uses_number(self, coupon: Coupon) -> str:
        """Show how often it was used, and of how many."""
        return _of(number(coupon.counter.uses), number(coupon.counter.max_uses))

    @display(description=_("codes issued"))
    def issued_number(self, coupon: Coupon) -> str:
        """Show how many codes are out, and of how many."""
        return _of(number(coupon.counter.issued), number(coupon.counter.max_issued))

    @display(description=_("budget used"))
    def budget_money(self, coupon: Coupon) -> str:
        """Show how much of the budget is gone."""
        counter = coupon.counter
        if counter.budget_minor is None:
            return EMPTY
        used = money(counter.budget_used_minor, counter.budget_currency)
        return _of(used, money(counter.budget_minor, counter.budget_currency))


def _of(used: str, limit: str) -> str:
    return used if limit == EMPTY else f"{used} / {limit}"
