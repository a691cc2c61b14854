"""What fields offer while one types: products with their price, categories with their size."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from coupons import catalogue
from coupons.admin.shown import money
from coupons.models import Product
from coupons.pricing.money import format_amount
from coupons.staff import Area, Right, may

#: Names that one call may ask for.
MOST_NAMED = 100


def products_view(request: HttpRequest) -> HttpResponse:
    """Offer the products found by what is typed (`q`), or those named (`one`, several)."""
    typed, named = asked(request, Area.PRODUCTS)
    merchant = request.merchant
    if named:
        rows = list(catalogue.known(merchant=merchant, skus=named).values())
    else:
        rows = catalogue.find_products(merchant=merchant, typed=typed)
    return offers_page(request, [_product(row, merchant.currency) for row in rows])


def categories_view(request: HttpRequest) -> HttpResponse:
    """Offer the categories found by what is typed (`q`), or those named (`one`, several)."""
    typed, named = asked(request, Area.PRODUCTS)
    rows = catalogue.find_categories(merchant=request.merchant, typed=typed, named=named)
    return offers_page(
        request, [{"value": path, "label": _below(below), "price": ""} for path, below in rows]
    )


def asked(request: HttpRequest, area: Area) -> tuple[str, list[str]]:
    """Return what was typed and what was named; 404 to those who may not look there."""
    if not may(role=request.role, area=area, right=Right.VIEW):
        raise Http404
    typed = request.GET.get("q", "").replace("\0", "").strip()[:100]
    named = [text.replace("\0", "") for text in request.GET.getlist("one")[:MOST_NAMED]]
    return typed, named


def offers_page(request: HttpRequest, offers: list[dict[str, Any]]) -> HttpResponse:
    """Answer with offers: a value, what is said of it, and a price to take over."""
    return TemplateResponse(request, "console/offers.html", {"offers": offers})


def _product(product: Product, currency: str) -> dict[str, str]:
    has_price = product.price_minor is not None and product.currency == currency
    shown = "" if product.price_minor is None else money(product.price_minor, product.currency)
    return {
        "value": product.sku,
        "label": " · ".join(text for text in (product.name, shown) if text),
        # A price in another currency says nothing about this one.
        "price": format_amount(product.price_minor, currency) if has_price else "",
    }


def _below(number: int) -> str:
    if not number:
        return _("nothing below it")
    return ngettext("with the one below it", "with the %(number)s below it", number) % {
        "number": number
    }
