"""The latest uses, on the coupon's page."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from coupons.admin.coupon_page import Panel
from coupons.admin.shown import EMPTY, money, when
from coupons.models import Coupon
from coupons.staff import Area, Right, may
from redemption.models import Use

SHOWN = 10


def latest_uses(coupon: Coupon, request: HttpRequest) -> Panel | None:
    """List the newest uses, to those who may see redemptions."""
    if not may(role=request.role, area=Area.REDEMPTIONS, right=Right.VIEW):
        return None
    uses = (
        Use.objects.filter(coupon=coupon)
        .select_related("code", "customer", "redemption")
        .order_by("-created_at", "-id")[:SHOWN]
    )
    return Panel(
        title=_("Latest uses"),
        headers=[_("When"), _("Order"), _("Code"), _("Customer"), _("Discount")],
        rows=[
            [
                when(use.created_at),
                format_html(
                    '<a href="{}">{}</a>',
                    reverse("admin:redemption_redemption_change", args=[use.redemption_id]),
                    use.order_ref,
                ),
                use.code.text,
                use.customer.ref if use.customer else EMPTY,
                money(use.discount_minor, use.redemption.currency),
            ]
            for use in uses
        ],
        empty=_("Nobody has used it yet."),
    )
