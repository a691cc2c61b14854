"""Orders, redemptions, API keys and webhooks in the console."""

from coupons.admin.coupon_page import FIGURES, PANELS
from redemption.admin import (
    api_key,
    hold,
    order,
    reconciliation,
    redemption,
    refused_attempt,
    webhook,
    webhook_delivery,
)
from redemption.admin.coupon_uses import latest_uses, ledger_figures
from redemption.admin.trial import trial_panel

PANELS.extend([trial_panel, latest_uses])
FIGURES.append(ledger_figures)

__all__ = [
    "api_key",
    "hold",
    "order",
    "reconciliation",
    "redemption",
    "refused_attempt",
    "webhook",
    "webhook_delivery",
]
