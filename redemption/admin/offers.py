"""What the trial offers while one types: past orders."""

from django.http import HttpRequest, HttpResponse

from coupons.admin.offers import asked, offers_page
from coupons.admin.shown import money, when
from coupons.staff import Area
from redemption.models import Order

MOST = 20


def orders_view(request: HttpRequest) -> HttpResponse:
    """Offer the orders whose number begins as typed; nothing typed offers the newest."""
    typed, _named = asked(request, Area.ORDERS)
    rows = Order.objects.of(request.merchant).select_related("customer")
    if typed:
        rows = rows.filter(ref__startswith=typed).order_by("ref")
    else:
        rows = rows.order_by("-placed_at", "-id")
    return offers_page(request, [_order(row) for row in rows[:MOST]])


def _order(order: Order) -> dict[str, str]:
    who = order.customer.ref if order.customer else ""
    parts = (when(order.placed_at), money(order.total_minor, order.currency), who)
    return {"value": order.ref, "label": " · ".join(part for part in parts if part)}
