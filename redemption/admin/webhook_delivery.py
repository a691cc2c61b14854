"""What the endpoints were told, how they answered, and sending it once more."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import clock
from coupons.admin.base import KeysetAdmin, ReadOnly
from coupons.admin.shown import EMPTY, badge, when
from coupons.staff import Area, Right
from redemption.models import EventType, WebhookDelivery, WebhookEndpoint
from redemption.models.webhook import TEST_TYPE
from redemption.webhooks import deliveries

_LOOKS = {"pending": "note", "delivered": "active", "failed": "revoked"}
#: More endpoints than these are not offered as a filter.
MOST_OFFERED = 50


def state_badge(delivery: WebhookDelivery) -> str:
    """Show the state as a coloured word."""
    return badge(_LOOKS[delivery.state], delivery.get_state_display())


def type_words(delivery: WebhookDelivery) -> str:
    """Say what it tells of."""
    if delivery.type == TEST_TYPE:
        return gettext("Test event")
    known = delivery.type in EventType.values
    return str(EventType(delivery.type).label) if known else delivery.type


def outcome_words(delivery: WebhookDelivery) -> str:
    """Say how the last call ended: the HTTP status, or what went wrong without one."""
    if delivery.last_ms is None:
        return ""
    if delivery.last_status is None:
        return gettext(delivery.last_answer)
    return f"HTTP {delivery.last_status} · {delivery.last_ms:,} ms"


class EndpointFilter(admin.SimpleListFilter):
    """The deliveries of one endpoint of the merchant's."""

    title = _("endpoint")
    parameter_name = "to"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the newest endpoints."""
        rows = WebhookEndpoint.objects.of(request.merchant).order_by("-created_at")
        return [(str(row.pk), row.url) for row in rows[:MOST_OFFERED]]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Keep those of the chosen one."""
        try:
            return queryset.filter(endpoint=uuid.UUID(self.value())) if self.value() else queryset
        except ValueError:
            return queryset.none()


class TypeFilter(admin.SimpleListFilter):
    """The deliveries that tell of one thing."""

    title = _("what")
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every type."""
        return [*EventType.choices, (TEST_TYPE, _("Test event"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Keep those of the chosen one."""
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly, KeysetAdmin):
    """Deliveries, newest first."""

    area = Area.SETTINGS
    nothing_yet = _("What was sent to your webhooks shows here, with the answers.")
    next_step = (_("Go to the webhooks"), "admin:redemption_webhookendpoint_changelist")
    list_display = ("at_minute", "what", "state_word", "endpoint", "attempts", "outcome", "due")
    list_select_related = ("endpoint",)
    list_filter = ("state", EndpointFilter, TypeFilter)
    keyset = ("-id",)
    fields = (
        "what", "state_word", "endpoint", "event", "attempts", "due", "last_try", "outcome",
        "answer_text", "body_text",
    )  # fmt: skip
    readonly_fields = (
        "what", "state_word", "due", "last_try", "outcome", "answer_text", "body_text",
    )  # fmt: skip
    change_form_outer_before_template = "console/webhook_again.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the address that sends again."""
        view = self.admin_site.admin_view(self.again_view)
        return [
            path("<uuid:pk>/again/", view, name="redemption_webhookdelivery_again"),
            *super().get_urls(),
        ]

    def again_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Send a failed one anew."""
        if request.method != "POST":
            raise Http404
        delivery = self.found(request, pk, Right.CHANGE)
        if deliveries.replay(delivery=delivery, at=clock.now(request)):
            messages.success(request, _("It is on its way again."))
        else:
            messages.info(request, _("It has not failed; there is nothing to send again."))
        address = reverse("admin:redemption_webhookdelivery_change", args=[delivery.pk])
        return HttpResponseRedirect(address)

    @display(description=_("when"))
    def at_minute(self, delivery: WebhookDelivery) -> str:
        """Show when, in the merchant's zone."""
        return when(delivery.created_at)

    @display(description=_("what"))
    def what(self, delivery: WebhookDelivery) -> str:
        """Say what it tells of."""
        return type_words(delivery)

    @display(description=_("state"))
    def state_word(self, delivery: WebhookDelivery) -> str:
        """Show whether it has arrived."""
        return state_badge(delivery)

    @display(description=_("last answer"))
    def outcome(self, delivery: WebhookDelivery) -> str:
        """Say how the last call ended."""
        return outcome_words(delivery) or EMPTY

    @display(description=_("next attempt"))
    def due(self, delivery: WebhookDelivery) -> str:
        """Show when it is tried next, while it is."""
        pending = delivery.state == WebhookDelivery.State.PENDING
        return when(delivery.next_at) if pending else EMPTY

    @display(description=_("last attempt"))
    def last_try(self, delivery: WebhookDelivery) -> str:
        """Show when it was sent last."""
        return when(delivery.last_at)

    @display(description=_("answered text"))
    def answer_text(self, delivery: WebhookDelivery) -> str:
        """Show the beginning of what was answered."""
        has = delivery.last_status is not None and delivery.last_answer
        return _text(delivery.last_answer) if has else EMPTY

    @display(description=_("body"))
    def body_text(self, delivery: WebhookDelivery) -> str:
        """Show what is sent."""
        return _text(delivery.body)


def _text(text: str) -> str:
    return format_html('<pre class="hx-text">{}</pre>', text)
