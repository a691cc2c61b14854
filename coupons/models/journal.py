"""The append-only record of what happened, written with what it tells of."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coupons.models.code import Code
from coupons.models.coupon import Coupon
from coupons.models.merchant import MerchantOwned

#: The entries that tell a coupon's life, not its redemptions.
LIFE = models.Q(type__startswith="coupon.") | models.Q(type__startswith="codes.")


class JournalEntry(MerchantOwned):
    """One thing that happened. A trigger refuses changes and deletions."""

    #: When it happened; `recorded_at` is when we were told.
    at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(db_default=Now())
    type = models.CharField(_("what"), max_length=40)
    #: Who did it: `staff:alice`, `key:AbCd1234`, `system`.
    actor = models.CharField(_("who"), max_length=100)
    request_id = models.CharField(_("request"), max_length=128, blank=True, default="")
    # Plain references, not foreign keys: the journal outlives what it speaks of.
    coupon = models.ForeignKey(
        Coupon, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    code = models.ForeignKey(
        Code, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    customer_ref = models.CharField(max_length=100, blank=True, default="")
    redemption_ref = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    #: The writing transaction. Readers stop below the oldest one still open, so that
    #: a row committed late is never passed over (ids alone would do that).
    xid = models.BigIntegerField(
        db_default=RawSQL("(pg_current_xact_id()::text::bigint)", ()), editable=False
    )

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal")
        indexes = [
            models.Index(fields=["xid", "id"], name="journal_in_order"),
            models.Index(fields=["merchant", "-id"], name="journal_by_merchant"),
            models.Index(
                fields=["coupon", "id"],
                name="journal_by_coupon",
                condition=models.Q(coupon__isnull=False),
            ),
            # What a coupon's page tells: few rows among its redemptions.
            models.Index(
                fields=["coupon", "id"],
                name="journal_of_coupon_life",
                condition=LIFE,
            ),
            models.Index(
                fields=["code", "id"],
                name="journal_by_code",
                condition=models.Q(code__isnull=False),
            ),
            BrinIndex(fields=["at"], name="journal_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.at:%Y-%m-%d %H:%M}"


class JournalCursor(models.Model):
    """How far a reader of the journal has come: (writing transaction, entry)."""

    reader = models.CharField(max_length=40, primary_key=True)
    xid = models.BigIntegerField(default=0)
    entry = models.BigIntegerField(default=0)
    #: When the reader last had nothing left to read.
    caught_up_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.reader
