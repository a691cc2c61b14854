"""What the trial offers while one types: products with their price, past orders."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from coupons.admin.shown import money, when
from coupons.models import Product
from coupons.pricing.money import format_amount
from coupons.staff import Area, Right, may
from redemption.models import Order

MOST = 20


def products_view(request: HttpRequest) -> HttpResponse:
    """Offer the products whose SKU begins as typed, each with the price it has here."""
    typed = _typed(request, Area.PRODUCTS)
    rows = Product.objects.of(request.merchant).filter(sku__startswith=typed).order_by("sku")
    return _offers(request, [_product(row, request.merchant.currency) for row in rows[:MOST]])


def orders_view(request: HttpRequest) -> HttpResponse:
    """Offer the orders whose number begins as typed; nothing typed offers the newest."""
    typed = _typed(request, Area.ORDERS)
    rows = Order.objects.of(request.merchant).select_related("customer")
    if typed:
        rows = rows.filter(ref__startswith=typed).order_by("ref")
    else:
        rows = rows.order_by("-placed_at", "-id")
    return _offers(request, [_order(row) for row in rows[:MOST]])


def _typed(request: HttpRequest, area: Area) -> str:
    """Return what was typed; 404 to those who may not look there."""
    if not may(role=request.role, area=area, right=Right.VIEW):
        raise Http404
    return request.GET.get("q", "").strip()[:100]


def _product(product: Product, currency: str) -> dict[str, str]:
    has_price = product.price_minor is not None and product.currency == currency
    shown = money(product.price_minor, product.currency)
    return {
        "value": product.sku,
        "label": " · ".join(text for text in (product.name, shown) if text),
        # A price in another currency says nothing about this one.
        "price": format_amount(product.price_minor, currency) if has_price else "",
    }


def _order(order: Order) -> dict[str, str]:
    who = order.customer.ref if order.customer else ""
    parts = (when(order.placed_at), money(order.total_minor, order.currency), who)
    return {"value": order.ref, "label": " · ".join(part for part in parts if part)}


def _offers(request: HttpRequest, offers: list[dict[str, Any]]) -> HttpResponse:
    return TemplateResponse(request, "console/offers.html", {"offers": offers})
