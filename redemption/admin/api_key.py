"""API keys: made and shown once, revoked, never changed."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from coupons import clock
from coupons.admin.base import MerchantAdmin, show_error, tell_errors
from coupons.admin.pages import form_page
from coupons.admin.shown import badge, when
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import Channel, Merchant
from coupons.staff import Area
from redemption import keys
from redemption.models import ApiKey, KeyMethod, Scope


class NewKeyForm(forms.Form):
    """What a new key may do."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Which program has it, for example “Web shop checkout”."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"), choices=Scope, widget=forms.CheckboxSelectMultiple
    )
    method = forms.ChoiceField(
        label=_("Redeems by"), choices=KeyMethod, widget=UnfoldAdminSelectWidget
    )
    channel = forms.ModelChoiceField(
        label=_("Sales channel"),
        queryset=Channel.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Where it is set, every cart counts as of this channel."),
    )

    def __init__(self, *args: Any, merchant: Merchant | None, **kw: Any) -> None:
        super().__init__(*args, **kw)
        if merchant is not None:
            self.fields["channel"].queryset = Channel.objects.of(merchant).order_by("name")


@admin.register(ApiKey)
class ApiKeyAdmin(MerchantAdmin):
    """The keys that programs call with."""

    area = Area.SETTINGS
    list_display = ("name", "prefix", "state_word", "scope_words", "method", "channel", "created")
    list_select_related = ("channel",)
    ordering = ("-created_at", "-pk")
    fields = (
        "name",
        "prefix",
        "state_word",
        "scope_words",
        "method",
        "channel",
        "created_at",
        "expires_at",
        "revoked_at",
    )
    readonly_fields = ("state_word", "scope_words")
    change_form_before_template = "console/api_key_actions.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a key that may do something else is another key."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: it is revoked, and the journal's name of it stays true."""
        return False

    @display(description=_("state"))
    def state_word(self, key: ApiKey) -> str:
        """Show whether it opens anything."""
        if key.revoked_at:
            return badge("revoked", _("Revoked"))
        return badge("active", _("Active"))

    @display(description=_("may"))
    def scope_words(self, key: ApiKey) -> str:
        """Name what it may do."""
        return ", ".join(str(Scope(scope).label) for scope in key.scopes)

    @display(description=_("created"))
    def created(self, key: ApiKey) -> str:
        """Show when, in the merchant's zone."""
        return when(key.created_at)

    def get_urls(self) -> list[URLPattern]:
        """Add the address that revokes."""
        view = self.admin_site.admin_view(self.revoke_view)
        return [
            path("<int:pk>/revoke/", view, name="redemption_apikey_revoke"),
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
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                return self._shown_once(request, row=row, key=key)
        return form_page(model_admin=self, request=request, form=form, title=_("New API key"))

    def _shown_once(self, request: HttpRequest, *, row: ApiKey, key: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "row": row,
            "key": key,
            "title": _("The new API key"),
        }
        response = TemplateResponse(request, "console/api_key_shown.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def revoke_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what revoking does; do it once confirmed."""
        row = self.get_object(request, str(pk)) if self.has_add_permission(request) else None
        if row is None:
            raise Http404
        page = HttpResponseRedirect(reverse("admin:redemption_apikey_change", args=[row.pk]))
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "row": row,
                "title": _("Revoke “%(name)s”") % {"name": row.name},
            }
            return TemplateResponse(request, "console/api_key_revoke.html", context)
        try:
            keys.revoke(key=row, by=staff_actor(request.user), at=clock.now(request))
        except HexiaoError as error:
            show_error(request=request, error=error)
        else:
            messages.success(request, _("The key is revoked."))
        return page
