"""Using a coupon on an order that is there already, from its page."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from coupons import clock
from coupons.admin.base import tell_errors
from coupons.admin.form_fields import Text
from coupons.admin.pages import console_page
from coupons.admin.shown import money, when
from coupons.errors import HexiaoError
from coupons.pricing.money import parse_amount
from coupons.staff import Area, Right, may
from redemption import marking
from redemption.admin.redemption_steps import page_of
from redemption.errors import CouponRejected
from redemption.models import Order


class UseForm(forms.Form):
    """A code, why it is used by hand, and by which time it is judged."""

    chosen = forms.CharField(required=False, max_length=200)
    code = Text(
        label=gettext_lazy("Another code"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Wins over what is chosen in the list."),
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off", "data-unkept": ""}),
    )
    judged = forms.ChoiceField(
        label=gettext_lazy("Judged as of"),
        choices=[("now", gettext_lazy("Now")), ("placed", gettext_lazy("The order's time"))],
        initial="now",
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "The order's time is for a coupon that was meant for the order and has run out "
            "since. What is used up stays used up. The journal tells which it was."
        ),
    )
    reason = Text(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=marking.LONGEST_REASON,
        help_text=gettext_lazy("Why it is marked as used by hand; the journal keeps it."),
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
    )

    def named(self) -> str:
        """Return the code that was typed, or else chosen."""
        data = self.cleaned_data
        return str(data.get("code") or data.get("chosen") or "").strip()


def may_use(request: HttpRequest) -> bool:
    """Say whether the person may mark coupons as used here."""
    return may(role=request.role, area=Area.REDEMPTIONS, right=Right.CHANGE) and may(
        role=request.role, area=Area.ORDERS, right=Right.VIEW
    )


def order_use_view(request: HttpRequest, order: Order, *, model_admin: Any) -> HttpResponse:
    """Offer what the order could use, and use what is chosen."""
    form = UseForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and request.POST.get("what") == "use":
        done = _used(request, order, form)
        if done is not None:
            return done
    data = getattr(form, "cleaned_data", {})
    found = None
    try:
        found = marking.usable(
            user=request.user,
            order=order,
            code=data.get("code", ""),
            as_placed=data.get("judged") == "placed",
            at=clock.now(request),
        )
    except HexiaoError as error:
        if not form.errors:
            tell_errors(error=error, form=form)
    return console_page(
        model_admin=model_admin,
        request=request,
        template="order_use",
        title=_("Use a coupon on the order %(order)s") % {"order": order.ref},
        order=order,
        placed=when(order.placed_at),
        total=money(order.total_minor, order.currency),
        form=form,
        usable=[
            (each, money(_saving(each, order.currency), order.currency))
            for each in (found.usable if found else ())
        ],
        chosen=data.get("chosen"),
        refused=found.refused if found else [],
        back=reverse("admin:redemption_order_change", args=[order.pk]),
    )


def _saving(applied: Any, currency: str) -> int:
    return parse_amount(applied.discount, currency) + parse_amount(
        applied.shipping_discount, currency
    )


def _used(request: HttpRequest, order: Order, form: UseForm) -> HttpResponse | None:
    try:
        redemption = marking.mark(
            user=request.user,
            order=order,
            code=form.named(),
            reason=form.cleaned_data["reason"],
            as_placed=form.cleaned_data["judged"] == "placed",
            at=clock.now(request),
        )
    except CouponRejected as error:
        for each in error.extra["rejected"]:
            for why in each["reasons"]:
                form.add_error(None, why["message"])
    except HexiaoError as error:
        tell_errors(error=error, form=form)
    else:
        messages.success(request, _("The coupon is marked as used."))
        return HttpResponseRedirect(page_of(redemption))
    return None
