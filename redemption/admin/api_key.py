"""API keys: made and shown once, bound, replaced, revoked."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import clock
from coupons.admin.base import MerchantAdmin, show_error, tell_errors
from coupons.admin.pages import console_page, form_page, sure_page
from coupons.admin.shown import EMPTY, badge, number, when
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.staff import Area
from redemption import keys
from redemption.admin.api_key_forms import LimitsForm, NewKeyForm, RotationForm
from redemption.models import ApiKey, Scope


@admin.register(ApiKey)
class ApiKeyAdmin(MerchantAdmin):
    """The keys that programs call with."""

    area = Area.SETTINGS
    nothing_yet = _(
        "The shop's programs need a key. Make one for each, with no more than it needs."
    )
    list_display = (
        *("name", "prefix", "state_word", "scope_words", "method", "channel"),
        *("last_used", "created"),
    )
    list_select_related = ("channel", "use")
    ordering = ("-created_at", "-pk")
    fields = (
        "name",
        "prefix",
        "state_word",
        "scope_words",
        "method",
        "channel",
        "networks",
        "rate",
        "last_used",
        "created",
        "ends",
        "revoked",
        "replaced_by",
    )
    readonly_fields = (
        *("state_word", "scope_words", "networks", "rate"),
        *("last_used", "created", "ends", "revoked", "replaced_by"),
    )
    change_form_before_template = "console/api_key_actions.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never on the page itself: a key that may do something else is another key."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: it is revoked, and the journal's name of it stays true."""
        return False

    @display(description=_("state"))
    def state_word(self, key: ApiKey) -> str:
        """Show whether it opens anything."""
        if key.revoked_at:
            return badge("revoked", _("Revoked"))
        if key.expires_at and key.expires_at <= timezone.now():
            return badge("ended", _("Ended"))
        if key.successor_id:
            return badge("note", _("Being replaced"))
        return badge("active", _("Active"))

    @display(description=_("may"))
    def scope_words(self, key: ApiKey) -> str:
        """Name what it may do."""
        return ", ".join(str(Scope(scope).label) for scope in key.scopes)

    @display(description=_("only from"))
    def networks(self, key: ApiKey) -> str:
        """Name the networks it may be used from."""
        if not key.allowed_networks:
            return gettext("Anywhere")
        return format_html_join(", ", "<code>{}</code>", ((each,) for each in key.allowed_networks))

    @display(description=_("calls a minute"))
    def rate(self, key: ApiKey) -> str:
        """Show how often it may call."""
        if key.rate_per_minute:
            return number(key.rate_per_minute)
        usual = number(settings.HEXIAO_RATE_PER_MINUTE)
        return gettext("%(rate)s, as every key") % {"rate": usual}

    @display(description=_("last used"))
    def last_used(self, key: ApiKey) -> str:
        """Show when, and from where."""
        use = getattr(key, "use", None)
        if use is None:
            return EMPTY
        return format_html("{} <small>{}</small>", when(use.last_used_at), use.address or "")

    @display(description=_("ends"))
    def ends(self, key: ApiKey) -> str:
        """Show when it stops working by itself."""
        return when(key.expires_at)

    @display(description=_("revoked"))
    def revoked(self, key: ApiKey) -> str:
        """Show when it was revoked."""
        return when(key.revoked_at)

    @display(description=_("replaced by"))
    def replaced_by(self, key: ApiKey) -> str:
        """Lead to the successor."""
        if key.successor is None:
            return EMPTY
        address = reverse("admin:redemption_apikey_change", args=[key.successor_id])
        return format_html('<a class="hx-link" href="{}">{}</a>', address, key.successor.prefix)

    @display(description=_("created"))
    def created(self, key: ApiKey) -> str:
        """Show when, in the merchant's zone."""
        return when(key.created_at)

    def get_urls(self) -> list[URLPattern]:
        """Add what can be done with a key."""
        steps = {
            "revoke": self.revoke_view,
            "rotate": self.rotate_view,
            "limits": self.limits_view,
        }
        return [
            *(
                path(
                    f"<int:pk>/{step}/",
                    self.admin_site.admin_view(view),
                    name=f"redemption_apikey_{step}",
                )
                for step, view in steps.items()
            ),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make a key and show it, this once."""
        form = NewKeyForm(request.POST or None, merchant=request.merchant)
        if request.method == "POST" and self.has_add_permission(request) and form.is_valid():
            data = form.cleaned_data
            try:
                row, key = keys.create(
                    merchant=request.merchant,
                    name=data["name"],
                    scopes=data["scopes"],
                    method=data["method"],
                    channel=data["channel"],
                    allowed_networks=data["allowed_networks"],
                    rate_per_minute=data["rate_per_minute"],
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                return self._shown_once(request, row=row, key=key)
        return form_page(model_admin=self, request=request, form=form, title=_("New API key"))

    def _shown_once(
        self, request: HttpRequest, *, row: ApiKey, key: str, ends: Any = None
    ) -> HttpResponse:
        response = console_page(
            model_admin=self,
            request=request,
            template="api_key_shown",
            row=row,
            key=key,
            ends=when(ends) if ends else "",
            title=_("The new API key"),
        )
        response["Cache-Control"] = "no-store"
        return response

    def _key(self, request: HttpRequest, pk: int) -> ApiKey:
        row = self.get_object(request, str(pk)) if self.has_add_permission(request) else None
        if row is None:
            raise Http404
        return row

    def rotate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make the key's successor and show it, this once."""
        row = self._key(request, pk)
        form = RotationForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                successor, key = keys.rotate(
                    key=row,
                    overlap_hours=form.cleaned_data["overlap_hours"],
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                return self._shown_once(request, row=successor, key=key, ends=row.expires_at)
        title = gettext("Replace “%(name)s”") % {"name": row.name}
        return form_page(
            model_admin=self, request=request, form=form, title=title, back=_page_of(row)
        )

    def limits_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say from where and how often the key may call."""
        row = self._key(request, pk)
        form = LimitsForm.about(row, request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                keys.limit(
                    key=row,
                    **form.cleaned_data,
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                messages.success(request, _("Saved; it counts from the next call on."))
                return HttpResponseRedirect(_page_of(row))
        title = gettext("Addresses and rate of “%(name)s”") % {"name": row.name}
        return form_page(
            model_admin=self, request=request, form=form, title=title, back=_page_of(row)
        )

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what revoking does; do it once confirmed."""
        row = self._key(request, pk)
        if request.method != "POST":
            return sure_page(
                model_admin=self,
                request=request,
                title=_("Revoke “%(name)s”") % {"name": row.name},
                effect=_(
                    "Programs with this key are refused from now on. It cannot be undone; make a "
                    "new key instead."
                ),
                label=_("Revoke the key"),
                back=_page_of(row),
            )
        try:
            keys.revoke(key=row, by=staff_actor(request.user), at=clock.now(request))
        except HexiaoError as error:
            show_error(request=request, error=error)
        else:
            messages.success(request, _("The key is revoked."))
        return HttpResponseRedirect(_page_of(row))


def _page_of(key: ApiKey) -> str:
    return reverse("admin:redemption_apikey_change", args=[key.pk])
