"""Who may redeem coupons by hand: the form for one coupon, and the page for several."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from coupons import clock, redeemers
from coupons.admin.base import tell_errors
from coupons.admin.form_fields import flag
from coupons.admin.pages import console_page
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import Coupon, Membership, Merchant, Role, StaffGroup, User
from coupons.redeemers import Redeemers

#: Coupons that the page takes at once: what fits into an address.
MOST = 200


class PeopleField(forms.ModelMultipleChoiceField):
    """Some of a merchant's staff, each with what they do there."""

    roles: dict[int, str]

    def label_from_instance(self, obj: User) -> str:
        """Name a person and their role."""
        return f"{obj.get_username()} · {self.roles.get(obj.pk, '')}"

    def offer(self, rows: QuerySet[Membership]) -> None:
        """Offer those members."""
        members = list(rows)
        self.roles = {each.user_id: str(Role(each.role).label) for each in members}
        self.queryset = User.objects.filter(pk__in=self.roles).order_by("username")


class RedeemersForm(forms.Form):
    """People and groups of one merchant; its owners are not asked for, they always may."""

    all_clerks = flag(
        _("All redemption clerks"), _("Those who become one later too, for as long as they are.")
    )
    groups = forms.ModelMultipleChoiceField(
        label=_("Staff groups"),
        queryset=StaffGroup.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    people = PeopleField(
        label=_("People"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, merchant: Merchant, **kw: Any) -> None:
        super().__init__(*args, **kw)
        own = StaffGroup.objects.of(merchant).filter(is_all_clerks=False)
        self.fields["groups"].queryset = own.order_by("name")
        self.fields["people"].offer(Membership.objects.of(merchant).exclude(role=Role.OWNER))

    def chosen(self) -> Redeemers:
        """Return who was ticked."""
        data = self.cleaned_data
        return Redeemers(
            people=list(data["people"]), groups=list(data["groups"]), all_clerks=data["all_clerks"]
        )


@admin.action(description=_("Say who may redeem them by hand"), permissions=["change"])
def say_who(model_admin: Any, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
    """Lead from the list to the page for the coupons ticked there."""
    ticked = list(queryset.values_list("pk", flat=True)[: MOST + 1])
    if len(ticked) > MOST:
        messages.error(request, _("Choose at most %(most)s coupons at a time.") % {"most": MOST})
        return None
    query = urlencode({"coupon": sorted(ticked)}, doseq=True)
    return HttpResponseRedirect(f"{reverse('admin:coupons_coupon_redeemers')}?{query}")


def several_view(request: HttpRequest, *, model_admin: Any) -> HttpResponse:
    """Let some redeem several coupons, or take it from them; others keep what they have.

    The page asks once more, naming whom and what, before anything changes.
    """
    asked = [text for text in request.GET.getlist("coupon") if text.isdecimal()][:MOST]
    coupons = model_admin.get_queryset(request).filter(pk__in=asked)
    chosen: list[Coupon] = list(coupons.order_by("name", "pk"))
    if not chosen or len(chosen) != len(set(asked)):
        raise Http404
    form = RedeemersForm(request.POST or None, merchant=request.merchant)
    page = partial(
        console_page, model_admin=model_admin, request=request, form=form, coupons=chosen
    )
    if request.method == "POST" and "back" not in request.POST and form.is_valid():
        taking = request.POST.get("what") == "disallow"
        if not form.chosen():
            form.add_error(None, _("Choose at least one person or group."))
        elif "sure" not in request.POST:
            title = _("Take the right from them?") if taking else _("Give them the right?")
            names = _names(form.chosen())
            return page(template="redeemers_sure", title=title, taking=taking, names=names)
        elif _changed(request, form=form, coupons=chosen, taking=taking):
            return HttpResponseRedirect(reverse("admin:coupons_coupon_changelist"))
    return page(template="redeemers", title=_("Who may redeem these coupons by hand"))


def _names(who: Redeemers) -> list[str]:
    """Name everybody who was ticked, groups first."""
    clerks = [str(_("All redemption clerks"))] if who.all_clerks else []
    groups = [group.name for group in who.groups]
    return [*clerks, *groups, *(person.get_username() for person in who.people)]


def _changed(
    request: HttpRequest, *, form: RedeemersForm, coupons: list[Coupon], taking: bool
) -> bool:
    verb = redeemers.disallow if taking else redeemers.allow
    try:
        count = verb(
            merchant=request.merchant,
            coupons=coupons,
            who=form.chosen(),
            by=staff_actor(request.user),
            at=clock.now(request),
        )
    except HexiaoError as error:
        tell_errors(error=error, form=form)
        return False
    text = ngettext("Changed for %(n)s coupon.", "Changed for %(n)s coupons.", count)
    messages.success(request, text % {"n": count})
    return True
