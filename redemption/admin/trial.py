"""Trying a coupon on a cart, from its page."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextInputWidget

from coupons import clock
from coupons.admin.base import tell_errors
from coupons.admin.coupon_page import Panel
from coupons.admin.form_fields import Count, Text
from coupons.admin.pages import console_page
from coupons.admin.repeated import Entry, Repeated
from coupons.errors import HexiaoError
from coupons.models import Coupon
from coupons.pricing.trace import trace
from coupons.staff import Area, Right, may
from redemption.admin.why import tree
from redemption.trial import Goods, Sample, Tried, try_on


def offered(name: str, view: str) -> UnfoldAdminTextInputWidget:
    """Make an input that offers what a view finds, in the page's datalist of that name."""
    # An address is asked for at each request: there are none yet when this is read.
    attrs = {"list": name, "data-offers": reverse_lazy(view), "autocomplete": "off"}
    return UnfoldAdminTextInputWidget(attrs)


class GoodsEntry(Entry):
    """Some of one product."""

    sku = Text(
        label=gettext_lazy("SKU"),
        required=False,
        max_length=100,
        widget=offered("trial-products", "admin:coupons_product_offers"),
    )
    quantity = Count(label=gettext_lazy("Quantity"), required=False, min_value=1)
    unit_price = Text(
        label=gettext_lazy("Unit price"),
        required=False,
        max_length=24,
        widget=UnfoldAdminTextInputWidget({"data-own-price": ""}),
    )


class TrialForm(forms.Form):
    """A sample cart, or the number of a past order."""

    goods = Repeated(
        GoodsEntry,
        label=gettext_lazy("Cart"),
        add=gettext_lazy("Add a product"),
        help_text=gettext_lazy("Without a price, the product's own."),
    )
    order = Text(
        label=gettext_lazy("or a past order"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Pick one, or type its number; the cart above is then left out."),
        widget=offered("trial-orders", "admin:redemption_trial_orders"),
    )
    customer = Text(
        label=gettext_lazy("Customer"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Your own customer number. Empty: a guest."),
    )
    country = Text(label=gettext_lazy("Country"), required=False, max_length=2)
    shipping = Text(label=gettext_lazy("Shipping"), required=False, max_length=24)

    def sample(self) -> Sample:
        """Return what was typed as a sample."""
        data = self.cleaned_data
        return Sample(
            order=data.get("order", ""),
            goods=[
                Goods(
                    sku=each["sku"],
                    quantity=each["quantity"] or 1,
                    unit_price=each["unit_price"] or None,
                )
                for each in data["goods"]
            ],
            customer=data.get("customer") or None,
            country=data["country"].upper() or None,
            shipping=data["shipping"] or "0",
        )


def trial_panel(coupon: Coupon, request: HttpRequest) -> Panel | None:
    """Lead from the coupon's page to the trial."""
    return Panel(
        title=_("Try it on a cart"),
        headers=[],
        rows=[],
        empty=_("See what it would take off, line by line, before anybody uses it."),
        more_url=reverse("admin:redemption_trial", args=[coupon.pk]),
        more_label=_("Try it"),
    )


def trial_view(request: HttpRequest, pk: int, *, model_admin: Any) -> HttpResponse:
    """Price what is typed; the page asks again whenever it changes."""
    if not may(role=request.role, area=Area.COUPONS, right=Right.VIEW):
        raise Http404
    rows = Coupon.objects.of(request.merchant).select_related("merchant", "counter")
    coupon = rows.filter(pk=pk).first()
    if coupon is None:
        raise Http404
    form = TrialForm(request.GET or None)
    # Nobody learns here of orders and customers who may not look at them.
    for name, area in (("order", Area.ORDERS), ("customer", Area.CUSTOMERS)):
        if not may(role=request.role, area=area, right=Right.VIEW):
            del form.fields[name]
    tried = _tried(request, coupon, form) if form.is_valid() else None
    return console_page(
        model_admin=model_admin,
        request=request,
        template="trial_quote" if request.headers.get("HX-Request") else "trial",
        title=_("Try it on a cart: %(name)s") % {"name": coupon.name},
        opts=Coupon._meta,
        coupon=coupon,
        form=form,
        quote=_shown(tried) if tried else None,
        tree=tree(trace=trace(case=tried.case), request=request) if tried else None,
    )


def _tried(request: HttpRequest, coupon: Coupon, form: TrialForm) -> Tried | None:
    sample = form.sample()
    if not sample.order and not sample.goods:
        return None
    try:
        return try_on(coupon=coupon, sample=sample, language=get_language(), at=clock.now(request))
    except HexiaoError as error:
        tell_errors(error=error, form=form, fields={"lines": "goods"})
    return None


def _shown(tried: Tried) -> dict[str, Any]:
    """Lay the quote beside the cart it is of."""
    priced = zip(tried.cart.lines, tried.quote.lines, strict=True)
    return {
        "answer": tried.quote,
        "final_price": tried.final_price,
        "lines": [
            (line.sku, line.quantity, line.unit_price, each.discount, each.final_price)
            for line, each in priced
        ],
        "reasons": [why.message for each in tried.quote.rejected for why in each.reasons],
        "gifts": [gift for each in tried.quote.applied for gift in each.gifts],
    }
