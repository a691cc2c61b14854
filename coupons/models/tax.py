"""Tax rates, for the preview of the tax in a quote."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coupons.models.merchant import MerchantOwned


class TaxRate(MerchantOwned):
    """A country's rate, or with a category the rate of that category there."""

    country = models.CharField(_("country"), max_length=2)
    #: A category's path; empty is everything else.
    category = models.CharField(_("category"), max_length=500, blank=True, default="")
    #: Hundred-thousandths: 8.875 % is 8875.
    rate = models.PositiveIntegerField(_("rate"))
    #: The same for all rates of a country.
    prices_include_tax = models.BooleanField(_("prices include tax"), default=False)

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "country", "category"], name="tax_rate_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(country__regex="^[A-Z]{2}$"), name="tax_country_is_iso_code"
            ),
            models.CheckConstraint(condition=Q(rate__lte=100_000), name="tax_rate_is_at_most_all"),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.category}".strip()
