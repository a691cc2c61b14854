"""The merchant's customers, as far as coupons need to know them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coupons.models import MerchantOwned


class Customer(MerchantOwned):
    """One shopper, by the merchant's own identifier."""

    ref = models.CharField(_("customer"), max_length=100)
    email = models.EmailField(_("e-mail"), blank=True, default="")
    phone = models.CharField(_("phone"), max_length=32, blank=True, default="")
    country = models.CharField(_("country"), max_length=2, blank=True, default="")
    language = models.CharField(_("language"), max_length=16, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, default="")
    tags = ArrayField(
        models.CharField(max_length=64), verbose_name=_("tags"), default=list, blank=True
    )
    tier = models.CharField(_("tier"), max_length=64, blank=True, default="")
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=64, blank=True, default="")
    registered_at = models.DateTimeField(_("registered"), null=True, blank=True)
    is_test = models.BooleanField(_("test customer"), default=False)
    #: purpose → channel → true, as the shop recorded them.
    consents = models.JSONField(_("consents"), default=dict, blank=True)
    #: Paid orders that were not fully refunded; none means a new customer.
    paid_orders = models.PositiveIntegerField(_("paid orders"), default=0)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.UniqueConstraint(fields=["merchant", "ref"], name="customer_ref_is_unique"),
            models.CheckConstraint(condition=~Q(ref=""), name="customer_has_a_ref"),
            models.CheckConstraint(
                condition=Q(country__regex="^([A-Z]{2})?$"), name="customer_country_is_iso_code"
            ),
        ]
        indexes = [
            GinIndex(fields=["tags"], name="customer_by_tag"),
            models.Index(
                fields=["merchant", "email"], name="customer_by_email", condition=~Q(email="")
            ),
            models.Index(
                fields=["merchant", "phone"], name="customer_by_phone", condition=~Q(phone="")
            ),
        ]

    def __str__(self) -> str:
        return self.ref
