"""What customers did, as the shop's programs tell us of it."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from campaigns.models.customer import Customer
from coupons.models import MerchantOwned


class Activity(MerchantOwned):
    """One event. A trigger refuses changes and deletions, but for an erasure.

    It grows without end: no more columns and indexes than the questions need.
    """

    class Type(models.TextChoices):
        CUSTOMER_REGISTERED = "customer.registered", _("Registered")
        SHOP_FOLLOWED = "shop.followed", _("Followed the shop")
        PRODUCT_VIEWED = "product.viewed", _("Looked at a product")
        CATEGORY_VIEWED = "category.viewed", _("Looked at a category")
        CART_UPDATED = "cart.updated", _("Changed the cart")
        ORDER_PLACED = "order.placed", _("Placed an order")
        ORDER_PAID = "order.paid", _("Paid an order")
        ORDER_CANCELLED = "order.cancelled", _("Order cancelled")
        ORDER_REFUNDED = "order.refunded", _("Order refunded")
        SOCIAL_LIKED = "social.liked", _("Liked")
        SOCIAL_SHARED = "social.shared", _("Shared")
        SOCIAL_COMMENTED = "social.commented", _("Commented")
        TASK_COMPLETED = "task.completed", _("Completed a task")
        REFERRAL_HELPED = "referral.helped", _("Helped a friend")
        POINTS_EARNED = "points.earned", _("Earned points")

    #: The shop's own id of the event.
    event_id = models.CharField(max_length=100, db_collation="C")
    type = models.CharField(_("what"), max_length=40, choices=Type)
    #: None for a guest's order.
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        verbose_name=_("customer"),
        related_name="activities",
        db_index=False,
    )
    occurred_at = models.DateTimeField(_("when"))
    received_at = models.DateTimeField(_("received"))
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        constraints = [
            models.UniqueConstraint(fields=["merchant", "event_id"], name="activity_counts_once"),
        ]
        indexes = [
            # A customer is of one merchant: the merchant need not stand in it again.
            models.Index(
                fields=["customer", "occurred_at"],
                name="activity_by_customer",
                condition=Q(customer__isnull=False),
            ),
            models.Index(fields=["merchant", "type", "occurred_at"], name="activity_by_type"),
            # Rows lie in the order in which they came, so this one is tiny.
            BrinIndex(fields=["received_at"], name="activity_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.occurred_at:%Y-%m-%d %H:%M}"
