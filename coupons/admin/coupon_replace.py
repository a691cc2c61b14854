"""Replace with a new coupon: what will happen, said before it does."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from coupons import clock, replacing
from coupons.admin.base import tell_errors
from coupons.admin.shown import number
from coupons.caller import staff_actor
from coupons.errors import FrozenField, HexiaoError
from coupons.models import Code, Coupon
from coupons.staff import Right


class ReplaceForm(forms.Form):
    """The new coupon's slug, and what goes over once it is published."""

    slug = forms.CharField(
        label=_("Slug of the new coupon"),
        max_length=replacing.MOST,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Its address; it never changes."),
    )
    moves_codes = forms.BooleanField(
        label=_("Move the unclaimed stock"),
        required=False,
        initial=True,
        help_text=_("Unique codes that nobody has claimed, held or used belong to the new coupon."),
    )
    moves_shared_code = forms.BooleanField(
        label=_("Move the shared code"),
        required=False,
        initial=True,
        help_text=_("Customers go on typing the same code and get what the new coupon gives."),
    )


def address_of_replacing(*, coupon: Coupon) -> str:
    """Return where a coupon is replaced; empty where it cannot be."""
    if coupon.state not in replacing.REPLACEABLE or replacing.replaced_by(coupon=coupon):
        return ""
    return reverse("admin:coupons_coupon_replace", args=[coupon.pk])


def offer_replacement(*, request: HttpRequest, coupon: Coupon, error: HexiaoError) -> None:
    """Lead from a change that is refused for good to a new coupon."""
    address = address_of_replacing(coupon=coupon) if isinstance(error, FrozenField) else ""
    if address:
        text = gettext("What is fixed can be different in a new coupon:")
        link = format_html('{} <a href="{}">{}</a>', text, address, gettext("Replace"))
        messages.info(request, link)


def replace_view(admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Explain the replacement; make it once confirmed, and open it to be changed."""
    coupon: Coupon = admin.found(request, pk, Right.CHANGE)
    if not address_of_replacing(coupon=coupon):
        raise Http404
    start = {"slug": replacing.suggested_slug(coupon=coupon)}
    form = ReplaceForm(request.POST or None, initial=start)
    shared = Code.objects.filter(coupon=coupon, shared=True).first()
    if shared is None:
        del form.fields["moves_shared_code"]
    if request.method == "POST" and form.is_valid():
        try:
            new = replacing.replace(
                coupon=coupon,
                by=staff_actor(request.user),
                at=clock.now(request),
                slug=form.cleaned_data["slug"],
                moves_codes=form.cleaned_data["moves_codes"],
                moves_shared_code=form.cleaned_data.get("moves_shared_code", False),
            )
        except HexiaoError as error:
            tell_errors(error=error, form=form)
        else:
            text = gettext("“%(slug)s” is a draft now. Change what should be different.")
            messages.success(request, text % {"slug": new.slug})
            return HttpResponseRedirect(reverse("admin:coupons_coupon_edit", args=[new.pk]))
    return admin._render(
        request,
        "coupon_replace",
        coupon=coupon,
        form=form,
        shared=shared,
        issued=number(coupon.counter.issued),
        title=gettext("Replace “%(name)s” with a new coupon") % {"name": coupon.name},
    )
