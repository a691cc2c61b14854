"""The people who work in the console, and what each may do at which merchant."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from coupons.models.merchant import Channel, Merchant, MerchantOwned


class User(AbstractUser):
    """A person who logs in to the console."""

    language = models.CharField(
        _("language"),
        max_length=16,
        blank=True,
        default="",
        choices=[("en", "English"), ("zh-hans", "简体中文")],
        help_text=_("Empty: as the browser asks."),
    )
    #: The merchant chosen last in the switcher.
    merchant = models.ForeignKey(
        Merchant,
        models.SET_NULL,
        null=True,
        blank=True,
        verbose_name=_("merchant"),
        related_name="+",
    )

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment]
        verbose_name_plural = _("users")  # type: ignore[assignment]


class Role(models.TextChoices):
    """What a member of staff does; `coupons.staff` says what each may."""

    OWNER = "owner", _("Owner")
    OPERATOR = "operator", _("Operator")
    REVIEWER = "reviewer", _("Reviewer")
    CLERK = "redemption_clerk", _("Redemption clerk")
    RISK_ANALYST = "risk_analyst", _("Risk analyst")
    ANALYST = "analyst", _("Analyst")


class Membership(MerchantOwned):
    """One person's role at one merchant."""

    user = models.ForeignKey(
        User, models.CASCADE, verbose_name=_("user"), related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=20, choices=Role)
    #: What this person redeems by hand is redeemed there, and nowhere else.
    channel = models.ForeignKey(
        Channel,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("sales channel"),
        related_name="+",
        help_text=_("Redeems by hand for this shop or till only. Empty: for any."),
    )

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "user"], name="membership_is_one_per_merchant"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"
