"""The ledger of redemptions: looked at; what changes it are the verbs' own steps."""

import uuid
from contextlib import suppress
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.models import Customer
from coupons.admin.base import KeysetAdmin, ReadOnly, ReadOnlyInline
from coupons.admin.shown import EMPTY, badge, money, when, who
from coupons.models import Code, Coupon
from coupons.staff import Area, Right
from redemption.admin import redemption_steps
from redemption.admin.why import why_page
from redemption.explaining import redemption_explained
from redemption.models import Redemption, Use


class Uses(ReadOnlyInline):
    """The codes used in a redemption."""

    model = Use
    fields = (
        "code_text", "coupon_name", "judged_by", "standing", "discount_money", "shipping_money",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: object) -> QuerySet:
        """Bring along what each row names."""
        return super().get_queryset(request).select_related("code", "coupon", "redemption")

    @display(description=_("code"))
    def code_text(self, use: Use) -> str:
        """Show the code; a page it has in its own shop alone."""
        return linked_if_own(use.code, use.code.text, here=use.merchant_id)

    @display(description=_("coupon"))
    def coupon_name(self, use: Use) -> str:
        """Name the coupon, and say where it is the platform's."""
        name = linked_if_own(use.coupon, use.coupon.name, here=use.merchant_id)
        if use.coupon.merchant_id == use.merchant_id:
            return name
        return format_html("{} {}", name, badge("note", _("platform coupon")))

    @display(description=_("version"))
    def judged_by(self, use: Use) -> str:
        """Lead to the version of the coupon that judged it."""
        if use.coupon.merchant_id != use.merchant_id:
            return str(use.version)
        address = reverse("admin:coupons_coupon_version", args=[use.coupon_id, use.version])
        return format_html('<a href="{}">{}</a>', address, use.version)

    @display(description=_("discount"))
    def discount_money(self, use: Use) -> str:
        """Show what it took off the goods."""
        return money(use.discount_minor, use.redemption.currency)

    @display(description=_("shipping discount"))
    def shipping_money(self, use: Use) -> str:
        """Show what it took off the shipping."""
        return money(use.shipping_discount_minor, use.redemption.currency)


def linked_if_own(row: Code | Coupon, text: str, *, here: int) -> str:
    """Lead to the page of a code or coupon of this merchant; the platform's are only named."""
    if row.merchant_id != here:
        return text
    address = reverse(f"admin:coupons_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, text)


@admin.register(Redemption)
class RedemptionAdmin(ReadOnly, KeysetAdmin):
    """Redemptions, newest first."""

    area = Area.REDEMPTIONS
    list_display = (
        "order_ref", "at_minute", "status_word", "method", "customer", "channel",
        "order_money", "discount_money", "who_name",
    )  # fmt: skip
    list_select_related = ("customer", "channel")
    list_filter = ("status", "method")
    search_fields = ("order_ref",)
    search_help_text = _("Order, customer or the redemption's id, whole")
    keyset = ("-created_at", "-id")
    nothing_yet = _("Nobody has used a coupon yet. Publish one, then redeem it from the shop.")
    next_step = (_("Go to the coupons"), "admin:coupons_coupon_changelist")
    change_form_before_template = "console/redemption_actions.html"
    inlines = (Uses,)
    fields = (
        "order_ref", "status_word", "method", "customer", "channel", "order_money",
        "discount_money", "shipping_money", "test_word", "who_name", "created_at", "expires_at",
    )  # fmt: skip
    readonly_fields = (
        "test_word", "status_word", "order_money", "discount_money", "shipping_money", "who_name",
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """Add the page that says why, and what may be done."""
        why = self.admin_site.admin_view(self.why_view)
        own = path("<uuid:pk>/why/", why, name="redemption_redemption_why")
        return [own, *redemption_steps.addresses(self), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a redemption with what may be done with it."""
        row = self.get_object(request, object_id)
        steps = redemption_steps.offered(self, request, row) if row else []
        context = {**(extra_context or {}), "steps": steps}
        return super().change_view(request, object_id, form_url, context)

    def why_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Say why a redemption came to its figures."""
        row = self.found(request, pk, Right.VIEW)
        return why_page(
            model_admin=self,
            request=request,
            explained=redemption_explained(redemption=row),
            title=_("Why? Order %(order)s") % {"order": row.order_ref},
            state=self.status_word(row),
            subtitle=" · ".join([when(row.created_at), self.discount_money(row)]),
            back=reverse("admin:redemption_redemption_change", args=[row.pk]),
        )

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Look an order or a customer up by the whole name, or a redemption by its id."""
        # The customer first: two indexes then answer, where a join would read the table.
        customer = Customer.objects.of(request.merchant).filter(ref=typed).first()
        named = Q(order_ref=typed)
        with suppress(ValueError):
            named |= Q(pk=uuid.UUID(typed))
        return queryset.filter(named | Q(customer=customer) if customer else named)

    def hint(self, row: Redemption) -> tuple[str, str]:
        """Show when it was and what it took off, and how it stands."""
        return f"{self.at_minute(row)} · {self.discount_money(row)}", self.status_word(row)

    @display(description=_("when"))
    def at_minute(self, redemption: Redemption) -> str:
        """Show when, in the merchant's zone."""
        return when(redemption.created_at)

    @display(description=_("status"))
    def status_word(self, redemption: Redemption) -> str:
        """Show the status as a coloured word, by the clock."""
        status = Redemption.Status(redemption.status_at(timezone.now()))
        return badge(status, str(status.label))

    @display(description=_("order value"))
    def order_money(self, redemption: Redemption) -> str:
        """Show the goods' value before the coupons."""
        return money(redemption.subtotal_minor, redemption.currency)

    @display(description=_("discount"))
    def discount_money(self, redemption: Redemption) -> str:
        """Show what the coupons took off the goods."""
        return money(redemption.discount_minor, redemption.currency)

    @display(description=_("shipping discount"))
    def shipping_money(self, redemption: Redemption) -> str:
        """Show what the coupons took off the shipping."""
        return money(redemption.shipping_discount_minor, redemption.currency)

    @display(description=_("test"))
    def test_word(self, redemption: Redemption) -> str:
        """Say that it stays out of every figure; nothing where it doesn't."""
        return badge("note", _("test")) if redemption.is_test else EMPTY

    @display(description=_("who"))
    def who_name(self, redemption: Redemption) -> str:
        """Name who redeemed."""
        return who(redemption.actor)
