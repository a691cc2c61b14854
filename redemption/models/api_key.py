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
    #: The prefix of the first key in its line of successors; empty is its own. Coupons name a
    #: key by it, so that a successor may redeem what its predecessor might.
    origin = models.CharField(max_length=8, blank=True, default="", editable=False)
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
    allowed_networks = ArrayField(
        models.CharField(max_length=43), verbose_name=_("from"), default=list, blank=True
    )
    rate_per_minute = models.PositiveIntegerField(_("calls a minute"), null=True, blank=True)
    successor = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="predecessor",
        verbose_name=_("successor"),
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
            models.CheckConstraint(
                condition=Q(rate_per_minute__gte=1), name="api_key_rate_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(successor__isnull=True) | Q(expires_at__isnull=False),
                name="api_key_with_successor_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def line(self) -> str:
        """Return the prefix by which coupons name the key and its successors."""
        return self.origin or self.prefix


class KeyUse(MerchantOwned):
    """When a key was last used, and from where; beside the key, whose row must not change.

    A process remembers a key by the version of its row (`redemption.keys`).
    """

    api_key = models.OneToOneField(
        ApiKey, models.CASCADE, primary_key=True, related_name="use", verbose_name=_("API key")
    )
    last_used_at = models.DateTimeField(_("last used"))
    address = models.GenericIPAddressField(_("address"), null=True)

    class Meta:
        verbose_name = _("use of an API key")
        verbose_name_plural = _("uses of API keys")

    def __str__(self) -> str:
        return str(self.last_used_at)
