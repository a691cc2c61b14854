"""The ledger of uses: what was redeemed, on which lines, who pays for it."""

from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from campaigns.models import Customer
from coupons.models import Channel, Code, Coupon, Merchant, MerchantOwned, new_id
from coupons.models.coupon import within
from coupons.querysets import MerchantQuerySet


class Method(models.TextChoices):
    """How a coupon is redeemed."""

    AUTOMATIC = "automatic", _("Automatic")
    MANUAL = "manual", _("Manual")
    API = "api", _("API")
    BATCH = "batch", _("Batch")


class RedemptionQuerySet(MerchantQuerySet):
    """Questions about many redemptions."""

    def in_status(self, status: str, at: datetime) -> "RedemptionQuerySet":
        """Keep those whose status, read with the clock, is that one."""
        lapsed = Q(status="held", expires_at__lte=at)
        if status == "released":
            return self.filter(lapsed | Q(status=status))
        return self.filter(status=status).exclude(lapsed)

    def of_order(self, merchant: Merchant, order: str) -> "RedemptionQuerySet":
        """Keep those of one of a merchant's orders, alone or paid together with others."""
        # Looked up first: the two indexes then answer, where one query would read the table.
        merged = MergedOrder.objects.of(merchant).filter(order_ref=order)
        ids = list(merged.values_list("redemption", flat=True))
        return self.filter(Q(order_ref=order) | Q(pk__in=ids), merchant=merchant)


class Redemption(MerchantOwned):
    """One cart or order on which coupons were redeemed together.

    Money is in minor units of `currency`.
    """

    class Status(models.TextChoices):
        HELD = "held", _("Held")
        REDEEMED = "redeemed", _("Redeemed")
        RELEASED = "released", _("Released")
        PARTLY_REVERSED = "partly_reversed", _("Partly reversed")
        REVERSED = "reversed", _("Reversed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order_ref = models.CharField(_("order"), max_length=100)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, verbose_name=_("customer"), related_name="redemptions"
    )
    channel = models.ForeignKey(
        Channel, models.PROTECT, null=True, verbose_name=_("sales channel"), db_index=False
    )
    status = models.CharField(_("status"), max_length=16, choices=Status)
    method = models.CharField(_("method"), max_length=10, choices=Method)
    currency = models.CharField(_("currency"), max_length=3)
    subtotal_minor = models.BigIntegerField(_("order value"))
    discount_minor = models.BigIntegerField(_("discount"))
    shipping_discount_minor = models.BigIntegerField(_("shipping discount"), default=0)
    #: SHA-256 of cart and codes: the same again is the same redemption.
    cart_hash = models.BinaryField()
    #: The answer as it was given, in the form of the HTTP contract.
    quote = models.JSONField()
    #: What it was judged on (`redemption.evidence`); none of the oldest has it.
    evidence = models.JSONField(null=True)
    is_test = models.BooleanField(_("test"), default=False)
    actor = models.CharField(_("who"), max_length=100)
    #: The time that judged it, and until when it is held.
    created_at = models.DateTimeField(_("when"))
    expires_at = models.DateTimeField(_("held until"), null=True)

    objects: ClassVar[Any] = RedemptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=["held", "redeemed", "released", "partly_reversed", "reversed"]
                ),
                name="redemption_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(method__in=Method.values), name="redemption_method_is_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    discount_minor__gte=0,
                    discount_minor__lte=F("subtotal_minor"),
                    shipping_discount_minor__gte=0,
                ),
                name="redemption_discount_within_subtotal",
            ),
            models.CheckConstraint(
                condition=~Q(status="held") | Q(expires_at__isnull=False),
                name="redemption_hold_has_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at", "-id"], name="redemption_by_time"),
            models.Index(fields=["merchant", "order_ref"], name="redemption_by_order"),
            models.Index(
                fields=["merchant", "created_at", "id"],
                name="redemption_held",
                condition=Q(status="held"),
            ),
            # The two that follow are for lists of few among very many: what most redemptions
            # are stands in neither, so a checkout does not pay for them.
            models.Index(
                fields=["merchant", "status", "-created_at", "-id"],
                name="redemption_given_back",
                condition=Q(status__in=["released", "partly_reversed", "reversed"]),
            ),
            models.Index(
                fields=["merchant", "method", "-created_at", "-id"],
                name="redemption_by_method",
                condition=~Q(method="automatic"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_ref}"

    def status_at(self, at: datetime) -> str:
        """Read the status with the clock: a hold past its time is released, cleaned up or not."""
        if self.status == self.Status.HELD and self.expires_at and self.expires_at <= at:
            return self.Status.RELEASED.value
        return str(self.status)


class HeldRows(models.Manager.from_queryset(RedemptionQuerySet)):  # type: ignore[misc]
    """The redemptions that are held."""

    def get_queryset(self) -> RedemptionQuerySet:
        """Leave the others out."""
        rows: RedemptionQuerySet = super().get_queryset().filter(status="held")
        return rows


class Hold(Redemption):
    """A redemption that is held, as the console lists it."""

    objects: ClassVar[Any] = HeldRows()

    class Meta:
        proxy = True
        verbose_name = _("hold")
        verbose_name_plural = _("holds")


class MergedOrder(MerchantOwned):
    """An order that was paid together with others in one redemption.

    Only of redemptions whose lines name more than their own order.
    """

    order_ref = models.CharField(_("order"), max_length=100)
    redemption = models.ForeignKey(
        Redemption, models.PROTECT, verbose_name=_("redemption"), related_name="merged_orders"
    )

    class Meta:
        verbose_name = _("merged order")
        verbose_name_plural = _("merged orders")
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "order_ref", "redemption"], name="merged_order_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.order_ref


class Use(MerchantOwned):
    """One code used in a redemption, judged by one version of its coupon."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    redemption = models.ForeignKey(
        Redemption, models.PROTECT, verbose_name=_("redemption"), related_name="uses"
    )
    coupon = models.ForeignKey(
        Coupon, models.PROTECT, verbose_name=_("coupon"), related_name="+", db_index=False
    )
    version = models.PositiveIntegerField(_("version"))
    code = models.ForeignKey(
        Code, models.PROTECT, verbose_name=_("code"), related_name="+", db_index=False
    )
    order_ref = models.CharField(_("order"), max_length=100)
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        verbose_name=_("customer"),
        related_name="+",
        db_index=False,
    )
    #: The order has used the code: neither released nor given back whole.
    standing = models.BooleanField(_("standing"), default=True)
    #: What it took from limits and budget is still gone: a code that did not come back with
    #: its goods stays taken, though it stands no longer.
    taken = models.BooleanField(default=True)
    #: Until when it is only held; past that time it is free, whether anybody has cleaned up
    #: or not. None once it is confirmed or released.
    held_until = models.DateTimeField(null=True)
    #: A test takes nothing from the coupon's uses, days and budget.
    is_test = models.BooleanField(default=False)
    discount_minor = models.BigIntegerField(_("discount"))
    shipping_discount_minor = models.BigIntegerField(_("shipping discount"), default=0)
    #: What it took from the coupon's budget, in the budget's currency; none if it has none.
    budget_minor = models.BigIntegerField(null=True)
    #: What the shopper had to pay back, because the goods that stayed no longer earned it.
    clawed_back_minor = models.BigIntegerField(default=0)
    #: The exchange rate its amounts were converted at, `{"from": "USD", "to": "JPY", "rate":
    #: "776/5"}`, as an exact fraction; none if it has amounts in the cart's currency.
    rate = models.JSONField(null=True)
    #: The day of the coupon's time zone on which it counts; none without a daily limit.
    counted_on = models.DateField(null=True)
    created_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("use")
        verbose_name_plural = _("uses")
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "order_ref", "code"],
                condition=Q(standing=True),
                name="use_stands_once_per_order_and_code",
            ),
            models.CheckConstraint(
                condition=Q(discount_minor__gte=0, shipping_discount_minor__gte=0),
                name="use_discount_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(clawed_back_minor=0)
                | Q(clawed_back_minor__gt=0, clawed_back_minor__lte=F("discount_minor")),
                name="use_claw_back_within_discount",
            ),
            models.CheckConstraint(
                condition=Q(standing=False) | Q(taken=True), name="use_that_stands_is_taken"
            ),
            models.CheckConstraint(
                condition=Q(held_until__isnull=True) | Q(standing=True), name="use_held_stands"
            ),
        ]
        indexes = [
            models.Index(fields=["coupon", "-created_at", "-id"], name="use_by_coupon"),
            models.Index(fields=["code"], name="use_by_code"),
            models.Index(
                fields=["coupon", "held_until"],
                name="use_held_by_coupon",
                condition=Q(held_until__isnull=False),
            ),
            models.Index(
                fields=["code"], name="use_held_by_code", condition=Q(held_until__isnull=False)
            ),
            models.Index(
                fields=["customer", "-created_at"],
                name="use_by_customer",
                condition=Q(customer__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_ref} · {self.code_id}"


class UseLine(MerchantOwned):
    """What one use took off one line of the cart, and who pays for it."""

    use = models.ForeignKey(
        Use, models.PROTECT, verbose_name=_("use"), related_name="lines", db_index=False
    )
    line_ref = models.CharField(_("line"), max_length=100)
    order_ref = models.CharField(_("order"), max_length=100)
    sku = models.CharField(_("SKU"), max_length=100)
    quantity = models.PositiveIntegerField(_("quantity"))
    #: The line's price less its member discount, before any coupon.
    base_minor = models.BigIntegerField(_("line price"))
    discount_minor = models.BigIntegerField(_("discount"))
    funded_by = models.CharField(_("paid by"), max_length=10)
    #: Units that came back, and their share of the discount.
    returned_quantity = models.PositiveIntegerField(default=0)
    returned_minor = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("use line")
        verbose_name_plural = _("use lines")
        constraints = [
            models.UniqueConstraint(fields=["use", "line_ref"], name="use_line_is_unique"),
            models.CheckConstraint(
                condition=Q(discount_minor__gte=0, discount_minor__lte=F("base_minor")),
                name="use_line_discount_within_price",
            ),
            models.CheckConstraint(
                condition=Q(funded_by__in=["merchant", "platform", "partner"]),
                name="use_line_payer_is_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    returned_quantity__lte=F("quantity"),
                    returned_minor__gte=0,
                    returned_minor__lte=F("discount_minor"),
                ),
                name="use_line_returns_within_part",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_ref}: {self.discount_minor}"


class CustomerCounter(MerchantOwned):
    """A customer's standing uses of a coupon, beside the limit. A cache of the ledger."""

    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    max_uses = models.PositiveIntegerField(null=True)
    uses = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["coupon", "customer"], name="customer_counter_is_unique"
            ),
            models.CheckConstraint(
                condition=within("uses", "max_uses"), name="customer_uses_within_limit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} · {self.customer_id}"
