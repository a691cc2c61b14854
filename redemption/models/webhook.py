"""Where a merchant's programs are told what happens, and what they were told."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from coupons.models import Coupon, MerchantOwned, new_id

#: Sent from the console to try an endpoint, whatever it wants to hear of.
TEST_TYPE = "webhook.test"


class EventType(models.TextChoices):
    """What an endpoint can hear of."""

    COUPON_PUBLISHED = "coupon.published", _("Coupon published")
    COUPON_PAUSED = "coupon.paused", _("Coupon paused")
    COUPON_ENDED = "coupon.ended", _("Coupon ended")
    CODE_CLAIMED = "code.claimed", _("Code claimed")
    CODE_EXPIRING = "code.expiring", _("Code expires soon")
    REDEMPTION_HELD = "redemption.held", _("Redemption held")
    REDEMPTION_CREATED = "redemption.created", _("Redeemed")
    REDEMPTION_RELEASED = "redemption.released", _("Redemption released")
    REDEMPTION_REVERSED = "redemption.reversed", _("Redemption reversed")
    BATCH_FINISHED = "batch.finished", _("Batch finished")
    RISK_ALERT = "risk.alert", _("Risk alert")


class DisabledBecause(models.TextChoices):
    """Why an endpoint is told nothing."""

    BY_HAND = "by_hand", _("switched off here")
    GONE = "gone", _("it answered 410 Gone")


class WebhookEndpoint(MerchantOwned):
    """An address that is told of what happens at its merchant, from its creation on."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    url = models.CharField(_("address"), max_length=2_000)
    #: Which types it hears of; an empty list means all.
    types = ArrayField(
        models.CharField(max_length=40, choices=EventType),
        verbose_name=_("hears of"),
        default=list,
        blank=True,
    )
    #: Where set, it hears only of what this coupon has a part in.
    coupon = models.ForeignKey(
        Coupon, models.CASCADE, null=True, blank=True, verbose_name=_("coupon"), related_name="+"
    )
    # As they are, since they have to sign: whoever reads the database can sign as we do.
    secret = models.CharField(max_length=100)
    #: The secret before the last rotation; it signs too until `previous_until`.
    previous_secret = models.CharField(max_length=100, blank=True, default="")
    previous_until = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(_("switched off"), null=True)
    disabled_because = models.CharField(
        max_length=10, choices=DisabledBecause, blank=True, default=""
    )
    created_at = models.DateTimeField(_("created"))
    created_by = models.CharField(_("created by"), max_length=100)
    #: The creating transaction: the endpoint hears of what later ones write.
    xid = models.BigIntegerField(
        db_default=RawSQL("(pg_current_xact_id()::text::bigint)", ()), editable=False
    )

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        constraints = [
            models.CheckConstraint(
                condition=Q(types__contained_by=EventType.values),
                name="webhook_endpoint_types_are_known",
            ),
            models.CheckConstraint(
                condition=Q(disabled_at__isnull=True, disabled_because="")
                | Q(disabled_at__isnull=False, disabled_because__in=DisabledBecause.values),
                name="webhook_endpoint_is_off_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-created_at", "-id"], name="webhook_endpoint_listed"),
        ]

    def __str__(self) -> str:
        return self.url

    def wants(self, type: str, coupons: set[int]) -> bool:
        """Say whether it hears of an event of that type in which these coupons have a part."""
        typed = not self.types or type in self.types
        return typed and (self.coupon_id is None or self.coupon_id in coupons)


class WebhookDelivery(MerchantOwned):
    """One event on its way to one endpoint.

    Whoever sends one first moves `next_at` ahead, in a conditional statement: so nobody
    else sends it meanwhile, and if the sender dies, its time comes again by itself.
    """

    class State(models.TextChoices):
        """Where a delivery stands."""

        PENDING = "pending", _("On its way")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint,
        models.CASCADE,
        verbose_name=_("endpoint"),
        related_name="deliveries",
        db_index=False,
    )
    #: The event's own id, the same for all its endpoints and at each attempt.
    event = models.UUIDField(_("event"))
    type = models.CharField(_("what"), max_length=40)
    #: What is signed and sent, to the byte.
    body = models.TextField(_("body"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"))
    #: Of the last answer: HTTP status, the first 1 KB, how long it took.
    last_status = models.PositiveIntegerField(_("status"), null=True)
    last_answer = models.TextField(_("answer"), blank=True, default="")
    last_ms = models.PositiveIntegerField(_("duration"), null=True)
    last_at = models.DateTimeField(_("last attempt"), null=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "event"], name="webhook_delivery_once_per_event"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "delivered", "failed"]),
                name="webhook_delivery_state_is_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "next_at", "id"],
                name="webhook_delivery_due",
                condition=Q(state="pending"),
            ),
            models.Index(fields=["merchant", "-id"], name="webhook_delivery_by_merchant"),
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_by_endpoint"),
            models.Index(
                fields=["merchant", "-id"],
                name="webhook_delivery_failed",
                condition=Q(state="failed"),
            ),
            models.Index(fields=["state", "created_at"], name="webhook_delivery_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event}"
