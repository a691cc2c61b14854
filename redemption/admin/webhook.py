"""Webhook endpoints: made and shown their secret once, tried, switched off and on, removed."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from coupons import clock
from coupons.admin.base import MerchantAdmin, tell_errors
from coupons.admin.pages import console_page, form_page, sure_page
from coupons.admin.shown import EMPTY, badge, when, who
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.staff import Area, Right
from redemption.admin.webhook_delivery import outcome_words, state_badge, type_words
from redemption.models import EventType, WebhookDelivery, WebhookEndpoint
from redemption.webhooks import addresses, deliveries, endpoints

SHOWN_DELIVERIES = 15


class NewEndpointForm(forms.Form):
    """Where to call, and what for."""

    url = forms.CharField(
        label=_("Address"),
        max_length=addresses.MAX_URL,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "url", "placeholder": "https://…"}),
        help_text=_("The address of your program; public, and with HTTPS."),
    )
    types = forms.MultipleChoiceField(
        label=_("Hears of"),
        choices=EventType,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen means everything, what may come later included."),
    )
    coupon = forms.CharField(
        label=_("Only of this coupon"),
        required=False,
        max_length=80,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("The slug of a coupon. Empty: of all of them."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One button on an endpoint's page that asks before it does something."""

    label: Any
    #: What will happen, said before it does.
    effect: Any
    #: Whether it is offered while the endpoint is on, and while it is off.
    on: bool
    off: bool
    look: str = "plain"


STEPS = {
    "secret": Step(
        label=_("Change the secret"),
        effect=_(
            "A new secret is made and shown once. The one you have signs too for 24 hours, "
            "which is the time to put the new one into your program. One that was changed "
            "before stops at once."
        ),
        on=True,
        off=True,
    ),
    "again": Step(
        label=_("Send all failed again"),
        effect=_(
            "Everything that failed at this address is sent anew, with all its attempts, the "
            "oldest 5,000 at a time."
        ),
        on=True,
        off=False,
    ),
    "off": Step(
        label=_("Switch off"),
        effect=_(
            "It hears of nothing that happens while it is off. What is on its way already "
            "waits, and is sent when you switch it on again."
        ),
        on=True,
        off=False,
    ),
    "on": Step(
        label=_("Switch on"),
        effect=_("It hears of what happens from now on, and what waited is sent."),
        on=False,
        off=True,
        look="primary",
    ),
    "delete": Step(
        label=_("Delete"),
        effect=_(
            "The address is called no more, and the record of its deliveries is deleted. "
            "It cannot be undone."
        ),
        on=True,
        off=True,
        look="danger",
    ),
}


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(MerchantAdmin):
    """The addresses that are told what happens."""

    area = Area.SETTINGS
    nothing_yet = _("A webhook tells a program of yours what happened, a moment after it did.")
    list_display = ("url_word", "state_word", "types_words", "coupon", "created")
    list_select_related = ("coupon",)
    ordering = ("-created_at", "-pk")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never in place: its steps change it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never by the admin's own page, which would read every delivery."""
        return False

    # --- the list ---

    @display(description=_("address"))
    def url_word(self, endpoint: WebhookEndpoint) -> str:
        """Show the address, the end of a long one left out."""
        return endpoint.url if len(endpoint.url) <= 80 else f"{endpoint.url[:79]}…"

    @display(description=_("state"))
    def state_word(self, endpoint: WebhookEndpoint) -> str:
        """Show whether it is called, and if not, why."""
        if endpoint.disabled_at is None:
            return badge("active", _("Active"))
        why = endpoint.get_disabled_because_display()
        return badge("revoked", gettext("Off: %(why)s") % {"why": why})

    @display(description=_("hears of"))
    def types_words(self, endpoint: WebhookEndpoint) -> str:
        """Name what it hears of."""
        named = [str(EventType(each).label) for each in endpoint.types]
        return ", ".join(named) or gettext("Everything")

    @display(description=_("created"))
    def created(self, endpoint: WebhookEndpoint) -> str:
        """Show when, in the merchant's zone."""
        return when(endpoint.created_at)

    # --- addresses ---

    def get_urls(self) -> list[URLPattern]:
        """Add the steps and the test."""
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/test/", view(self.test_view), name="redemption_webhook_test"),
            path(
                "<uuid:pk>/<slug:step>/confirm/",
                view(self.step_view),
                name="redemption_webhook_step",
            ),
        ]
        return [*own, *super().get_urls()]

    def _page(self, endpoint: WebhookEndpoint) -> HttpResponseRedirect:
        address = reverse("admin:redemption_webhookendpoint_change", args=[endpoint.pk])
        return HttpResponseRedirect(address)

    def _render(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        return console_page(model_admin=self, request=request, template=template, **context)

    def _shown_once(
        self, request: HttpRequest, endpoint: WebhookEndpoint, title: str
    ) -> HttpResponse:
        response = self._render(request, "webhook_secret", endpoint=endpoint, title=title)
        response["Cache-Control"] = "no-store"
        return response

    # --- pages ---

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make an endpoint and show its secret, this once."""
        coupon = request.GET.get("coupon", "")
        form = NewEndpointForm(request.POST or None, initial={"coupon": coupon})
        if request.method == "POST" and self.has_add_permission(request) and form.is_valid():
            data = form.cleaned_data
            try:
                endpoint = endpoints.create(
                    merchant=request.merchant,
                    address=addresses.looked_at(
                        url=data["url"], private=settings.HEXIAO_ALLOW_PRIVATE_WEBHOOKS
                    ),
                    types=data["types"],
                    coupon=data["coupon"] or None,
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                return self._shown_once(request, endpoint, gettext("The new webhook endpoint"))
        title = _("New webhook endpoint")
        return form_page(model_admin=self, request=request, form=form, title=title)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show an endpoint, what can be done with it, and what it was told last."""
        endpoint = self.found(request, object_id, Right.VIEW)
        last = list(endpoint.deliveries.order_by("-id")[: SHOWN_DELIVERIES + 1])
        return self._render(
            request,
            "webhook_page",
            endpoint=endpoint,
            state=self.state_word(endpoint),
            facts=self._facts(endpoint, clock.now(request)),
            steps=self._offered(request, endpoint),
            may_change=self._may(request, Right.CHANGE),
            deliveries=[_row(each) for each in last[:SHOWN_DELIVERIES]],
            more=len(last) > SHOWN_DELIVERIES,
            title=self.url_word(endpoint),
        )

    def _facts(self, endpoint: WebhookEndpoint, at: Any) -> list[tuple[str, str]]:
        facts = [
            (gettext("Address"), endpoint.url),
            (gettext("Hears of"), self.types_words(endpoint)),
            (gettext("Coupon"), endpoint.coupon.name if endpoint.coupon else gettext("All")),
            (gettext("Created"), f"{when(endpoint.created_at)} · {who(endpoint.created_by)}"),
        ]
        if endpoint.disabled_at:
            facts.append((gettext("Switched off"), when(endpoint.disabled_at)))
        if endpoint.previous_until and at < endpoint.previous_until:
            facts.append((gettext("Old secret signs until"), when(endpoint.previous_until)))
        return facts

    def _offered(self, request: HttpRequest, endpoint: WebhookEndpoint) -> list[tuple[str, Step]]:
        if not self._may(request, Right.CHANGE):
            return []
        is_on = endpoint.disabled_at is None
        return [(slug, step) for slug, step in STEPS.items() if (step.on if is_on else step.off)]

    # --- what is done ---

    def test_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Put a test event on its way."""
        endpoint = self.found(request, pk, Right.CHANGE)
        if request.method != "POST" or endpoint.disabled_at is not None:
            raise Http404
        endpoints.send_test(endpoint=endpoint, at=clock.now(request))
        messages.success(request, _("The test event is on its way."))
        return self._page(endpoint)

    def step_view(self, request: HttpRequest, pk: uuid.UUID, step: str) -> HttpResponse:
        """Say what a step will do; do it once confirmed."""
        endpoint = self.found(request, pk, Right.CHANGE)
        if step not in STEPS:
            raise Http404
        if request.method == "POST":
            return _DO[step](self, request, endpoint)
        chosen = STEPS[step]
        return sure_page(
            model_admin=self,
            request=request,
            title=f"{chosen.label}: {self.url_word(endpoint)}",
            effect=chosen.effect,
            label=chosen.label,
            back=self._page(endpoint).url,
            look="primary" if chosen.look == "plain" else chosen.look,
        )

    def _do_secret(self, request: HttpRequest, endpoint: WebhookEndpoint) -> HttpResponse:
        endpoints.rotate(endpoint=endpoint, **_by(request))
        endpoint.refresh_from_db()
        return self._shown_once(request, endpoint, gettext("The new secret"))

    def _do_again(self, request: HttpRequest, endpoint: WebhookEndpoint) -> HttpResponse:
        count = deliveries.replay_failed(endpoint=endpoint, at=clock.now(request))
        if count:
            messages.success(request, gettext("On their way again: %(n)s.") % {"n": f"{count:,}"})
        else:
            messages.info(request, _("Nothing has failed here."))
        return self._page(endpoint)

    def _do_off(self, request: HttpRequest, endpoint: WebhookEndpoint) -> HttpResponse:
        endpoints.disable(endpoint=endpoint, **_by(request))
        messages.success(request, _("It is switched off."))
        return self._page(endpoint)

    def _do_on(self, request: HttpRequest, endpoint: WebhookEndpoint) -> HttpResponse:
        endpoints.enable(endpoint=endpoint, **_by(request))
        messages.success(request, _("It is switched on."))
        return self._page(endpoint)

    def _do_delete(self, request: HttpRequest, endpoint: WebhookEndpoint) -> HttpResponse:
        endpoints.delete(endpoint=endpoint, **_by(request))
        messages.success(request, _("The endpoint is deleted."))
        return HttpResponseRedirect(reverse("admin:redemption_webhookendpoint_changelist"))

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Bring along what each row names."""
        return super().get_queryset(request).select_related("coupon", "merchant")


_DO: dict[str, Callable[..., HttpResponse]] = {
    "secret": WebhookEndpointAdmin._do_secret,
    "again": WebhookEndpointAdmin._do_again,
    "off": WebhookEndpointAdmin._do_off,
    "on": WebhookEndpointAdmin._do_on,
    "delete": WebhookEndpointAdmin._do_delete,
}


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"by": staff_actor(request.user), "at": clock.now(request)}


def _row(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "address": reverse("admin:redemption_webhookdelivery_change", args=[delivery.pk]),
        "when": when(delivery.created_at),
        "what": type_words(delivery),
        "state": state_badge(delivery),
        "attempts": delivery.attempts,
        "answer": outcome_words(delivery) or EMPTY,
    }
