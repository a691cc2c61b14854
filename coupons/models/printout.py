"""What is printed: which codes of a coupon, on which paper."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from coupons.models.code import CodeBatch, Job
from coupons.models.coupon import Coupon
from coupons.models.merchant import MerchantOwned


class Printout(MerchantOwned):
    """One file of vouchers, and how far the writing of it is."""

    job = models.OneToOneField(Job, models.PROTECT, related_name="printout", verbose_name=_("job"))
    coupon = models.ForeignKey(Coupon, models.PROTECT, verbose_name=_("coupon"), related_name="+")
    batch = models.ForeignKey(
        CodeBatch,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("batch"),
        related_name="+",
        db_index=False,
    )
    unused_only = models.BooleanField(default=True)
    #: A name of `coupons.printing.layouts`.
    layout = models.CharField(max_length=20)
    language = models.CharField(max_length=10)
    #: Which file of how many that were asked for in one go.
    number = models.PositiveSmallIntegerField(default=1)
    of = models.PositiveSmallIntegerField(default=1)
    #: The code after which the next piece begins, and the last one of the file.
    after = models.BigIntegerField()
    last = models.BigIntegerField()
    #: Parts written so far, to be joined.
    parts = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("printout")
        verbose_name_plural = _("printouts")

    def __str__(self) -> str:
        return f"{self.coupon_id} · {self.layout}"
