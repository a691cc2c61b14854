"""Orders, redemptions, API keys and webhooks in the console."""

from coupons.admin import code_page
from coupons.admin.coupon_page import FIGURES, PAGES, PANELS
from redemption.admin import (
    api_key,
    batch,
    hold,
    order,
    reconciliation,
    redemption,
    refused_attempt,
    webhook,
    webhook_delivery,
)
from redemption.admin.code_uses import refusals_of_code, uses_of_code
from redemption.admin.coupon_uses import latest_uses, ledger_figures
from redemption.admin.methods import methods_panel, methods_view, template_view
from redemption.admin.trial import trial_panel

FIGURES.append(ledger_figures)
code_page.PANELS.extend([uses_of_code, refusals_of_code])
PANELS.extend([methods_panel, trial_panel, latest_uses])
PAGES.extend(
    [
        ("methods", "coupons_coupon_methods", methods_view),
        ("methods/template", "coupons_coupon_batch_template", template_view),
    ]
)

__all__ = [
    "api_key",
    "batch",
    "hold",
    "order",
    "reconciliation",
    "redemption",
    "refused_attempt",
    "webhook",
    "webhook_delivery",
]
