"""Attempts that were refused: kept for a while, to say why."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coupons.models import MerchantOwned, new_id
from redemption.models.ledger import Method


class RefusedAttempt(MerchantOwned):
    """A redemption that was asked for and refused, with what it was judged on.

    Nothing counts on it. Of a code that nobody knows only the beginning stands here.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField(_("when"), db_index=True)
    order_ref = models.CharField(_("order"), max_length=100)
    customer_ref = models.CharField(_("customer"), max_length=100, blank=True, default="")
    actor = models.CharField(_("who"), max_length=100)
    method = models.CharField(_("method"), max_length=10, choices=Method)
    #: The first reason of the first code that was refused.
    reason = models.CharField(_("reason"), max_length=30)
    #: The ids of the coupons asked for, and the codes, in the order asked.
    coupons = ArrayField(models.BigIntegerField(), default=list)
    codes = ArrayField(models.CharField(max_length=200), verbose_name=_("codes"), default=list)
    #: What was told: `[["TENOFF", ["expired"]], …]`.
    told = models.JSONField()
    #: What it was judged on (`redemption.evidence`).
    evidence = models.JSONField()

    class Meta:
        verbose_name = _("refused attempt")
        verbose_name_plural = _("refused attempts")
        indexes = [
            models.Index(fields=["merchant", "-at", "-id"], name="refused_attempt_by_time"),
            models.Index(fields=["merchant", "order_ref"], name="refused_attempt_by_order"),
            models.Index(
                fields=["merchant", "customer_ref"],
                name="refused_attempt_by_customer",
                condition=~Q(customer_ref=""),
            ),
            GinIndex(fields=["codes", "coupons"], name="refused_attempt_by_code"),
        ]

    def __str__(self) -> str:
        return f"{self.order_ref} · {', '.join(self.codes)}"
