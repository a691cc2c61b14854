"""What one currency is in others, day by day."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coupons.models.merchant import Merchant
from coupons.querysets import MerchantQuerySet


class ExchangeRates(models.Model):
    """One day's rates: 1 `base` is so much of each other currency.

    Without a merchant they are the European Central Bank's, and everybody's.
    """

    merchant = models.ForeignKey(
        Merchant,
        models.PROTECT,
        null=True,
        verbose_name=_("merchant"),
        related_name="+",
        db_index=False,
    )
    quoted_on = models.DateField(_("day"))
    base = models.CharField(_("currency"), max_length=3)
    #: By currency, as decimal strings: `{"USD": "1.1172"}`.
    rates = models.JSONField(_("rates"))

    objects = MerchantQuerySet.as_manager()

    class Meta:
        verbose_name = _("exchange rates")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "base", "quoted_on"],
                nulls_distinct=False,
                name="exchange_rates_are_unique",
            ),
            models.CheckConstraint(
                condition=Q(base__regex="^[A-Z]{3}$"), name="exchange_base_is_iso_code"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.base} {self.quoted_on}"
