"""What a job does that goes over many codes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from coupons.models.code import CodeBatch, Job
from coupons.models.merchant import MerchantOwned
from coupons.models.pool import CodePool


class CodeWalk(MerchantOwned):
    """How far a job has gone over the codes of a batch or a pool, and why it does."""

    job = models.OneToOneField(
        Job, models.PROTECT, related_name="walk", verbose_name=_("job"), primary_key=True
    )
    batch = models.ForeignKey(
        CodeBatch, models.PROTECT, null=True, related_name="+", verbose_name=_("batch")
    )
    pool = models.ForeignKey(
        CodePool, models.PROTECT, null=True, related_name="walks", verbose_name=_("pool")
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    #: The last code that it has looked at, and the last that it will look at.
    reached = models.BigIntegerField(default=0)
    until = models.BigIntegerField(default=0)
    #: Parts that it has written of a file, to be joined.
    parts = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("walk over codes")
        verbose_name_plural = _("walks over codes")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(batch__isnull=False, pool__isnull=True)
                | models.Q(batch__isnull=True, pool__isnull=False),
                name="walk_is_of_a_batch_or_a_pool",
            ),
        ]

    def __str__(self) -> str:
        return str(self.job_id)
