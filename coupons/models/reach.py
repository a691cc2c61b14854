"""Which carts the coupons that are open to all could be for."""

from django.db import models

from coupons.models.coupon import Coupon
from coupons.models.merchant import MerchantOwned


class Reach(MerchantOwned):
    """One thing that the scope of a published coupon names: `category:shoes`, `product:A1`.

    An index of the coupons that are open to all, kept by `coupons.reach`: those with a
    shared code that nobody has to claim. An empty key stands for the whole shop.
    """

    coupon = models.ForeignKey(Coupon, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=220, blank=True)
    priority = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["coupon", "key"], name="reach_is_unique"),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "key", "priority", "coupon"],
                include=["starts_at", "ends_at"],
                name="reach_by_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} {self.key}"
