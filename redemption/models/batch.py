"""Redemption by file: what was uploaded, how far it is, and what became of each row."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from coupons.models import Channel, Job, MerchantOwned, new_id
from coupons.querysets import NumberedQuerySet


class RedemptionBatch(MerchantOwned):
    """A file of codes that are to be redeemed, from its upload until its result."""

    class Stage(models.TextChoices):
        READING = "reading", _("Being read")
        JUDGING = "judging", _("Being checked")
        #: Judged; nothing is redeemed until somebody says so.
        CHECKED = "checked", _("Waits for you")
        REDEEMING = "redeeming", _("Being redeemed")
        #: All or nothing: everything is held first, then redeemed, or let go again.
        HOLDING = "holding", _("Being held")
        CONFIRMING = "confirming", _("Being redeemed for good")
        RELEASING = "releasing", _("Being let go")
        FINISHED = "finished", _("Redeemed")
        REFUSED = "refused", _("Nothing redeemed")
        UNDOING = "undoing", _("Being undone")
        UNDONE = "undone", _("Undone")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    #: The work under way, or the last that was done.
    job = models.OneToOneField(
        Job, models.PROTECT, related_name="redemption_batch", verbose_name=_("job")
    )
    file = models.FileField(_("file"), upload_to="batches/%Y/%m/")
    file_name = models.CharField(_("file name"), max_length=200)
    #: SHA-256 of the file, to know the same one again; the first batch that had it.
    digest = models.CharField(max_length=64)
    repeats = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.READING)
    #: Judged and shown, and never redeemed.
    dry_run = models.BooleanField(_("check only"), default=False)
    #: Redeemed as soon as it is read, without anybody looking at it.
    at_once = models.BooleanField(default=False)
    all_or_nothing = models.BooleanField(_("all or nothing"), default=False)
    #: Of the sentences in the result.
    language = models.CharField(max_length=16, default="en")
    #: The key that asked, as a coupon names it, and its channel.
    key = models.CharField(max_length=40, blank=True, default="")
    channel = models.ForeignKey(
        Channel, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    #: Headings that nobody knows.
    ignored = models.JSONField(default=list)
    #: The last row of the file that is staged, the last that this stage has dealt with, and
    #: up to which rows go one by one.
    read_to = models.BigIntegerField(default=0)
    done_to = models.BigIntegerField(default=0)
    one_by_one_to = models.BigIntegerField(default=0)
    #: All or nothing: when the first of its holds ends.
    held_until = models.DateTimeField(null=True, blank=True)
    #: Rows: all of them, and by outcome.
    total = models.BigIntegerField(_("rows"), default=0)
    ready = models.BigIntegerField(_("ready"), default=0)
    held = models.BigIntegerField(_("held"), default=0)
    redeemed = models.BigIntegerField(_("redeemed"), default=0)
    already = models.BigIntegerField(_("redeemed before"), default=0)
    failed = models.BigIntegerField(_("failed"), default=0)
    undone = models.BigIntegerField(_("undone"), default=0)
    #: When its file and rows were removed, being past their time; the counts stay.
    removed_at = models.DateTimeField(null=True, blank=True)
    created_by = models.CharField(_("created by"), max_length=100)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("batch redemption")
        verbose_name_plural = _("batch redemptions")
        indexes = [
            models.Index(
                fields=["merchant", "-created_at", "-id"], name="redemption_batch_by_time"
            ),
            models.Index(fields=["merchant", "digest"], name="redemption_batch_by_digest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    total__gte=0,
                    ready__gte=0,
                    held__gte=0,
                    redeemed__gte=0,
                    already__gte=0,
                    failed__gte=0,
                    undone__gte=0,
                ),
                name="redemption_batch_counts_rows",
            ),
            models.CheckConstraint(
                condition=Q(total__gte=F("ready") + F("held") + F("redeemed") + F("already")),
                name="redemption_batch_counts_no_row_twice",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def waiting(self) -> int:
        """Count the rows that nobody has judged yet."""
        counted = self.ready + self.held + self.redeemed + self.already + self.failed + self.undone
        return self.total - counted


class BatchRow(MerchantOwned):
    """A row of such a file: what it asks for, and what became of it."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", _("Not looked at")
        READY = "ready", _("Can be redeemed")
        HELD = "held", _("Held")
        REDEEMED = "redeemed", _("Redeemed")
        ALREADY = "already", _("Redeemed before")
        FAILED = "failed", _("Failed")
        UNDONE = "undone", _("Undone")

    pk = models.CompositePrimaryKey("batch_id", "number")
    batch = models.ForeignKey(RedemptionBatch, models.CASCADE, related_name="+", db_index=False)
    #: The row in the file, as people count: 1 is the first.
    number = models.BigIntegerField()
    #: In its normal form; as typed where the row cannot be read.
    code = models.TextField(_("code"), db_collation="C")
    order = models.TextField(_("order"))
    #: Major units as the contract writes them; empty where nothing is said.
    amount = models.CharField(_("amount"), max_length=40, blank=True, default="")
    redeemed_at = models.DateTimeField(_("redeemed at"), null=True)
    note = models.TextField(_("note"), blank=True, default="")
    outcome = models.CharField(_("status"), max_length=8, choices=Outcome)
    #: Why it failed: a reason of the contract, or `bad_row`; and a sentence for a person.
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    message = models.TextField(_("message"), blank=True, default="")
    #: The redemption that it became, or found.
    redemption_ref = models.UUIDField(null=True)

    objects: ClassVar[Any] = NumberedQuerySet.as_manager()

    class Meta:
        verbose_name = _("row")
        verbose_name_plural = _("rows")
        indexes = [
            models.Index(
                fields=["batch", "number"],
                name="batch_row_failed",
                condition=Q(outcome="failed"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.code}"
