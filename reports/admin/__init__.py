"""What the roll-ups add to pages of the console."""

from coupons.admin import code_pool
from coupons.admin.coupon_page import FIGURES, PANELS
from reports.admin import discounts, pools
from reports.admin.by_shop import by_shop

FIGURES.append(discounts.given)
PANELS.append(by_shop)
code_pool.FIGURES.append(pools.figures)
code_pool.COUNTED.append(pools.counted)
