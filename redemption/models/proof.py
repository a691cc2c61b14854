"""One more proof, which a valuable coupon asks for at the desk."""

from django.db import models
from django.db.models import Q

from campaigns.models import Customer
from coupons.models import Coupon, MerchantOwned, new_id


class Proof(MerchantOwned):
    """A code that was sent to a customer, or a supervisor's word; good for one redemption."""

    class Kind(models.TextChoices):
        MESSAGE = "message"
        SUPERVISOR = "supervisor"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, related_name="+", db_index=False
    )
    #: Who is at the desk; nobody else can use it.
    asked_by = models.CharField(max_length=100)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    #: Of the code that was sent, keyed; empty for a supervisor's word.
    code_hash = models.CharField(max_length=64, blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0)
    #: How many codes were sent since `counted_from`, of which each takes the place of the last.
    sent = models.PositiveSmallIntegerField(default=0)
    counted_from = models.DateTimeField()
    proved_at = models.DateTimeField(null=True)
    #: As the journal names them; empty is the customer.
    approved_by = models.CharField(max_length=100, blank=True, default="")
    used_at = models.DateTimeField(null=True)
    redemption_ref = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["message", "supervisor"]), name="proof_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(tries__lte=5), name="proof_is_tried_five_times"),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(proved_at__isnull=False),
                name="proof_is_used_once_proven",
            ),
            models.UniqueConstraint(
                fields=["merchant", "coupon", "customer"],
                condition=Q(kind="message", used_at__isnull=True),
                name="proof_is_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="proof_by_end")]

    def __str__(self) -> str:
        return f"{self.kind} {self.asked_at:%Y-%m-%d %H:%M}"
