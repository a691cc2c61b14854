"""Orders, redemptions and API keys in the console."""

from coupons.admin.coupon_page import PANELS
from redemption.admin import api_key, order, redemption
from redemption.admin.coupon_uses import latest_uses

PANELS.append(latest_uses)

__all__ = ["api_key", "order", "redemption"]
