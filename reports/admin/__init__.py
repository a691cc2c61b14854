"""What the roll-ups add to pages of the console."""

from coupons.admin.coupon_page import PANELS
from reports.admin.by_shop import by_shop

PANELS.append(by_shop)
