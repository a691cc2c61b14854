"""What the merchant sells, as far as coupons need to know it."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from coupons.models.merchant import MerchantOwned


class Category(MerchantOwned):
    """A place in the merchant's tree of goods, as a path: `shoes/running`."""

    path = models.CharField(_("path"), max_length=500)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.UniqueConstraint(fields=["merchant", "path"], name="category_path_is_unique"),
            models.CheckConstraint(
                condition=~Q(path="") & ~Q(path__startswith="/") & ~Q(path__endswith="/"),
                name="category_path_is_plain",
            ),
        ]

    def __str__(self) -> str:
        return self.path


class Product(MerchantOwned):
    """One article, by the merchant's SKU; prices in minor units of `currency`."""

    sku = models.CharField(_("SKU"), max_length=100)
    name = models.CharField(_("name"), max_length=300, blank=True, default="")
    category = models.ForeignKey(
        Category,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("category"),
        related_name="products",
    )
    currency = models.CharField(_("currency"), max_length=3)
    price_minor = models.BigIntegerField(_("price"), null=True, blank=True)
    cost_minor = models.BigIntegerField(_("cost"), null=True, blank=True)
    on_sale = models.BooleanField(_("on sale"), default=False)
    stock = models.IntegerField(_("stock"), null=True, blank=True)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(fields=["merchant", "sku"], name="product_sku_is_unique"),
            models.CheckConstraint(
                condition=Q(price_minor__isnull=True) | Q(price_minor__gte=0),
                name="product_price_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(cost_minor__isnull=True) | Q(cost_minor__gte=0),
                name="product_cost_is_not_negative",
            ),
        ]
        indexes = [
            # As `icontains` asks: what stands anywhere in a SKU or a name, in any case.
            GinIndex(
                OpClass(Upper("sku"), "gin_trgm_ops"),
                OpClass(Upper("name"), "gin_trgm_ops"),
                name="product_is_found_by_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}".strip()
