"""Who may redeem which coupon by hand: people, and groups of a merchant's staff."""

from typing import Any, ClassVar

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from guardian.managers import GroupObjectPermissionManager, UserObjectPermissionManager
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from coupons.models.coupon import Coupon
from coupons.models.merchant import Merchant, MerchantOwned


class StaffGroup(MerchantOwned):
    """Some of a merchant's staff under one name; `group` is what rights are given to."""

    name = models.CharField(_("name"), max_length=100)
    group = models.OneToOneField(
        Group, models.PROTECT, verbose_name=_("members"), related_name="staff_group"
    )
    #: The one group that the house keeps: whoever is a redemption clerk is in it.
    is_all_clerks = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("staff group")
        verbose_name_plural = _("staff groups")
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "name"],
                name="staff_group_name_is_unique",
                violation_error_message=_("There is a group of this name."),
            ),
            models.UniqueConstraint(
                fields=["merchant"],
                condition=Q(is_all_clerks=True),
                name="staff_group_of_all_clerks_is_one",
            ),
        ]

    def __str__(self) -> str:
        return str(_("All redemption clerks")) if self.is_all_clerks else self.name


class OneDoor:
    """The one door to a merchant's rows, for guardian's own managers."""

    def of(self: Any, merchant: Any) -> QuerySet:
        """Keep the rows of that merchant (a row or its id)."""
        return self.filter(merchant=merchant)


class CouponPersonManager(OneDoor, UserObjectPermissionManager):
    """Guardian's, of a merchant's people."""


class CouponPerson(UserObjectPermissionBase):
    """A person who may redeem a coupon, for django-guardian, which names the columns."""

    merchant = models.ForeignKey(
        Merchant, models.PROTECT, verbose_name=_("merchant"), related_name="+", db_index=False
    )
    content_object = models.ForeignKey(
        Coupon, models.CASCADE, verbose_name=_("coupon"), related_name="redeeming_people"
    )

    objects: ClassVar[Any] = CouponPersonManager()

    class Meta:
        verbose_name = _("person who may redeem")
        verbose_name_plural = _("people who may redeem")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "permission", "content_object"], name="coupon_person_is_named_once"
            ),
        ]


class CouponGroupManager(OneDoor, GroupObjectPermissionManager):
    """Guardian's, of a merchant's groups."""


class CouponGroup(GroupObjectPermissionBase):
    """A group whose members may redeem a coupon, for django-guardian."""

    merchant = models.ForeignKey(
        Merchant, models.PROTECT, verbose_name=_("merchant"), related_name="+", db_index=False
    )
    content_object = models.ForeignKey(
        Coupon, models.CASCADE, verbose_name=_("coupon"), related_name="redeeming_groups"
    )

    objects: ClassVar[Any] = CouponGroupManager()

    class Meta:
        verbose_name = _("group that may redeem")
        verbose_name_plural = _("groups that may redeem")
        constraints = [
            models.UniqueConstraint(
                fields=["group", "permission", "content_object"], name="coupon_group_is_named_once"
            ),
        ]
