"""What came back: goods returned, with their share of the discounts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coupons.models import MerchantOwned, new_id
from redemption.models.ledger import Redemption


class Reversal(MerchantOwned):
    """One return of goods of a redemption, in part or whole; money in minor units.

    `amount_minor` is the share of the discounts that the shopper does not get back.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    redemption = models.ForeignKey(
        Redemption, models.PROTECT, verbose_name=_("redemption"), related_name="reversals"
    )
    #: The shop's own name for the refund; the same one again is the same refund.
    reference = models.CharField(_("refund"), max_length=100, blank=True, default="")
    #: SHA-256 of what was asked, to tell the same refund from another of its name.
    asked_hash = models.BinaryField()
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    amount_minor = models.BigIntegerField(_("amount"))
    shipping_amount_minor = models.BigIntegerField(_("shipping"))
    #: The answer as it was given, in the form of the HTTP contract.
    answer = models.JSONField()
    actor = models.CharField(_("who"), max_length=100)
    created_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("reversal")
        verbose_name_plural = _("reversals")
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "redemption", "reference"],
                condition=~Q(reference=""),
                name="reversal_reference_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0, shipping_amount_minor__gte=0),
                name="reversal_amounts_are_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.redemption_id} · {self.amount_minor}"


class ReversalLine(MerchantOwned):
    """Units of one line that came back."""

    reversal = models.ForeignKey(
        Reversal, models.PROTECT, verbose_name=_("reversal"), related_name="lines"
    )
    line_ref = models.CharField(_("line"), max_length=100)
    quantity = models.PositiveIntegerField(_("quantity"))
    amount_minor = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("reversal line")
        verbose_name_plural = _("reversal lines")
        constraints = [
            models.UniqueConstraint(
                fields=["reversal", "line_ref"], name="reversal_line_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, amount_minor__gte=0),
                name="reversal_line_counts_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_ref} × {self.quantity}"
