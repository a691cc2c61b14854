"""Keys, orders, the ledger of uses, and webhooks."""

from redemption.models.api_key import ApiKey, KeyMethod, KeyUse, Scope
from redemption.models.batch import BatchRow, RedemptionBatch
from redemption.models.ledger import (
    CustomerCounter,
    Hold,
    MergedOrder,
    Method,
    Redemption,
    Use,
    UseLine,
)
from redemption.models.order import Order, OrderLine
from redemption.models.proof import Proof
from redemption.models.reconciliation import Reconciliation
from redemption.models.refusal import RefusedAttempt
from redemption.models.reversal import Reversal, ReversalLine
from redemption.models.webhook import (
    DisabledBecause,
    EventType,
    WebhookDelivery,
    WebhookEndpoint,
)

__all__ = [
    "ApiKey",
    "BatchRow",
    "CustomerCounter",
    "DisabledBecause",
    "EventType",
    "Hold",
    "KeyMethod",
    "KeyUse",
    "MergedOrder",
    "Method",
    "Order",
    "OrderLine",
    "Proof",
    "Reconciliation",
    "Redemption",
    "RedemptionBatch",
    "RefusedAttempt",
    "Reversal",
    "ReversalLine",
    "Scope",
    "Use",
    "UseLine",
    "WebhookDelivery",
    "WebhookEndpoint",
]
