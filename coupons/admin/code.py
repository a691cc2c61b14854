"""Codes, and the batches they are made in."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import coding
from coupons.admin.base import KeysetAdmin, ReadOnly
from coupons.admin.shown import badge, happened, number, when, who
from coupons.models import Code, CodeBatch, JournalEntry
from coupons.staff import Area


@admin.register(Code)
class CodeAdmin(ReadOnly, KeysetAdmin):
    """Every code of the merchant, found by typing it."""

    area = Area.CODES
    list_display = ("text", "coupon", "state_word", "shared", "uses_number", "batch_number")
    list_select_related = ("coupon",)
    search_fields = ("text",)
    search_help_text = _("A code, or how it begins")
    keyset = quick_order = ("text",)
    nothing_yet = _(
        "Codes belong to coupons. Open a coupon and issue some, or give it a shared one."
    )
    next_step = (_("Go to the coupons"), "admin:coupons_coupon_changelist")
    fields = ("text", "coupon", "state", "shared", "uses", "max_uses")
    change_form_after_template = "console/code_history.html"

    def keyset_for(self, request: HttpRequest) -> tuple[str, ...]:
        """Follow the index of a coupon or a batch where the list is one of those."""
        one = {"coupon", "coupon__id__exact", "batch", "batch__id__exact"} & set(request.GET)
        return ("id",) if one else self.keyset

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Look a code up in its normal form, by its beginning."""
        return queryset.filter(text__startswith=coding.normal_form(typed))

    def hint(self, row: Code) -> tuple[str, str]:
        """Show the coupon and whether it still counts."""
        return row.coupon.name, self.state_word(row)

    @display(description=_("state"))
    def state_word(self, code: Code) -> str:
        """Show whether it still counts."""
        return badge(code.state, code.get_state_display())

    @display(description=_("uses"))
    def uses_number(self, code: Code) -> str:
        """Show how often it was used, and how often it may be."""
        used = number(code.uses)
        return used if code.max_uses is None else f"{used} / {number(code.max_uses)}"

    @display(description=_("batch"))
    def batch_number(self, code: Code) -> str:
        """Show the batch it was made in."""
        return number(code.batch_id)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a code with what happened to it."""
        entries = JournalEntry.objects.of(request.merchant).filter(code_id=_number(object_id))
        timeline = [
            {"when": when(entry.at), "who": who(entry.actor), "what": happened(entry.type)}
            for entry in entries.order_by("-id")[:50]
        ]
        context = {**(extra_context or {}), "timeline": timeline}
        return super().change_view(request, object_id, form_url, context)


@admin.register(CodeBatch)
class CodeBatchAdmin(ReadOnly, KeysetAdmin):
    """Codes made in one go, with how far that is."""

    area = Area.CODES
    list_display = ("id", "coupon", "pattern_word", "total_number", "progress", "created")
    list_select_related = ("coupon", "job")
    keyset = ("-id",)
    nothing_yet = _("A batch is made where unique codes are issued: on a coupon's page.")
    next_step = (_("Go to the coupons"), "admin:coupons_coupon_changelist")
    fields = ("coupon", "pattern", "total", "created_at", "progress")
    readonly_fields = ("progress",)
    change_form_after_template = "console/batch_codes.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Read the coupon and the job with each batch."""
        return super().get_queryset(request).select_related("coupon", "job")

    @display(description=_("pattern"))
    def pattern_word(self, batch: CodeBatch) -> str:
        """Show the pattern; a list that somebody brought has none."""
        return batch.pattern or str(_("A list"))

    @display(description=_("codes"))
    def total_number(self, batch: CodeBatch) -> str:
        """Show how many were asked for."""
        return number(batch.total)

    @display(description=_("created"))
    def created(self, batch: CodeBatch) -> str:
        """Show when, in the merchant's zone."""
        return when(batch.created_at)

    @display(description=_("progress"))
    def progress(self, batch: CodeBatch) -> str:
        """Show how far the making is."""
        job = batch.job
        done = f"{number(job.done)} / {number(job.total)}"
        return badge(job.status, f"{job.get_status_display()} {done}")


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Http404 from error
