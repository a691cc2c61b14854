"""Keys, orders, and the ledger of uses."""

from redemption.models.api_key import ApiKey, KeyMethod, KeyUse, Scope
from redemption.models.ledger import (
    CustomerCounter,
    Method,
    Redemption,
    Use,
    UseLine,
)
from redemption.models.order import Order, OrderLine

__all__ = [
    "ApiKey",
    "CustomerCounter",
    "KeyMethod",
    "KeyUse",
    "Method",
    "Order",
    "OrderLine",
    "Redemption",
    "Scope",
    "Use",
    "UseLine",
]
