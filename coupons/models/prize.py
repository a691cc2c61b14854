"""The prizes of a draw, and how many of each are gone."""

from django.db import models

from coupons.models.coupon import Coupon, within
from coupons.models.merchant import MerchantOwned


class Prize(MerchantOwned):
    """One prize of a draw, by its place in the definition, beside its stock.

    The coupon that it is stands here too, so that one query finds its code; without one it
    is a blank. `coupons.prizes` keeps the rows equal to the definition.
    """

    draw = models.ForeignKey(Coupon, models.PROTECT, related_name="prizes", db_index=False)
    place = models.PositiveSmallIntegerField()
    coupon = models.ForeignKey(Coupon, models.PROTECT, null=True, related_name="+", db_index=False)
    stock = models.BigIntegerField(null=True)
    drawn = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draw", "place"], name="prize_place_is_unique"),
            models.CheckConstraint(
                condition=within("drawn", "stock"), name="prize_drawn_within_stock"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}.{self.place}"
