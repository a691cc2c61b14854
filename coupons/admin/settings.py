"""The merchant's own settings: itself, its sales channels, its staff."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.password_validation import validate_password
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from coupons import clock, platform, team
from coupons.admin.base import MerchantAdmin, RightsOfRole, show_error, tell_errors
from coupons.admin.pages import form_page
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import Channel, Membership, Merchant, Role
from coupons.staff import Area


class MerchantForm(forms.ModelForm):
    """A merchant's own facts."""

    languages = SimpleArrayField(
        forms.CharField(max_length=16),
        label=_("languages"),
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Language tags separated by commas: en,zh-hans"),
    )


@admin.register(Merchant)
class MerchantsAdmin(RightsOfRole, ModelAdmin):
    """The merchant one works for; superusers add others."""

    area = Area.SETTINGS
    form = MerchantForm
    actions = None
    list_display = ("name", "slug", "currency", "time_zone")
    ordering = ("name",)
    fields = (
        "name", "slug", "currency", "time_zone", "languages", "reviews_required",
        "reviewed_by_platform", "is_platform",
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
    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    ordering = ("name",)
    fields = ("name", "slug")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: orders and redemptions speak of it."""
        return False


class NewMemberForm(forms.Form):
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

    def clean_password(self) -> str:
        """Refuse a password that is easily guessed."""
        validate_password(self.cleaned_data["password"])
        return self.cleaned_data["password"]


@admin.register(Membership)
class MembershipAdmin(MerchantAdmin):
    """Who works here, as what."""

    area = Area.SETTINGS
    list_display = ("user", "role", "email")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__email")
    ordering = ("user__username",)
    fields = ("user", "role")
    readonly_fields = ("user",)

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
        """Give the person another role."""
        self._try(
            request,
            lambda: team.change_role(
                membership=obj,
                role=Role(obj.role),
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
