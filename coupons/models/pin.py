"""PINs by which staff take a shared device over, and the tries that were wrong."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from coupons.models.merchant import MerchantOwned
from coupons.models.staff import Membership


class Pin(MerchantOwned):
    """One person's PIN at one merchant; it opens the redemption desk and nothing else."""

    membership = models.OneToOneField(
        Membership, models.CASCADE, verbose_name=_("staff member"), related_name="pin"
    )
    #: By Django's hasher, over the PIN and the installation's secret key.
    hash = models.CharField(max_length=128)
    set_at = models.DateTimeField(_("set"))

    class Meta:
        verbose_name = _("PIN")
        verbose_name_plural = _("PINs")

    def __str__(self) -> str:
        return str(self.membership)


class PinTries(MerchantOwned):
    """Tries that were taken and not yet proven right, of one person in one place."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="+", db_index=False)
    #: A device, or what else tries are counted of: `coupons.pin_tries`.
    place = models.CharField(max_length=40)
    tries = models.PositiveSmallIntegerField()
    #: When the first of them was.
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "place"], name="pin_tries_are_counted_once_per_place"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership} {self.place}"
