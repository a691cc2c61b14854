"""The shop's orders, as it told us of them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Customer
from coupons.models import Channel, MerchantOwned


class Order(MerchantOwned):
    """One order; money in minor units of `currency`."""

    class Status(models.TextChoices):
        PLACED = "placed", _("Placed")
        PAID = "paid", _("Paid")
        CANCELLED = "cancelled", _("Cancelled")
        REFUNDED = "refunded", _("Refunded")

    ref = models.CharField(_("order"), max_length=100)
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("customer"),
        related_name="orders",
    )
    channel = models.ForeignKey(
        Channel,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("sales channel"),
        db_index=False,
    )
    status = models.CharField(_("status"), max_length=10, choices=Status)
    currency = models.CharField(_("currency"), max_length=3)
    total_minor = models.BigIntegerField(_("total"))
    refunded_minor = models.BigIntegerField(_("refunded"), default=0)
    placed_at = models.DateTimeField(_("placed"))
    # When the newest of each was said to have happened; the status follows from these and
    # from the amounts (`redemption.orders`), in whatever order we were told.
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    refunded_at = models.DateTimeField(_("last refund"), null=True, blank=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["merchant", "ref"], name="order_ref_is_unique"),
            models.CheckConstraint(
                condition=Q(total_minor__gte=0, refunded_minor__gte=0),
                name="order_amounts_are_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-placed_at", "-id"], name="order_by_time"),
            # For the list of those that were cancelled or refunded: few among very many.
            models.Index(
                fields=["merchant", "status", "-placed_at", "-id"], name="order_by_status"
            ),
        ]

    def __str__(self) -> str:
        return self.ref


class OrderLine(MerchantOwned):
    """One line of an order; `unit_price_minor` before any discount."""

    order = models.ForeignKey(
        Order, models.PROTECT, verbose_name=_("order"), related_name="lines", db_index=False
    )
    ref = models.CharField(_("line"), max_length=100)
    sku = models.CharField(_("SKU"), max_length=100)
    quantity = models.PositiveIntegerField(_("quantity"))
    unit_price_minor = models.BigIntegerField(_("unit price"))
    member_discount_minor = models.BigIntegerField(_("member discount"), default=0)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.UniqueConstraint(fields=["order", "ref"], name="order_line_ref_is_unique"),
            models.CheckConstraint(
                condition=Q(
                    quantity__gte=1,
                    unit_price_minor__gte=0,
                    member_discount_minor__gte=0,
                    member_discount_minor__lte=models.F("quantity") * models.F("unit_price_minor"),
                ),
                name="order_line_amounts_are_sound",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} × {self.quantity}"
