"""The merchant's customers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns import customers
from campaigns.models import Customer
from coupons import clock
from coupons.admin.base import KeysetAdmin
from coupons.admin.shown import number
from coupons.staff import Area


class CustomerForm(forms.ModelForm):
    """A customer, with the tags on one line."""

    tags = SimpleArrayField(
        forms.CharField(max_length=64),
        label=_("tags"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Separated by commas"),
    )


@admin.register(Customer)
class CustomerAdmin(KeysetAdmin):
    """Shoppers by the merchant's own identifier."""

    area = Area.CUSTOMERS
    sheet = "customers"
    form = CustomerForm
    list_display = ("ref", "email", "country", "tier", "tag_words", "orders_number")
    search_fields = ("ref", "email", "phone")
    search_help_text = _("Customer identifier, e-mail or phone, whole")
    keyset = ("ref",)
    nothing_yet = _(
        "Customers come from the shop over the API, by themselves with their first order, or "
        "are typed here."
    )
    readonly_fields = ("paid_orders",)
    fields = (
        "ref", "email", "phone", "country", "language", "time_zone", "tags", "tier", "birthday",
        "source", "registered_at", "is_test", "paid_orders",
    )  # fmt: skip

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Look an identifier, an address or a number up as a whole, each by its index."""
        return customers.named(rows=queryset, typed=typed)

    def hint(self, row: Customer) -> tuple[str, str]:
        """Show what names the person."""
        return " · ".join(each for each in (row.email, row.phone) if each), ""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never here: erasure is a verb of its own, the ledger stays."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Keep the identifier, which the shop's own programs use."""
        return ("paid_orders", "ref") if obj else ("paid_orders",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Note when a new one was made."""
        if not change:
            obj.created_at = clock.now(request)
        super().save_model(request, obj, form, change)

    @display(description=_("tags"))
    def tag_words(self, customer: Customer) -> str:
        """Show the tags on one line."""
        return ", ".join(customer.tags)

    @display(description=_("paid orders"))
    def orders_number(self, customer: Customer) -> str:
        """Show how many orders were paid."""
        return number(customer.paid_orders)
