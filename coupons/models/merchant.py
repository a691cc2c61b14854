"""Merchants, their channels, and the base of every row that belongs to one."""

import zoneinfo

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coupons.pricing.money import decimals
from coupons.querysets import MerchantQuerySet

SLUG = RegexValidator(
    r"^[a-z0-9]+(-[a-z0-9]+)*\Z", _("Small letters, digits and single hyphens only.")
)


def check_time_zone(name: str) -> None:
    """Refuse a name that the IANA time zone database does not have."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("%(zone)s is not a time zone."), params={"zone": name})


def check_currency(code: str) -> None:
    """Refuse a currency that ISO 4217 does not list."""
    try:
        decimals(code)
    except ValueError as error:
        raise ValidationError(_("%(code)s is not a currency."), params={"code": code}) from error


def english() -> list[str]:
    """Name the languages of a merchant who has not chosen any."""
    return ["en"]


class Merchant(models.Model):
    """A shop owner on this installation; sees nothing of the others."""

    slug = models.CharField(_("slug"), max_length=80, unique=True, validators=[SLUG])
    name = models.CharField(_("name"), max_length=200)
    currency = models.CharField(_("currency"), max_length=3, validators=[check_currency])
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[check_time_zone]
    )
    languages = ArrayField(
        models.CharField(max_length=16), verbose_name=_("languages"), default=english
    )
    currencies = ArrayField(
        models.CharField(max_length=3, validators=[check_currency]),
        verbose_name=_("further currencies"),
        default=list,
        blank=True,
        help_text=_("Currencies that the shop sells in besides its main one: EUR,GBP"),
    )
    warn_above_percent = models.PositiveSmallIntegerField(
        _("warn above (percent)"),
        default=50,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_(
            "Before a coupon is published, a warning tells if more than this could come off a "
            "cart, together with other coupons."
        ),
    )
    reviews_required = models.BooleanField(
        _("reviews required"),
        default=False,
        help_text=_("A second person approves each coupon before it is published."),
    )
    is_platform = models.BooleanField(
        _("platform"),
        default=False,
        help_text=_("Its published coupons can be used in every merchant's shop."),
    )
    reviewed_by_platform = models.BooleanField(
        _("reviewed by the platform"),
        default=False,
        help_text=_("The platform's staff approve each coupon before it is published."),
    )
    #: In minor units of its currency; null is for no amount.
    proof_above_minor = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")
        constraints = [
            models.CheckConstraint(
                condition=Q(currency__regex="^[A-Z]{3}$"), name="merchant_currency_is_iso_code"
            ),
            models.CheckConstraint(
                condition=Q(warn_above_percent__range=(1, 100)),
                name="merchant_warns_above_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(proof_above_minor__isnull=True) | Q(proof_above_minor__gte=0),
                name="merchant_asks_for_proof_above_an_amount",
            ),
            models.UniqueConstraint(
                fields=["is_platform"],
                condition=Q(is_platform=True),
                name="merchant_platform_is_one",
                violation_error_message=_(
                    "Another merchant is the platform; it has to stop being it first."
                ),
            ),
            models.CheckConstraint(
                condition=Q(is_platform=False) | Q(reviewed_by_platform=False),
                name="merchant_platform_reviews_others",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MerchantOwned(models.Model):
    """A row that belongs to one merchant."""

    # No index of its own: `merchant` leads the composite ones.
    merchant = models.ForeignKey(
        Merchant, models.PROTECT, verbose_name=_("merchant"), related_name="+", db_index=False
    )

    objects = MerchantQuerySet.as_manager()

    class Meta:
        abstract = True


class Channel(MerchantOwned):
    """A place where the merchant sells: a site, a till, a marketplace."""

    slug = models.CharField(_("slug"), max_length=80, validators=[SLUG])
    name = models.CharField(_("name"), max_length=200)

    class Meta:
        verbose_name = _("sales channel")
        verbose_name_plural = _("sales channels")
        constraints = [
            models.UniqueConstraint(fields=["merchant", "slug"], name="channel_slug_is_unique"),
        ]

    def __str__(self) -> str:
        return self.name
