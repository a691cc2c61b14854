"""What a check of the counters has found."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from coupons.models import MerchantOwned, new_id


class Reconciliation(MerchantOwned):
    """One check of a merchant's counters against the ledger. It changed none of them."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("when"))
    actor = models.CharField(_("who"), max_length=100)
    numbers = models.BigIntegerField(_("numbers compared"))
    different = models.BigIntegerField(_("differences"))
    #: By counter `[{"counter", "numbers", "different"}]`.
    compared = models.JSONField()
    #: The first of them, in the columns of `reconciling.Difference`.
    differences = models.JSONField(default=list)

    class Meta:
        verbose_name = _("check of the counters")
        verbose_name_plural = _("checks of the counters")
        indexes = [models.Index(fields=["merchant", "-at", "-id"], name="reconciliation_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(different__gte=0, different__lte=F("numbers")),
                name="reconciliation_differences_are_compared",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
