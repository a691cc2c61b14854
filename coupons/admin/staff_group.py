"""Groups of staff: listed, made, changed, deleted."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import clock, staff_groups
from coupons.admin.base import MerchantAdmin, tell_errors
from coupons.admin.form_fields import Text
from coupons.admin.pages import form_page
from coupons.admin.redeemers import PeopleField
from coupons.admin.shown import number
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import Membership, Merchant, StaffGroup, User
from coupons.staff import Area


class StaffGroupForm(forms.Form):
    """A group's name and members."""

    name = Text(label=_("Name"), max_length=100)
    members = PeopleField(
        label=_("Members"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Whatever the group may redeem, its members may, from now on."),
    )

    def __init__(self, *args: Any, merchant: Merchant, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["members"].offer(Membership.objects.of(merchant))


@admin.register(StaffGroup)
class StaffGroupAdmin(MerchantAdmin):
    """The groups that a merchant has made; the one of all clerks keeps itself."""

    area = Area.SETTINGS
    nothing_yet = _("Put people together who may redeem the same coupons, such as a branch's till.")
    list_display = ("name", "members_number", "coupons_number")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Show the groups made by hand, with their numbers."""
        rows = super().get_queryset(request).filter(is_all_clerks=False)
        return rows.annotate(
            members=Count("group__user", distinct=True),
            coupons=Count("group__coupongroup", distinct=True),
        )

    @display(description=_("members"))
    def members_number(self, group: Any) -> str:
        """Show how many belong to it."""
        return number(group.members)

    @display(description=_("coupons"))
    def coupons_number(self, group: Any) -> str:
        """Show how many coupons it may redeem."""
        return number(group.coupons)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make a group."""
        return self._form_view(request, title=_("New staff group"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Change a group's name and members."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return self._form_view(request, title=row.name, row=row)

    def delete_model(self, request: HttpRequest, obj: StaffGroup) -> None:
        """Delete a group."""
        staff_groups.delete(group=obj, by=staff_actor(request.user), at=clock.now(request))

    def _form_view(
        self, request: HttpRequest, *, title: Any, row: StaffGroup | None = None
    ) -> HttpResponse:
        known = {"name": row.name, "members": staff_groups.members_of(group=row)} if row else None
        form = StaffGroupForm(request.POST or None, merchant=request.merchant, initial=known)
        if request.method == "POST" and form.is_valid() and self.has_add_permission(request):
            common: dict[str, Any] = {
                **form.cleaned_data,
                "by": staff_actor(request.user),
                "at": clock.now(request),
            }
            try:
                if row is None:
                    staff_groups.create(merchant=request.merchant, **common)
                else:
                    staff_groups.change(group=row, **common)
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                messages.success(request, _("Saved."))
                return HttpResponseRedirect(reverse("admin:coupons_staffgroup_changelist"))
        return form_page(model_admin=self, request=request, form=form, title=title, row=row)
