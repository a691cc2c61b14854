"""Redemption by file: upload, preview, run, and what became of each row."""

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from coupons import clock, jobs
from coupons.admin.base import KeysetAdmin, ReadOnly, show_error, told
from coupons.admin.form_fields import flag
from coupons.admin.pages import console_page
from coupons.admin.shown import badge, number, when, who
from coupons.admin.words import sentence
from coupons.caller import Caller, staff_actor
from coupons.errors import HexiaoError
from coupons.models import Job
from coupons.reasons import language_of
from coupons.sheets import templates
from coupons.staff import Area, Right
from redemption import batches
from redemption.api.batches import result_file
from redemption.batch_template import SHAPE
from redemption.batching.results import message_of, reason_in_words, result
from redemption.models import BatchRow, RedemptionBatch

#: Rows that failed, shown on the page; the result has all.
SHOWN = 50

Stage = RedemptionBatch.Stage
OVER = (Job.Status.DONE, Job.Status.FAILED, Job.Status.CANCELLED)


class UploadForm(forms.Form):
    """A file, and whether it is redeemed whole or not at all."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("Excel (xlsx, xls), OpenDocument (ods) or CSV, one code and order in a row."),
        widget=forms.FileInput({"accept": ".xlsx,.xls,.ods,.csv,.txt", "class": "hx-file"}),
    )


class RunForm(forms.Form):
    """How what was checked is redeemed."""

    all_or_nothing = flag(_("All or nothing: where one row cannot be redeemed, none is"))


@admin.register(RedemptionBatch)
class RedemptionBatchAdmin(ReadOnly, KeysetAdmin):
    """Files of codes, the newest first."""

    area = Area.REDEMPTIONS
    nothing_yet = _("Files of codes to redeem show here. Press “Upload a file” above.")
    list_display = ("file_name", "state", "rows", "redeemed_number", "failed_number", "by", "at")
    list_filter = ("stage",)
    keyset = ("-created_at", "-id")
    list_before_template = "console/redeeming_above.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the upload, and what is asked of one batch."""
        view, name = self.admin_site.admin_view, "redemption_redemptionbatch"
        steps = {
            "run": self.run_view,
            "pause": self.pause_view,
            "resume": self.resume_view,
            "cancel": self.cancel_view,
            "undo": self.undo_view,
        }
        return [
            path("upload/", view(self.upload_view), name=f"{name}_upload"),
            path("template/", view(self.template_view), name=f"{name}_template"),
            path("<uuid:pk>/progress/", view(self.progress_view), name=f"{name}_progress"),
            path("<uuid:pk>/result/", view(self.result_view), name=f"{name}_result"),
            *(
                path(f"<uuid:pk>/{step}/", view(require_POST(do)), name=f"{name}_{step}")
                for step, do in steps.items()
            ),
            *super().get_urls(),
        ]

    def shown(self, queryset: Any) -> Any:
        """Bring the jobs along."""
        return queryset.select_related("job")

    @display(description=_("status"))
    def state(self, batch: RedemptionBatch) -> str:
        """Show where it stands."""
        return state_of(batch)

    @display(description=_("rows"))
    def rows(self, batch: RedemptionBatch) -> str:
        """Show how many rows it has."""
        return number(batch.total)

    @display(description=_("redeemed"))
    def redeemed_number(self, batch: RedemptionBatch) -> str:
        """Show how many were redeemed."""
        return number(batch.redeemed)

    @display(description=_("failed"))
    def failed_number(self, batch: RedemptionBatch) -> str:
        """Show how many failed."""
        return number(batch.failed)

    @display(description=_("who"))
    def by(self, batch: RedemptionBatch) -> str:
        """Show who uploaded it."""
        return who(batch.created_by)

    @display(description=_("when"))
    def at(self, batch: RedemptionBatch) -> str:
        """Show when, in the merchant's zone."""
        return when(batch.created_at)

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file in, to be read and checked."""
        self.require(request, Right.CHANGE)
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            file = form.cleaned_data["file"]
            try:
                batch = batches.start(
                    caller=self._caller(request),
                    file=file,
                    name=file.name,
                    language=language_of(get_language()),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                form.add_error("file", told(error))
            else:
                return self._to(batch.pk)
        return self._page(request, "redeeming_upload", title=_("Redeem a file of codes"), form=form)

    def template_view(self, request: HttpRequest) -> HttpResponse:
        """Send the file to fill in, as xlsx or CSV."""
        self.require(request, Right.VIEW)
        sent = templates.template(shape=SHAPE, suffix=request.GET.get("as", "xlsx"))
        response = HttpResponse(sent.content, content_type=sent.media_type)
        response["Content-Disposition"] = f'attachment; filename="{sent.name}"'
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a batch: how far it is, what would or did become of its rows, what may be done."""
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        batch = self.found(request, object_id, Right.VIEW)
        rows = BatchRow.objects.of(batch.merchant).filter(batch=batch, outcome="failed")
        return self._page(
            request,
            "redeeming",
            title=batch.file_name,
            batch=batch,
            state=state_of(batch),
            subtitle=f"{when(batch.created_at)} · {who(batch.created_by)}",
            may=_may_do(batch) if self._may(request, Right.CHANGE) else {},
            is_over=batch.job.status in OVER,
            days=settings.HEXIAO_FILE_DAYS,
            counts=_counts(batch),
            reasons=_reasons(rows) if batch.failed else [],
            failed=[
                (row.number, row.code, row.order, message_of(row=row, say=sentence))
                for row in rows.order_by("number")[:SHOWN]
            ],
            is_cut=batch.failed > SHOWN,
            problem=sentence(batch.job.problem),
            run=RunForm(),
        )

    def progress_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Answer the progress alone; at the end the page is read anew."""
        batch = self.found(request, pk, Right.VIEW)
        answer = TemplateResponse(request, "console/redeeming_progress.html", {"batch": batch})
        if batch.job.status not in jobs.UNFINISHED:
            answer["HX-Refresh"] = "true"
        return answer

    def result_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Answer the file again, with what became of each row; the page says where it is gone."""
        batch = self.found(request, pk, Right.VIEW)
        if batch.removed_at:
            return self._to(pk)
        return result_file(batch=batch, chunks=result(batch=batch, say=sentence))  # type: ignore[return-value]

    def run_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Redeem what was checked."""
        whole = "all_or_nothing" in request.POST
        return self._step(
            request,
            pk,
            lambda batch: batches.run(
                batch=batch,
                all_or_nothing=whole,
                by=staff_actor(request.user),
                at=clock.now(request),
            ),
        )

    def pause_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Let it rest."""
        return self._step(request, pk, lambda batch: batches.pause(batch=batch))

    def resume_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Let it go on."""
        return self._step(request, pk, lambda batch: jobs.resume(job=batch.job))

    def cancel_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Stop it where it is."""
        return self._step(
            request, pk, lambda batch: jobs.cancel(job=batch.job, at=clock.now(request))
        )

    def undo_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Return everything that it redeemed."""
        return self._step(
            request,
            pk,
            lambda batch: batches.undo(
                batch=batch, by=staff_actor(request.user), at=clock.now(request)
            ),
        )

    def _step(
        self, request: HttpRequest, pk: uuid.UUID, do: Callable[[RedemptionBatch], object]
    ) -> HttpResponse:
        batch = self.found(request, pk, Right.CHANGE)
        try:
            do(batch)
        except HexiaoError as error:
            show_error(request=request, error=error)
        return self._to(pk)

    def _to(self, pk: uuid.UUID) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:redemption_redemptionbatch_change", args=[pk]))

    def _caller(self, request: HttpRequest) -> Caller:
        return Caller(merchant=request.merchant, actor=staff_actor(request.user))

    def _page(self, request: HttpRequest, template: str, **shown: Any) -> HttpResponse:
        return console_page(model_admin=self, request=request, template=template, **shown)


def state_of(batch: RedemptionBatch) -> str:
    """Show where a batch stands: its work first, where that did not end well."""
    job = batch.job
    if job.status in (Job.Status.FAILED, Job.Status.CANCELLED, Job.Status.PAUSED):
        return badge(job.status, job.get_status_display())
    return badge(_LOOKS.get(batch.stage, "running"), batch.get_stage_display())


_LOOKS = {
    Stage.CHECKED: "paused",
    Stage.FINISHED: "done",
    Stage.REFUSED: "failed",
    Stage.UNDONE: "cancelled",
}


def _may_do(batch: RedemptionBatch) -> dict[str, bool]:
    status, is_over = batch.job.status, batch.job.status in OVER
    is_kept = is_over and not batch.removed_at
    return {
        "run": is_kept and batch.stage == Stage.CHECKED and bool(batch.ready) and not batch.dry_run,
        "pause": status in jobs.UNFINISHED and batch.stage != Stage.CONFIRMING,
        "resume": status == Job.Status.PAUSED,
        "cancel": not is_over,
        "undo": is_kept and bool(batch.redeemed),
    }


def _counts(batch: RedemptionBatch) -> list[tuple[str, str]]:
    Outcome = BatchRow.Outcome
    counted = [
        (Outcome.READY, batch.ready),
        (Outcome.REDEEMED, batch.redeemed),
        (Outcome.ALREADY, batch.already),
        (Outcome.FAILED, batch.failed),
        (Outcome.HELD, batch.held),
        (Outcome.UNDONE, batch.undone),
        (Outcome.WAITING, batch.waiting),
    ]
    return [(str(outcome.label), number(rows)) for outcome, rows in counted if rows]


def _reasons(rows: Any) -> list[tuple[str, str]]:
    found = rows.values_list("reason").annotate(rows=Count("*")).order_by("-rows")
    return [(reason_in_words(reason), number(count)) for reason, count in found]
