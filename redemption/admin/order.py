"""The shop's orders: looked at, never written here."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons.admin.base import KeysetAdmin, ReadOnly, ReadOnlyInline
from coupons.admin.shown import badge, money, when
from coupons.staff import Area
from redemption.admin.offers import orders_view
from redemption.admin.order_use import may_use, order_use_view
from redemption.admin.trial import trial_view
from redemption.models import Order, OrderLine


class OrderLines(ReadOnlyInline):
    """The lines of an order."""

    model = OrderLine
    fields = ("sku", "quantity", "price_money", "member_money")
    readonly_fields = fields

    @display(description=_("unit price"))
    def price_money(self, line: OrderLine) -> str:
        """Show the price of one, before any discount."""
        return money(line.unit_price_minor, line.order.currency)

    @display(description=_("member discount"))
    def member_money(self, line: OrderLine) -> str:
        """Show what membership took off the line."""
        return money(line.member_discount_minor, line.order.currency)


@admin.register(Order)
class OrderAdmin(ReadOnly, KeysetAdmin):
    """Orders, newest first."""

    area = Area.ORDERS
    list_display = ("ref", "placed", "status_word", "customer", "channel", "total_money")
    list_select_related = ("customer", "channel")
    list_filter = ("status",)
    search_fields = ("ref",)
    search_help_text = _("Order, as the shop names it")
    keyset = ("-placed_at", "-id")
    nothing_yet = _("Orders come from the shop: with a redemption, or as events over the API.")
    next_step = (_("Make an API key"), "admin:redemption_apikey_add")
    change_form_before_template = "console/order_actions.html"
    inlines = (OrderLines,)
    fields = (
        "ref",
        "status_word",
        "customer",
        "channel",
        "placed_at",
        "total_money",
        "refunded_money",
    )
    readonly_fields = ("status_word", "total_money", "refunded_money")

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that try a coupon on a cart, and use one on an order."""
        guarded = self.admin_site.admin_view
        own = [
            path("<int:pk>/use/", guarded(self.use_view), name="redemption_order_use"),
            path("try/<int:pk>/", guarded(self.try_view), name="redemption_trial"),
            path("try/orders/", guarded(orders_view), name="redemption_trial_orders"),
        ]
        return [*own, *super().get_urls()]

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try a coupon on a cart."""
        return trial_view(request, pk, model_admin=self)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show an order, with what may be done with it."""
        context = {**(extra_context or {}), "may_use": may_use(request)}
        return super().change_view(request, object_id, form_url, context)

    def use_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Use a coupon on an order that is there already."""
        row = self.get_object(request, str(pk)) if may_use(request) else None
        if row is None:
            raise Http404
        return order_use_view(request, row, model_admin=self)

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Look an order up by its whole name."""
        return queryset.filter(ref=typed)

    def hint(self, row: Order) -> tuple[str, str]:
        """Show when it was placed and its total, and how it stands."""
        return f"{self.placed(row)} · {self.total_money(row)}", self.status_word(row)

    @display(description=_("placed"))
    def placed(self, order: Order) -> str:
        """Show when, in the merchant's zone."""
        return when(order.placed_at)

    @display(description=_("status"))
    def status_word(self, order: Order) -> str:
        """Show the status as a coloured word."""
        return badge(order.status, order.get_status_display())

    @display(description=_("total"))
    def total_money(self, order: Order) -> str:
        """Show the total with its currency."""
        return money(order.total_minor, order.currency)

    @display(description=_("refunded"))
    def refunded_money(self, order: Order) -> str:
        """Show what was given back."""
        return money(order.refunded_minor, order.currency)
