"""Refused attempts: a list, and for each the reason why."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import coding
from coupons.admin.base import KeysetAdmin, ReadOnly
from coupons.admin.shown import EMPTY, badge, when, who
from coupons.pricing.quote import Reason
from coupons.staff import Area, Right
from redemption.admin.why import why_page
from redemption.admin.why_words import LABELS
from redemption.explaining import attempt_explained
from redemption.models import RefusedAttempt


class ByReason(admin.SimpleListFilter):
    """Keep those with one first reason."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer every reason there is."""
        return [(reason.value, str(LABELS[reason])) for reason in Reason]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Keep those with that reason."""
        return queryset.filter(reason=self.value()) if self.value() else queryset


@admin.register(RefusedAttempt)
class RefusedAttemptAdmin(ReadOnly, KeysetAdmin):
    """Refused attempts, newest first."""

    area = Area.REDEMPTIONS
    nothing_yet = _("No coupon has been refused in the last 30 days.")
    next_step = (_("Go to the redemptions"), "admin:redemption_redemption_changelist")
    list_display = ("at_minute", "order_ref", "codes_word", "reason_word", "customer", "who_name")
    list_filter = (ByReason, "method")
    search_fields = ("order_ref",)
    search_help_text = _("Order, customer or code, whole")
    keyset = ("-at", "-id")

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Look an order, a customer or a code up, each by its index."""
        named = Q(order_ref=typed) | Q(customer_ref=typed)
        code = coding.normal_form(typed)
        return queryset.filter(named | Q(codes__contains=[code]) if code else named)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Say why it was refused."""
        attempt = self.found(request, object_id, Right.VIEW)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return why_page(
            model_admin=self,
            request=request,
            explained=attempt_explained(attempt=attempt),
            title=_("Why was %(order)s refused?") % {"order": attempt.order_ref},
            state=badge("revoked", _("Refused")),
            nothing_taken=True,
            subtitle=" · ".join(
                [when(attempt.at), who(attempt.actor), attempt.get_method_display()]
            ),
        )

    @display(description=_("when"))
    def at_minute(self, attempt: RefusedAttempt) -> str:
        """Show when, in the merchant's zone."""
        return when(attempt.at)

    @display(description=_("codes"))
    def codes_word(self, attempt: RefusedAttempt) -> str:
        """List the codes asked for."""
        return ", ".join(attempt.codes)

    @display(description=_("reason"))
    def reason_word(self, attempt: RefusedAttempt) -> str:
        """Show the first reason as a word."""
        return badge("revoked", str(LABELS[Reason(attempt.reason)]))

    @display(description=_("customer"))
    def customer(self, attempt: RefusedAttempt) -> str:
        """Name the customer as the shop does."""
        return attempt.customer_ref or EMPTY

    @display(description=_("who"))
    def who_name(self, attempt: RefusedAttempt) -> str:
        """Name who asked."""
        return who(attempt.actor)
