"""Who used a code, and why it was last refused, on the code's page."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from coupons.admin.coupon_page import Panel
from coupons.admin.shown import EMPTY, badge, money, when, who
from coupons.models import Code
from coupons.pricing.quote import Reason
from coupons.staff import Area, Right, may
from redemption.admin.why_words import LABELS
from redemption.models import Redemption, RefusedAttempt, Use

SHOWN = 10
REFUSALS = 3


def uses_of_code(code: Code, request: HttpRequest) -> Panel | None:
    """List who used it or holds it, to those who may see redemptions.

    Of a use in another shop, the platform is told no more than which shop it is.
    """
    if not may(role=request.role, area=Area.REDEMPTIONS, right=Right.VIEW):
        return None
    # The coupon too: a shared code's newest uses are then read along the coupon's index.
    uses = (
        Use.objects.filter(coupon=code.coupon_id, code=code)
        .select_related("customer", "redemption", "merchant")
        .order_by("-created_at", "-id")[:SHOWN]
    )
    return Panel(
        title=_("Redemptions"),
        headers=[_("When"), _("Order"), _("Customer"), _("Status"), _("Discount")],
        rows=[_use(use, code=code) for use in uses],
        empty=_("Nobody has used it yet."),
    )


def _use(use: Use, *, code: Code) -> list[str]:
    row = use.redemption
    is_own = use.merchant_id == code.merchant_id
    address = reverse("admin:redemption_redemption_change", args=[row.pk])
    status = Redemption.Status(row.status_at(timezone.now()))
    return [
        when(use.created_at),
        format_html('<a href="{}">{}</a>', address, use.order_ref) if is_own else use.merchant.name,
        use.customer.ref if use.customer and is_own else EMPTY,
        badge(status, str(status.label)),
        money(use.discount_minor, row.currency),
    ]


def refusals_of_code(code: Code, request: HttpRequest) -> Panel | None:
    """List why it was refused the last times, as long as refusals are kept."""
    if not may(role=request.role, area=Area.REDEMPTIONS, right=Right.VIEW):
        return None
    attempts = (
        RefusedAttempt.objects.of(code.merchant)
        .filter(codes__contains=[code.text])
        .order_by("-at", "-id")[:REFUSALS]
    )
    rows = [
        [
            when(attempt.at),
            format_html(
                '<a href="{}">{}</a>',
                reverse("admin:redemption_refusedattempt_change", args=[attempt.pk]),
                attempt.order_ref,
            ),
            who(attempt.actor),
            _why(attempt, text=code.text),
        ]
        for attempt in attempts
    ]
    if not rows:
        return None
    headers = [_("When"), _("Order"), _("Asked by"), _("Why")]
    return Panel(title=_("Refused"), headers=headers, rows=rows, empty="")


def _why(attempt: RefusedAttempt, *, text: str) -> str:
    """Say the first reason that this code had; another code may have been at fault."""
    reasons = next((reasons for code, reasons in attempt.told if code == text and reasons), None)
    return str(LABELS[Reason(reasons[0])]) if reasons else _("Another code of the order")
