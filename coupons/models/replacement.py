"""A coupon that takes another's place."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from coupons.models.code import Job
from coupons.models.coupon import Coupon
from coupons.models.merchant import MerchantOwned


class Replacement(MerchantOwned):
    """Which coupon takes which one's place, and what goes over once it is published."""

    old = models.ForeignKey(
        Coupon,
        models.PROTECT,
        verbose_name=_("replaced coupon"),
        related_name="replacements",
        db_index=False,
    )
    new = models.OneToOneField(
        Coupon, models.PROTECT, verbose_name=_("new coupon"), related_name="replacing"
    )
    #: The unique codes that nobody has touched go over.
    moves_codes = models.BooleanField(_("moves the stock"))
    #: The shared code goes over.
    moves_shared_code = models.BooleanField(_("moves the shared code"))
    #: The moving of the unique codes; none before the publication, or where they stay.
    job = models.OneToOneField(
        Job,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("job"),
        related_name="replacement",
    )
    #: The last code of the old coupon that the job has looked at.
    reached = models.BigIntegerField(default=0)
    created_by = models.CharField(_("created by"), max_length=100)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("replacement")
        verbose_name_plural = _("replacements")
        constraints = [
            models.UniqueConstraint(fields=["old"], name="coupon_is_replaced_once"),
            models.CheckConstraint(condition=~Q(old=F("new")), name="coupon_replaces_another"),
        ]

    def __str__(self) -> str:
        return f"{self.old_id} → {self.new_id}"
