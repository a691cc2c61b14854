"""How a platform's coupon does in each shop, on its page."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from coupons.admin.coupon_page import Panel
from coupons.admin.shown import money, number
from coupons.models import Coupon
from coupons.staff import Area, Right, may
from reports import measures

SHOWN = 50


def by_shop(coupon: Coupon, request: HttpRequest) -> Panel | None:
    """List the shops that used the platform's coupon most, to those who may see reports."""
    if not coupon.merchant.is_platform:
        return None
    if not may(role=request.role, area=Area.REPORTS, right=Right.VIEW):
        return None
    rows = measures.by_shop(coupon=coupon, limit=SHOWN)
    return Panel(
        title=_("By shop"),
        headers=[_("Shop"), _("Uses"), _("Orders"), _("Order value"), _("Discount")],
        rows=[
            [
                row.merchant.name,
                number(row.sales.redeemed),
                number(row.sales.orders),
                money(row.sales.order_value_minor, row.sales.currency),
                money(row.sales.discount_minor, row.sales.currency),
            ]
            for row in rows
        ],
        empty=_("No shop has used it yet. Figures come a little after the uses."),
    )
