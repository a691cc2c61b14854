"""Exchange rates: everybody's, looked at; the merchant's own, put through the API's verb."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import clock, rates
from coupons.admin.base import MerchantAdmin, tell_errors
from coupons.admin.form_fields import Text, date_input
from coupons.admin.money_rows import MoneyByCurrency
from coupons.admin.pages import form_page
from coupons.admin.shown import badge, number
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import ExchangeRates
from coupons.staff import Area

#: Shown in the list, where a table has them.
_FIRST = ("USD", "EUR", "GBP", "JPY", "CNY")


class RatesForm(forms.Form):
    """A day's own rates."""

    date = forms.DateField(
        label=_("Day"),
        widget=date_input(),
        help_text=_("They count from this day on, until newer ones come."),
    )
    base = Text(label=_("Base currency"), max_length=3)
    rates = MoneyByCurrency(
        label=_("1 of the base currency is"),
        help_text=_("The currency, and how much of it one gets."),
    )

    def clean_base(self) -> str:
        """Take small letters too."""
        return self.cleaned_data["base"].upper()

    def clean_rates(self) -> dict[str, Decimal]:
        """Read the numbers."""
        found = {}
        for currency, text in (self.cleaned_data["rates"] or {}).items():
            try:
                found[currency] = Decimal(text)
            except InvalidOperation as error:
                raise forms.ValidationError(
                    _("%(currency)s: type a number, such as 1.0845."),
                    params={"currency": currency},
                ) from error
        return found


@admin.register(ExchangeRates)
class ExchangeRatesAdmin(MerchantAdmin):
    """Tables of rates by day, the newest first."""

    area = Area.SETTINGS
    nothing_yet = _("The European Central Bank's rates are loaded every day; you can put your own.")
    list_display = ("quoted_on", "base", "source", "some_rates", "currencies")
    ordering = ("-quoted_on", "merchant_id", "base")
    sortable_by = ()
    fields = ("quoted_on", "base", "source", "all_rates")
    readonly_fields = ("source", "all_rates")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Show the merchant's own tables and everybody's."""
        if request.merchant is None:
            return ExchangeRates.objects.none()
        rows = ExchangeRates.objects.filter(Q(merchant=request.merchant) | Q(merchant=None))
        return rows.order_by(*self.ordering)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave everybody's rates to their source."""
        is_own = obj is None or obj.merchant_id is not None
        return is_own and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: uses were converted at them."""
        return False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Put a day's rates."""
        today = localtime(clock.now(request)).date()
        return self._form_view(request, _("New exchange rates"), initial={"date": today})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Put the rates of that day again; everybody's are only shown."""
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_change_permission(request, row):
            return super().change_view(request, object_id, form_url, extra_context)
        known = {"date": row.quoted_on, "base": row.base, "rates": row.rates}
        return self._form_view(request, _("Exchange rates"), initial=known, fixed=True)

    def _form_view(
        self, request: HttpRequest, title: Any, *, initial: dict[str, Any], fixed: bool = False
    ) -> HttpResponse:
        form = RatesForm(request.POST or None, initial=initial)
        for name in ("date", "base"):
            form.fields[name].disabled = fixed
        if request.method == "POST" and form.is_valid() and self.has_add_permission(request):
            data = form.cleaned_data
            try:
                rates.put(
                    merchant=request.merchant,
                    day=data["date"],
                    base=data["base"],
                    rates=data["rates"],
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                messages.success(request, _("Saved."))
                return HttpResponseRedirect(reverse("admin:coupons_exchangerates_changelist"))
        return form_page(model_admin=self, request=request, form=form, title=title)

    @display(description=_("source"))
    def source(self, table: ExchangeRates) -> SafeString:
        """Say whose rates they are."""
        if table.merchant_id is None:
            return badge("plain", _("European Central Bank"))
        return badge("note", _("Your own"))

    @display(description=_("rates"))
    def some_rates(self, table: ExchangeRates) -> str:
        """Show the rates that are looked for most."""
        first = [name for name in _FIRST if name in table.rates] or sorted(table.rates)[:3]
        return " · ".join(f"{name} {table.rates[name]}" for name in first)

    @display(description=_("currencies"))
    def currencies(self, table: ExchangeRates) -> str:
        """Count the currencies."""
        return number(len(table.rates))

    @display(description=_("rates"))
    def all_rates(self, table: ExchangeRates) -> SafeString:
        """Show every rate."""
        rows = format_html_join("", "<dt>{}</dt><dd>{}</dd>", sorted(table.rates.items()))
        return format_html('<dl class="hx-facts">{}</dl>', rows)
