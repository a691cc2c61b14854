"""Tax rates per country and category, set through the API's verb."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from coupons import clock, taxes
from coupons.admin.base import MerchantAdmin, tell_errors
from coupons.admin.form_fields import Text, flag
from coupons.admin.pages import form_page
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import TaxRate
from coupons.staff import Area


class TaxRateForm(forms.Form):
    """The rate of a country, or of a category there."""

    country = Text(label=_("Country"), max_length=2, help_text=_("Two letters, such as DE."))
    category = Text(
        label=_("Category"),
        required=False,
        max_length=500,
        help_text=_("Its path, such as food/drinks. Empty: everything else in that country."),
    )
    rate = forms.DecimalField(
        label=_("Rate in percent"), max_digits=12, widget=UnfoldAdminTextInputWidget
    )
    prices_include_tax = flag(
        _("Prices include the tax"), _("This goes for all rates of the country.")
    )

    def clean_country(self) -> str:
        """Take small letters too."""
        return self.cleaned_data["country"].upper()


@admin.register(TaxRate)
class TaxRateAdmin(MerchantAdmin):
    """The rates that the tax in a quote is worked out with."""

    area = Area.SETTINGS
    nothing_yet = _("With tax rates, every quote shows the tax it would come to.")
    list_display = ("country", "category_shown", "percent", "prices_include_tax")
    search_fields = ("country__iexact", "category__istartswith")
    search_help_text = _("A country, or how a category begins")
    ordering = ("country", "category")
    sortable_by = ()
    fields = ("country", "category", "percent", "prices_include_tax")
    readonly_fields = ("percent",)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Set the first rate of a country, or one of a category."""
        return self._form_view(request, title=_("New tax rate"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Set a rate again."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_change_permission(request, row):
            return super().change_view(request, object_id, form_url, extra_context)
        return self._form_view(request, title=_("Tax rate"), row=row)

    def delete_model(self, request: HttpRequest, obj: TaxRate) -> None:
        """Take a rate away."""
        taxes.remove(rate=obj, by=staff_actor(request.user), at=clock.now(request))

    def _form_view(
        self, request: HttpRequest, *, title: Any, row: TaxRate | None = None
    ) -> HttpResponse:
        form = TaxRateForm(request.POST or None, initial=_known(row) if row else None)
        for name in ("country", "category"):
            form.fields[name].disabled = row is not None
        if request.method == "POST" and form.is_valid() and self.has_add_permission(request):
            try:
                taxes.put(
                    merchant=request.merchant,
                    **form.cleaned_data,
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                messages.success(request, _("Saved."))
                return HttpResponseRedirect(reverse("admin:coupons_taxrate_changelist"))
        return form_page(model_admin=self, request=request, form=form, title=title, row=row)

    @display(description=_("category"))
    def category_shown(self, rate: TaxRate) -> str:
        """Show the category; a country's own rate is for everything else."""
        return rate.category or str(_("everything else"))

    @display(description=_("rate"))
    def percent(self, rate: TaxRate) -> str:
        """Show the rate in percent."""
        return f"{taxes.shown(rate)} %"


def _known(row: TaxRate) -> dict[str, Any]:
    return {
        "country": row.country,
        "category": row.category,
        "rate": Decimal(taxes.shown(row)),
        "prices_include_tax": row.prices_include_tax,
    }
