"""The batches that codes are made in: how far one is, stopping it, undoing it, its safety."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from coupons import clock, issuing, undoing
from coupons.admin.base import KeysetAdmin, ReadOnly, show_error
from coupons.admin.shown import badge, number, when
from coupons.admin.withdrawing import Withdrawing
from coupons.admin.words import sentence
from coupons.caller import staff_actor
from coupons.errors import Invalid, WrongState
from coupons.models import CodeBatch, Job
from coupons.staff import Area, Right


@admin.register(CodeBatch)
class CodeBatchAdmin(Withdrawing, ReadOnly, KeysetAdmin):
    """Codes made in one go, with how far that is."""

    area = Area.CODES
    list_display = ("id", "coupon", "pattern_word", "total_number", "progress", "created")
    list_select_related = ("coupon", "job", "undoing")
    keyset = ("-id",)
    nothing_yet = _("A batch is made where unique codes are issued: on a coupon's page.")
    next_step = (_("Go to the coupons"), "admin:coupons_coupon_changelist")
    fields = ("coupon", "pattern", "total", "created_at")
    change_form_outer_before_template = "console/batch_progress.html"
    change_form_outer_after_template = "console/batch_codes.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the safety of a pattern and what is done with one batch."""
        view = self.admin_site.admin_view
        own = [
            path("safety/", view(self.safety_view), name="coupons_codebatch_safety"),
            path(
                "<int:pk>/undo/",
                require_POST(view(self.undo_view)),
                name="coupons_codebatch_undo",
            ),
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Read the coupon and the jobs with each batch."""
        return super().get_queryset(request).select_related("coupon", "job", "undoing")

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
        """Show how far the making is, or the undoing."""
        job = batch.undoing or batch.job
        if batch.undoing and job.status == Job.Status.DONE:
            return badge(Job.Status.CANCELLED, str(_("Undone")))
        done = f"{number(job.done)} / {number(job.total)}"
        return badge(job.status, f"{job.get_status_display()} {done}")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a batch, with the buttons that print, stop and undo it for those who may."""
        batch = self.get_object(request, object_id)
        may_change = batch is not None and self._may(request, Right.CHANGE)
        context = {
            **(extra_context or {}),
            "may_change": may_change,
            "may_undo": may_change and undoing.may_begin(batch=batch),
        }
        return super().change_view(request, object_id, form_url, context)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Have a batch's codes deleted, if nobody has had one."""
        batch = self.found(request, pk, Right.CHANGE)
        try:
            undoing.undo_batch(batch=batch, by=staff_actor(request.user), at=clock.now(request))
        except WrongState as error:
            show_error(request=request, error=error)
        else:
            messages.success(request, _("The batch is being undone."))
        return HttpResponseRedirect(reverse("admin:coupons_codebatch_change", args=[pk]))

    def safety_view(self, request: HttpRequest) -> HttpResponse:
        """Answer how safe codes of a pattern are, with a sample, while somebody types it."""
        self.require(request, Right.CHANGE)
        typed = request.GET.get("pattern", "").replace("\0", "")[:200]
        count = request.GET.get("count", "").strip()
        context: dict[str, Any] = {}
        if count.isascii() and count.isdecimal():
            try:
                context["outlook"] = issuing.outlook(
                    count=min(int(count[:20]), issuing.MAX_BATCH + 1), pattern=typed or None
                )
            except Invalid as error:
                context["problem"] = " ".join(sentence(each.message) for each in error.errors)
        return TemplateResponse(request, "console/code_safety.html", context)
