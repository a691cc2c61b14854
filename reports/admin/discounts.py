"""What the roll-ups know of a coupon, on its page."""

from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext as _

from coupons.admin.coupon_page import Figure
from coupons.admin.shown import money
from coupons.models import Coupon
from reports.models import DailyFigure


def given(coupon: Coupon, at: datetime) -> list[Figure]:
    """Sum up the discount given in each currency, less what came back."""
    rows = DailyFigure.objects.of(coupon.merchant).filter(coupon=coupon).exclude(currency="")
    sums = rows.values_list("currency").annotate(Sum("discount_minor")).order_by("currency")
    shown = " · ".join(money(minor, currency) for currency, minor in sums if minor)
    return [Figure(70, _("Discount given"), shown, _("less returns"))] if shown else []
