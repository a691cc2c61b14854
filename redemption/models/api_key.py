"""The keys that programs call with."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from rest_framework_api_key.crypto import KeyGenerator

from coupons.models import Channel, MerchantOwned

GENERATOR = KeyGenerator()


class Scope(models.TextChoices):
    """What a key may do."""

    CHECKOUT = "checkout", _("Price carts")
    REDEEM = "redeem", _("Redeem")
    CUSTOMERS = "customers", _("Customers and products")
    EVENTS = "events", _("Events")
    CLAIMS = "claims", _("Claims")
    CODES = "codes", _("Codes")
    MANAGE = "manage", _("Manage coupons")
    PUBLISH = "publish", _("Publish coupons")
    REPORTS = "reports", _("Reports")


class KeyMethod(models.TextChoices):
    """The redemption method of what a key redeems."""

    AUTOMATIC = "automatic", _("Automatic (a checkout)")
    API = "api", _("API (a POS or a CRM)")


class ApiKey(MerchantOwned):
    """A key of one merchant, with what it may do and for which channel.

    Only a hash of it is kept; `djangorestframework-api-key` makes and compares it.
    """

    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("prefix"), max_length=8, unique=True, editable=False)
    hashed_key = models.CharField(max_length=150, editable=False)
    channel = models.ForeignKey(
        Channel, models.PROTECT, null=True, blank=True, verbose_name=_("sales channel")
    )
    scopes = ArrayField(
        models.CharField(max_length=16, choices=Scope), verbose_name=_("may"), default=list
    )
    method = models.CharField(
        _("redeems by"), max_length=10, choices=KeyMethod, default=KeyMethod.AUTOMATIC
    )
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values), name="api_key_scopes_are_known"
            ),
            models.CheckConstraint(
                condition=Q(method__in=KeyMethod.values), name="api_key_method_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name
