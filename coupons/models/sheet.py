"""Spreadsheets that are brought in: the file, how far it is, and its rows as they were read."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from coupons.models.code import Job, new_id
from coupons.models.coupon import Coupon
from coupons.models.merchant import Merchant, MerchantOwned
from coupons.querysets import NumberedQuerySet


class SheetImport(MerchantOwned):
    """A file of codes, products or customers, from its upload until it is applied."""

    class OnDuplicate(models.TextChoices):
        SKIP = "skip", _("Leave them as they are")
        UPDATE = "update", _("Change them to what the file says")
        FAIL = "fail", _("Apply nothing at all")

    class Stage(models.TextChoices):
        READING = "reading", _("Being read")
        CHECKED = "checked", _("Waits for you")
        APPLYING = "applying", _("Being applied")
        APPLIED = "applied", _("Applied")
        REFUSED = "refused", _("Not applied")
        STOPPED = "stopped", _("Stopped")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    job = models.OneToOneField(
        Job, models.PROTECT, related_name="sheet_import", verbose_name=_("job")
    )
    #: The name of its shape: codes, products, customers.
    sheet = models.CharField(_("what"), max_length=20)
    #: Where codes go that name no coupon themselves.
    coupon = models.ForeignKey(
        Coupon,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("coupon"),
    )
    file = models.FileField(_("file"), upload_to="sheets/%Y/%m/")
    file_name = models.CharField(_("file name"), max_length=200)
    #: SHA-256 of the file, to know the same one again.
    digest = models.CharField(max_length=64)
    on_duplicate = models.CharField(_("rows that are there"), max_length=6, choices=OnDuplicate)
    #: Applied as soon as it is read, without anybody looking at it.
    at_once = models.BooleanField(default=False)
    stage = models.CharField(_("stage"), max_length=8, choices=Stage, default=Stage.READING)
    #: Names of the columns that were found, and headings that nobody knows.
    columns = models.JSONField(default=list)
    ignored = models.JSONField(default=list)
    #: The last row of the file that is staged, and the last that is applied.
    read_to = models.BigIntegerField(default=0)
    applied_to = models.BigIntegerField(default=0)
    #: Rows by outcome.
    new = models.BigIntegerField(_("new"), default=0)
    changed = models.BigIntegerField(_("changed"), default=0)
    kept = models.BigIntegerField(_("left as they are"), default=0)
    same = models.BigIntegerField(_("the same"), default=0)
    bad = models.BigIntegerField(_("bad"), default=0)
    created_by = models.CharField(_("created by"), max_length=100)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [
            models.Index(fields=["merchant", "-created_at", "-id"], name="sheet_import_by_time"),
            models.Index(fields=["merchant", "digest"], name="sheet_import_by_digest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(applied_to__gte=0) & Q(read_to__gte=models.F("applied_to")),
                name="sheet_import_applies_what_was_read",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def rows(self) -> int:
        """Count the rows that were staged."""
        return self.new + self.changed + self.kept + self.same + self.bad


class StagedRow(MerchantOwned):
    """A row of a file as it was read, and what it would do; the preview and the source of it."""

    class Outcome(models.TextChoices):
        NEW = "new", _("New")
        CHANGED = "changed", _("Changed")
        #: There already and different, but not to be touched.
        KEPT = "kept", _("Left as it is")
        SAME = "same", _("The same")
        BAD = "bad", _("Bad")

    pk = models.CompositePrimaryKey("imported_id", "number")
    # Rows come and go with their import, by its verbs alone: to have the database look two
    # parents up for each of millions of rows takes as long as writing them.
    merchant = models.ForeignKey(
        Merchant, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    imported = models.ForeignKey(
        SheetImport, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    #: The row in the file, as people count: 1 is the first.
    number = models.BigIntegerField()
    #: What tells rows apart, such as the code; empty where it can't be read.
    key = models.TextField(db_collation="C")
    #: What is to be stored, in the order of the sheet; as typed where the row is bad.
    cells = models.JSONField()
    #: What stands there now, where that is different.
    before = models.JSONField(null=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    #: Lines of `column|sentence`.
    problem = models.TextField(default="")

    objects: ClassVar[Any] = NumberedQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["imported", "outcome", "number"],
                name="staged_row_to_show",
                condition=Q(outcome__in=["changed", "kept", "bad"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.key}"


class SheetExport(MerchantOwned):
    """A file that rows are written to, and how far that is."""

    class Format(models.TextChoices):
        XLSX = "xlsx", "Excel (xlsx)"
        CSV = "csv", "CSV"

    job = models.OneToOneField(
        Job, models.PROTECT, related_name="sheet_export", verbose_name=_("job")
    )
    #: The name of its shape.
    sheet = models.CharField(max_length=20)
    format = models.CharField(max_length=4, choices=Format)
    #: Of the headings and words.
    language = models.CharField(max_length=10)
    #: What the rows are narrowed by, value by name.
    filters = models.JSONField(default=dict)
    #: The row after which the next piece begins.
    after = models.JSONField(null=True)
    #: Parts written so far, to be joined.
    parts = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")

    def __str__(self) -> str:
        return f"{self.sheet} {self.format}"
