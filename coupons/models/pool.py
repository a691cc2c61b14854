"""Codes that are set aside for a partner."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from coupons.models.coupon import Coupon
from coupons.models.merchant import MerchantOwned


class CodePool(MerchantOwned):
    """Codes of one coupon that one partner hands out."""

    coupon = models.ForeignKey(
        Coupon, models.PROTECT, verbose_name=_("coupon"), related_name="pools"
    )
    partner = models.CharField(_("partner"), max_length=100)
    purpose = models.CharField(_("purpose"), max_length=200, blank=True)
    #: Codes reserved so far; those that took the place of others count once.
    count = models.BigIntegerField(_("codes"), default=0)
    created_by = models.CharField(_("created by"), max_length=100)
    created_at = models.DateTimeField(_("created"))
    #: The first time the codes were taken away as a file.
    exported_by = models.CharField(_("exported by"), max_length=100, blank=True, default="")
    exported_at = models.DateTimeField(_("exported"), null=True, blank=True)
    #: What nobody had touched went back to the coupon.
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    class Meta:
        verbose_name = _("partner pool")
        verbose_name_plural = _("partner pools")
        indexes = [models.Index(fields=["merchant", "-id"], name="pool_by_merchant")]
        constraints = [
            models.CheckConstraint(condition=models.Q(count__gte=0), name="pool_counts_up"),
            models.CheckConstraint(condition=~models.Q(partner=""), name="pool_has_a_partner"),
            models.CheckConstraint(
                condition=models.Q(exported_at__isnull=True) | models.Q(released_at__isnull=True),
                name="pool_is_exported_or_released",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner} · {self.purpose}" if self.purpose else self.partner
