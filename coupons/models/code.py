"""Codes, the batches they are made in, and the jobs that make them."""

import uuid
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from coupons.models.coupon import Coupon, within
from coupons.models.merchant import Merchant, MerchantOwned
from coupons.models.pool import CodePool
from coupons.querysets import MerchantQuerySet


def new_id() -> uuid.UUID:
    """Make an identifier that sorts by time and tells no count."""
    return uuid7()


#: Jobs that keep a file: what they made, or what they were given.
HAS_FILES = ~Q(result="") | Q(kind__in=["import", "redeem"])


class Job(MerchantOwned):
    """A piece of long work, done in the background in chunks that a kill can't lose."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        #: Halfway, until a person says to go on.
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Kind(models.TextChoices):
        CODES = "codes", _("Making codes")
        MOVE = "move", _("Moving codes to another coupon")
        REISSUE = "reissue", _("Giving codes anew")
        RESERVE = "reserve", _("Reserving codes for a partner")
        RELEASE = "release", _("Releasing a partner's codes")
        REVOKE = "revoke", _("Revoking codes")
        PRINT = "print", _("Printing codes")
        IMPORT = "import", _("Reading a file")
        EXPORT = "export", _("Writing a file")
        REDEEM = "redeem", _("Redeeming a file")
        UNDO = "undo", _("Undoing a batch")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("what"), max_length=10, choices=Kind, default=Kind.CODES)
    #: A coupon's slug or a file's name, for lists.
    about = models.CharField(_("about"), max_length=200, blank=True, default="")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    total = models.BigIntegerField(_("total"))
    done = models.BigIntegerField(_("done"), default=0)
    failed = models.BigIntegerField(_("failed"), default=0)
    #: What went wrong, for a person.
    problem = models.TextField(_("problem"), blank=True, default="")
    #: What it made, for whoever asked to take away.
    result = models.FileField(_("file"), upload_to="results/%Y/%m/", blank=True)
    created_by = models.CharField(_("created by"), max_length=100)
    created_at = models.DateTimeField(_("created"))
    #: The last sign of life of a worker.
    seen_at = models.DateTimeField(null=True, blank=True)
    #: Pieces that died in a row.
    tries = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    #: When its files were taken away, being past their time; and whether all of that is done.
    files_removed_at = models.DateTimeField(null=True, blank=True)
    is_cleared = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [
            models.Index(fields=["merchant", "-created_at"], name="job_by_merchant"),
            models.Index(
                fields=["finished_at"],
                name="job_to_clear",
                condition=HAS_FILES & Q(is_cleared=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(done__gte=0, failed__gte=0, total__gte=0), name="job_counts_up"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class CodeBatch(MerchantOwned):
    """Codes made in one go from one pattern."""

    coupon = models.ForeignKey(
        Coupon, models.PROTECT, verbose_name=_("coupon"), related_name="batches"
    )
    #: A file of codes may bring a batch to each of several coupons.
    job = models.ForeignKey(Job, models.PROTECT, related_name="batches", verbose_name=_("job"))
    pattern = models.CharField(_("pattern"), max_length=64)
    total = models.BigIntegerField(_("codes"))
    created_at = models.DateTimeField(_("created"))
    #: The deletion of its codes, if that was asked for (`coupons.undoing`).
    undoing = models.OneToOneField(
        Job,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="undone_batch",
        verbose_name=_("undoing"),
    )
    #: The last codes that were looked at, and then deleted or left.
    looked_to = models.BigIntegerField(default=0)
    deleted_to = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("code batch")
        verbose_name_plural = _("code batches")

    def __str__(self) -> str:
        return f"{self.coupon_id} · {self.pattern}"


class CodeQuerySet(MerchantQuerySet):
    """Questions about many codes."""

    def standing(self, standing: str) -> Self:
        """Keep those that stand like that; `Code.standing` says the same of one."""
        if standing == Code.Standing.REVOKED:
            return self.filter(state=Code.State.REVOKED)
        rows = self.filter(state=Code.State.ACTIVE)
        spent = Q(max_uses__isnull=False, uses__gte=F("max_uses"))
        return rows.filter(spent if standing == Code.Standing.REDEEMED else ~spent)

    def met_in(self, merchant: Merchant) -> Self:
        """Keep those that a checkout of that merchant knows: its own, the platform's published.

        Where both have a text, a checkout takes the merchant's own.
        """
        own = Q(merchant=merchant)
        shops = Merchant.objects.filter(Q(pk=merchant.pk) | Q(is_platform=True))
        published = Q(coupon__published_at__isnull=False)
        return self.filter(own | published, merchant__in=shops.values("pk"))


class Code(MerchantOwned):
    """The token a shopper types, in its normal form (see `coupons.coding`)."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        REVOKED = "revoked", _("Revoked")

    class Standing(models.TextChoices):
        """The state as it is shown: `redeemed` once all uses are spent."""

        ACTIVE = "active", _("Active")
        REDEEMED = "redeemed", _("Redeemed")
        REVOKED = "revoked", _("Revoked")

    coupon = models.ForeignKey(
        Coupon, models.PROTECT, verbose_name=_("coupon"), related_name="codes", db_index=False
    )
    batch = models.ForeignKey(
        CodeBatch,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("batch"),
        related_name="codes",
        db_index=False,
    )
    #: For whom it is set aside, if for anybody.
    pool = models.ForeignKey(
        CodePool,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("partner pool"),
        related_name="codes",
        db_index=False,
    )
    text = models.CharField(_("code"), max_length=64, db_collation="C")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    #: Open to everyone; its uses are bounded by the coupon's limits, not by `max_uses`.
    shared = models.BooleanField(_("shared"), default=False)
    max_uses = models.PositiveIntegerField(_("uses allowed"), null=True, default=1)
    uses = models.PositiveIntegerField(_("uses"), default=0)
    #: An end of this code's own; it wins over the coupon's.
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    #: The code that was given for this one: its goods came back, or it had leaked.
    replaced_by = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("replaced by"),
        related_name="+",
        db_index=False,
    )

    objects: ClassVar[Any] = CodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints = [
            models.UniqueConstraint(fields=["merchant", "text"], name="code_text_is_unique"),
            models.UniqueConstraint(
                fields=["coupon"], condition=Q(shared=True), name="coupon_has_one_shared_code"
            ),
            models.CheckConstraint(
                condition=within("uses", "max_uses"), name="code_uses_within_limit"
            ),
            models.CheckConstraint(
                condition=Q(shared=True, max_uses__isnull=True)
                | Q(shared=False, max_uses__isnull=False),
                name="code_is_shared_or_bounded",
            ),
            models.CheckConstraint(
                condition=Q(text__regex=r"^[^\sa-z-]{1,64}$"), name="code_text_is_normal"
            ),
        ]
        indexes = [
            models.Index(fields=["coupon", "id"], name="code_by_coupon"),
            models.Index(fields=["batch", "id"], name="code_by_batch"),
            # No index names `uses`: a redemption changes nothing else of a code, and so
            # writes no index at all.
            models.Index(
                fields=["pool", "id"], name="code_by_pool", condition=Q(pool__isnull=False)
            ),
            models.Index(
                fields=["merchant", "text"], name="code_revoked", condition=Q(state="revoked")
            ),
            # The few among the many: a list of them in the order of all would read all.
            models.Index(fields=["merchant", "text"], name="code_shared", condition=Q(shared=True)),
            models.Index(
                fields=["replaced_by"],
                name="code_by_replacement",
                condition=Q(replaced_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def standing(self) -> Standing:
        """Say whether it counts, has been used up, or was withdrawn."""
        if self.state == Code.State.REVOKED:
            return Code.Standing.REVOKED
        spent = self.max_uses is not None and self.uses >= self.max_uses
        return Code.Standing.REDEEMED if spent else Code.Standing.ACTIVE
