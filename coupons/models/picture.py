"""Pictures that coupons show."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from coupons.models.merchant import MerchantOwned


class Picture(MerchantOwned):
    """A picture that was uploaded; the file lies in the storage under `name`.

    The id is random, since whoever knows it may see the picture.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_by = models.CharField(_("created by"), max_length=100)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        indexes = [
            models.Index(fields=["merchant", "-created_at"], name="picture_by_merchant"),
        ]

    def __str__(self) -> str:
        return str(self.id)
