"""What the merchant sells: products and categories."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from coupons.admin.base import KeysetAdmin, MerchantAdmin
from coupons.admin.offers import categories_view, products_view
from coupons.admin.shown import EMPTY, badge, money, number
from coupons.admin.words import sentence
from coupons.catalogue import with_words
from coupons.models import Category, Product
from coupons.pricing.money import format_amount, parse_amount
from coupons.staff import Area


class ProductForm(forms.ModelForm):
    """A product with its prices typed in major units."""

    price = forms.CharField(label=_("price"), required=False, widget=UnfoldAdminTextInputWidget)
    cost = forms.CharField(label=_("cost"), required=False, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        for name in ("price", "cost"):
            minor = getattr(self.instance, f"{name}_minor")
            if minor is not None:
                self.initial[name] = format_amount(minor, self.instance.currency)

    def clean(self) -> dict[str, Any]:
        """Turn what was typed into minor units of the product's currency."""
        data = super().clean()
        currency = (data.get("currency") or "").upper()
        data["currency"] = self.instance.currency = currency
        for name in ("price", "cost"):
            text = (data.get(name) or "").strip()
            try:
                minor = parse_amount(text, currency) if text else None
            except ValueError as error:
                self.add_error(name, ValidationError(sentence(str(error))))
            else:
                setattr(self.instance, f"{name}_minor", minor)
        return data


@admin.register(Product)
class ProductAdmin(KeysetAdmin):
    """Articles by SKU."""

    area = Area.PRODUCTS
    sheet = "products"
    form = ProductForm
    list_display = ("sku", "name", "category", "price_money", "sale_word", "stock_number")
    list_select_related = ("category",)
    search_fields = ("sku", "name")
    search_help_text = _("Words of the SKU or the name")
    keyset = ("sku",)
    nothing_yet = _(
        "Coupons can name products once they are known: send them over the API, or type one here."
    )
    autocomplete_fields = ("category",)
    fields = ("sku", "name", "category", "currency", "price", "cost", "on_sale", "stock")

    def get_urls(self) -> list[URLPattern]:
        """Add what fields ask while one types."""
        view = self.admin_site.admin_view(products_view)
        return [path("offers/", view, name="coupons_product_offers"), *super().get_urls()]

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Look for every word within SKU or name, as the form's pickers do."""
        return with_words(rows=queryset, typed=typed)

    def hint(self, row: Product) -> tuple[str, str]:
        """Show the price, and that it is on sale."""
        return self.price_money(row), self.sale_word(row) if row.on_sale else ""

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """Never here: old orders and coupons speak of it."""
        return False

    @display(description=_("price"))
    def price_money(self, product: Product) -> str:
        """Show the price with its currency."""
        return money(product.price_minor, product.currency)

    @display(description=_("on sale"))
    def sale_word(self, product: Product) -> str:
        """Say that it is on sale; nothing where it is not."""
        return badge("note", _("on sale")) if product.on_sale else EMPTY

    @display(description=_("stock"))
    def stock_number(self, product: Product) -> str:
        """Show what is in stock, where that is known."""
        return number(product.stock)


@admin.register(Category)
class CategoryAdmin(MerchantAdmin):
    """The tree of goods, as paths."""

    area = Area.PRODUCTS
    list_display = ("path",)
    search_fields = ("path__istartswith",)
    search_help_text = _("How the path begins")
    nothing_yet = _(
        "Categories are a tree of paths such as shoes/running; coupons can be bound to a branch."
    )
    ordering = ("path",)
    fields = ("path",)

    def get_urls(self) -> list[URLPattern]:
        """Add what fields ask while one types."""
        view = self.admin_site.admin_view(categories_view)
        return [path("offers/", view, name="coupons_category_offers"), *super().get_urls()]
