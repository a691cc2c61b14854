"""The latest uses, and what the ledger counts, on the coupon's page."""

from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from coupons.admin.coupon_page import Figure, Panel, of_limit
from coupons.admin.shown import EMPTY, money, number, when
from coupons.models import Coupon
from coupons.staff import Area, Right, may
from redemption.counting import counted
from redemption.models import Use

SHOWN = 10


def latest_uses(coupon: Coupon, request: HttpRequest) -> Panel | None:
    """List the newest uses, to those who may see redemptions.

    Of a use in another shop, the platform is told no more than which shop it is.
    """
    if not may(role=request.role, area=Area.REDEMPTIONS, right=Right.VIEW):
        return None
    uses = (
        Use.objects.filter(coupon=coupon)
        .select_related("code", "customer", "redemption", "merchant")
        .order_by("-created_at", "-id")[:SHOWN]
    )
    return Panel(
        title=_("Latest uses"),
        headers=[
            _("When"),
            _("Order or shop") if coupon.merchant.is_platform else _("Order"),
            _("Code"),
            _("Customer"),
            _("Discount"),
        ],
        rows=[
            [
                when(use.created_at),
                _order(use) if use.merchant_id == coupon.merchant_id else use.merchant.name,
                use.code.text,
                use.customer.ref
                if use.customer and use.merchant_id == coupon.merchant_id
                else EMPTY,
                money(use.discount_minor, use.redemption.currency),
            ]
            for use in uses
        ],
        empty=_("Nobody has used it yet."),
    )


def _order(use: Use) -> str:
    address = reverse("admin:redemption_redemption_change", args=[use.redemption_id])
    return format_html('<a href="{}">{}</a>', address, use.order_ref)


def ledger_figures(coupon: Coupon, at: datetime) -> list[Figure]:
    """Count what is held and used, and what is left of the budget."""
    counter, now = coupon.counter, counted(coupons=[coupon], at=at)[coupon.pk]
    uses = counter.uses - now.held - now.lapsed
    shown = [
        Figure(30, _("Held"), number(now.held)),
        Figure(40, _("Used"), number(uses), of_limit(counter.max_uses)),
        Figure(50, _("Used today"), number(now.uses_today)),
    ]
    if counter.budget_minor is not None:
        currency = counter.budget_currency
        left = counter.budget_minor - counter.budget_used_minor + now.lapsed_budget
        of = _("of %(limit)s") % {"limit": money(counter.budget_minor, currency)}
        shown.append(Figure(60, _("Budget left"), money(left, currency), of))
    return shown
