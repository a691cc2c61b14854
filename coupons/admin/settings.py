"""The merchant's own settings: itself, its sales channels, its staff."""

import zoneinfo
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.password_validation import validate_password
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from coupons import clock, pins, platform, team
from coupons.admin.base import MerchantAdmin, RightsOfRole, show_error, tell_errors
from coupons.admin.pages import form_page, sure_page
from coupons.admin.shown import money, when
from coupons.admin.words import sentence
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import Channel, Membership, Merchant, Pin, Role
from coupons.models.merchant import check_currency
from coupons.pricing.money import BadAmount, currencies, format_amount, parse_amount
from coupons.reasons import language_name
from coupons.staff import Area

#: Those that most shops' customers read; whatever else is stored stays.
LANGUAGES = (
    "en", "zh-hans", "zh-hant", "ja", "ko", "es", "pt-br", "pt", "fr", "de", "it", "nl", "pl",
    "sv", "tr", "ru", "ar", "hi", "id", "ms", "th", "vi",
)  # fmt: skip

_PIN_GOES = _(
    "Their PIN opens the desk no more, on any device, from now on. They choose a new one with "
    "their password, under their name at the desk."
)
_NO_PIN = _(
    "This person has no PIN. They choose one with their password, under their name at the desk."
)


class MerchantForm(forms.ModelForm):
    """A merchant's own facts, chosen from what there is."""

    currency = forms.ChoiceField(label=_("currency"), widget=UnfoldAdminSelect2Widget)
    time_zone = forms.ChoiceField(label=_("time zone"), widget=UnfoldAdminSelect2Widget)
    languages = forms.MultipleChoiceField(
        label=_("languages"),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Customers may read coupons in these."),
    )
    currencies = SimpleArrayField(
        forms.CharField(max_length=3, validators=[check_currency]),
        label=_("further currencies"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Currencies that the shop sells in besides its main one: EUR,GBP"),
    )

    proof_above = forms.CharField(
        label=_("ask for one more proof above"),
        max_length=24,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_(
            "In the main currency. A coupon that gives more than this at the redemption desk "
            "asks for a code sent to the customer or for a supervisor's PIN; coupons of high "
            "risk always do. Empty: those alone."
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Read the amount in the currency that was chosen with it."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        typed, currency = data.get("proof_above"), data.get("currency")
        try:
            limit = parse_amount(typed, currency) if typed and currency else None
        except BadAmount as error:
            self.add_error("proof_above", sentence(str(error)))
        else:
            self.instance.proof_above_minor = limit
        return data

    def clean_currencies(self) -> list[str]:
        """Name each currency once, without the main one."""
        main = self.cleaned_data.get("currency")
        named = dict.fromkeys(self.cleaned_data["currencies"])
        return [currency for currency in named if currency != main]

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        for field in self.fields.values():
            field.label = capfirst(field.label)
        # What is stored stays a choice, whatever the list.
        limit = self.instance.proof_above_minor
        if limit is not None:
            self.initial["proof_above"] = format_amount(limit, self.instance.currency)
        kept = self.instance.languages
        tags = [*LANGUAGES, *(tag for tag in kept if tag not in LANGUAGES)]
        choices = {
            "currency": [(code, code) for code in sorted({*currencies(), self.instance.currency})],
            "time_zone": [(zone, zone) for zone in sorted(zoneinfo.available_timezones())],
            "languages": [(tag, language_name(tag)) for tag in tags],
        }
        for name, offered in choices.items():
            # Where the page is only looked at, there is no field.
            if name in self.fields:
                self.fields[name].choices = [each for each in offered if each[0]]


@admin.register(Merchant)
class MerchantsAdmin(RightsOfRole, ModelAdmin):
    """The merchant one works for; superusers add others."""

    area = Area.SETTINGS
    form = MerchantForm
    actions = None
    list_display = ("name", "slug", "currency", "time_zone")
    ordering = ("name",)
    fields = (
        "name", "slug", "currency", "currencies", "time_zone", "languages",
        "warn_above_percent", "proof_above", "reviews_required", "reviewed_by_platform",
        "is_platform",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Show one's own merchant; a superuser sees all."""
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        return rows.filter(pk=request.merchant.pk) if request.merchant else rows.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let a superuser in before there is any merchant."""
        return request.user.is_superuser or super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let a superuser see them before there is any."""
        return request.user.is_superuser or super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave new merchants to superusers."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: its ledger stays."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the slug once programs use it; the platform says whom it reviews."""
        fixed = ["reviewed_by_platform", *(["slug"] if obj else [])]
        return (*fixed, *(() if request.user.is_superuser else ("is_platform",)))

    @display(description=_("ask for one more proof above"))
    def proof_above(self, merchant: Merchant) -> str:
        """Show the amount to those who only look."""
        return money(merchant.proof_above_minor, merchant.currency)

    def save_model(self, request: HttpRequest, obj: Merchant, form: Any, change: bool) -> None:
        """Save a merchant; make it the platform, or one like others, by the verb for it."""
        wanted, obj.is_platform = obj.is_platform, bool(form.initial.get("is_platform"))
        super().save_model(request, obj, form, change)
        if wanted != obj.is_platform:
            verb = platform.appoint if wanted else platform.dismiss
            try:
                verb(merchant=obj, by=staff_actor(request.user), at=clock.now(request))
            except HexiaoError as error:
                show_error(request=request, error=error)


@admin.register(Channel)
class ChannelAdmin(MerchantAdmin):
    """The places where the merchant sells."""

    area = Area.SETTINGS
    nothing_yet = _("Add each place where you sell, so that coupons can be kept to some of them.")
    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    ordering = ("name",)
    fields = ("name", "slug")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: orders and redemptions speak of it."""
        return False


class PasswordForm(forms.Form):
    """A new password for a member of staff."""

    password = forms.CharField(
        label=_("New password"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Tell it to the person, who changes it after the first log-in."),
    )

    def clean_password(self) -> str:
        """Refuse a password that is easily guessed."""
        validate_password(self.cleaned_data["password"])
        return self.cleaned_data["password"]


class NewMemberForm(PasswordForm):
    """A new member of staff: the account and the role."""

    username = forms.CharField(
        label=_("User name"), max_length=150, widget=UnfoldAdminTextInputWidget
    )
    email = forms.EmailField(label=_("e-mail"), required=False, widget=UnfoldAdminTextInputWidget)
    password = forms.CharField(
        label=_("First password"),
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Tell it to the person, who changes it after the first log-in."),
    )
    role = forms.ChoiceField(
        label=_("role"), choices=Role, initial=Role.OPERATOR, widget=UnfoldAdminSelectWidget
    )


@admin.register(Membership)
class MembershipAdmin(MerchantAdmin):
    """Who works here, as what."""

    area = Area.SETTINGS
    nothing_yet = _("Add the people who work here, each with the role they need.")
    list_display = ("user", "role", "channel", "email", "last_login")
    list_select_related = ("user", "channel")
    search_fields = ("user__username", "user__email")
    ordering = ("user__username",)
    fields = ("user", "role", "channel")
    readonly_fields = ("user",)
    change_form_before_template = "console/member_actions.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that give somebody a new password, and take their PIN away."""
        view = self.admin_site.admin_view(self.password_view)
        reset = self.admin_site.admin_view(self.pin_view)
        own = [
            path("<int:pk>/password/", view, name="coupons_membership_password"),
            path("<int:pk>/pin/", reset, name="coupons_membership_pin"),
        ]
        return [*own, *super().get_urls()]

    @display(description=_("last log-in"))
    def last_login(self, membership: Membership) -> str:
        """Show when the person was here last, in the merchant's zone."""
        return when(membership.user.last_login)

    def password_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Set a new password for somebody who has forgotten theirs."""
        row = self.get_object(request, str(pk)) if self.has_change_permission(request) else None
        if row is None:
            raise Http404
        form = PasswordForm(request.POST or None)
        back = reverse("admin:coupons_membership_change", args=[row.pk])
        if request.method == "POST" and form.is_valid():
            try:
                team.set_password(
                    membership=row,
                    password=form.cleaned_data["password"],
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                messages.success(request, _("The new password is set. Tell it to the person."))
                return HttpResponseRedirect(back)
        title = _("New password for %(name)s") % {"name": row.user}
        return form_page(model_admin=self, request=request, form=form, title=title, back=back)

    def pin_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take away the PIN of somebody who has forgotten it, or told it."""
        row = self.get_object(request, str(pk)) if self.has_change_permission(request) else None
        if row is None:
            raise Http404
        back = reverse("admin:coupons_membership_change", args=[row.pk])
        if request.method == "POST":
            pins.reset(membership=row, by=staff_actor(request.user), at=clock.now(request))
            messages.success(request, _("The PIN is reset. The person chooses a new one."))
            return HttpResponseRedirect(back)
        has_pin = Pin.objects.of(row.merchant_id).filter(membership=row).exists()
        return sure_page(
            model_admin=self,
            request=request,
            title=_("Reset the PIN of %(name)s") % {"name": row.user},
            effect=_PIN_GOES if has_pin else _NO_PIN,
            label=_("Reset the PIN") if has_pin else None,
            back=back,
        )

    def email(self, membership: Membership) -> str:
        """Show the person's address."""
        return membership.user.email

    email.short_description = _("e-mail")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make an account and its membership."""
        form = NewMemberForm(request.POST or None)
        if request.method == "POST" and form.is_valid() and self.has_add_permission(request):
            data = form.cleaned_data
            try:
                team.add(
                    merchant=request.merchant,
                    username=data["username"],
                    password=data["password"],
                    email=data["email"],
                    role=Role(data["role"]),
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                messages.success(request, _("Added."))
                return HttpResponseRedirect(reverse("admin:coupons_membership_changelist"))
        return form_page(model_admin=self, request=request, form=form, title=_("New staff member"))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Give the person another role or sales channel."""
        self._try(
            request,
            lambda: team.change(
                membership=obj,
                role=Role(obj.role),
                channel=obj.channel,
                by=staff_actor(request.user),
                at=clock.now(request),
            ),
        )

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """End the membership."""
        self._try(
            request,
            lambda: team.remove(
                membership=obj, by=staff_actor(request.user), at=clock.now(request)
            ),
        )

    def _try(self, request: HttpRequest, verb: Any) -> None:
        try:
            verb()
        except HexiaoError as error:
            show_error(request=request, error=error)
            request.refused = True

    def message_user(self, request: HttpRequest, message: Any, *args: Any, **kw: Any) -> None:
        """Leave out the admin's word of success where the verb refused."""
        if not getattr(request, "refused", False):
            super().message_user(request, message, *args, **kw)
