"""Roll-ups: what the dashboard shows, folded from the journal."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coupons.models import CodePool, Coupon, MerchantOwned


class DailyFigure(MerchantOwned):
    """One day's figures of one coupon in one currency, or, without a coupon, of the merchant.

    Days are the merchant's own; money is in minor units of `currency`. What has no
    currency, the codes issued, stands in rows whose currency is empty. The merchant's
    rows are not the sum of the coupons' rows: an order with two coupons is one order.
    """

    day = models.DateField(_("day"))
    # A plain reference, like the journal's: figures outlive what they speak of.
    coupon = models.ForeignKey(
        Coupon,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("coupon"),
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    #: Codes made available.
    issued = models.BigIntegerField(_("issued"), default=0)
    #: Codes used.
    redeemed = models.BigIntegerField(_("redeemed"), default=0)
    #: Shipping that was given away included.
    discount_minor = models.BigIntegerField(_("discount given"), default=0)
    #: Redemptions, and what their goods cost before the discount.
    orders = models.BigIntegerField(_("orders"), default=0)
    order_value_minor = models.BigIntegerField(_("order value"), default=0)

    class Meta:
        verbose_name = _("daily figure")
        verbose_name_plural = _("daily figures")
        constraints = [
            # The merchant's own rows lie side by side in it, apart from the coupons'.
            models.UniqueConstraint(
                fields=["merchant", "coupon", "day", "currency"],
                nulls_distinct=False,
                name="daily_figure_is_unique",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "day"],
                name="daily_figure_of_coupons",
                condition=Q(coupon__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.currency}"


class PoolFigure(MerchantOwned):
    """What a partner's codes came to in one currency; money in its minor units."""

    # A plain reference, like the journal's: figures outlive what they speak of.
    pool = models.ForeignKey(
        CodePool, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    currency = models.CharField(_("currency"), max_length=3)
    #: Codes used, and uses that were given back whole since.
    redeemed = models.BigIntegerField(_("redeemed"), default=0)
    reversed = models.BigIntegerField(_("reversed"), default=0)
    #: Less what came back; shipping that was given away included.
    discount_minor = models.BigIntegerField(_("discount given"), default=0)

    class Meta:
        verbose_name = _("figure of a partner pool")
        verbose_name_plural = _("figures of partner pools")
        constraints = [
            models.UniqueConstraint(fields=["pool", "currency"], name="pool_figure_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id} {self.currency}"
