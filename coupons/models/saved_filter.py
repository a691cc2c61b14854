"""Lists as a person wants to see them again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from coupons.models.merchant import MerchantOwned
from coupons.models.staff import User


class SavedFilter(MerchantOwned):
    """A filter and a search of one list, under a name; a person's own."""

    user = models.ForeignKey(
        User, models.CASCADE, verbose_name=_("user"), related_name="+", db_index=False
    )
    #: The list, as its model is called: `coupons.coupon`.
    page = models.CharField(max_length=60)
    name = models.CharField(_("name"), max_length=60)
    #: The part of the address after the question mark.
    query = models.CharField(max_length=1000)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "user", "page", "name"], name="saved_filter_name_is_unique"
            ),
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(query=""),
                name="saved_filter_says_something",
            ),
        ]

    def __str__(self) -> str:
        return self.name
