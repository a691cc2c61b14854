"""Keys, orders, and the ledger of uses."""

from redemption.models.api_key import ApiKey, KeyMethod, Scope
from redemption.models.ledger import (
    CustomerCounter,
    Method,
    Redemption,
    Use,
    UseLine,
)
from redemption.models.order import Order, OrderLine
from redemption.models.refusal import RefusedAttempt

__all__ = [
    "ApiKey",
    "CustomerCounter",
    "KeyMethod",
    "Method",
    "Order",
    "OrderLine",
    "Redemption",
    "RefusedAttempt",
    "Scope",
    "Use",
    "UseLine",
]
