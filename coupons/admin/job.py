"""Long work in the background: how far it is, what came of it, stopping it."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from coupons import clock, jobs
from coupons.admin.base import KeysetAdmin, ReadOnly, show_error
from coupons.admin.exports import sent
from coupons.admin.shown import badge, number, when, who
from coupons.errors import WrongState
from coupons.models import Job
from coupons.staff import Area, Right


@admin.register(Job)
class JobAdmin(ReadOnly, KeysetAdmin):
    """Jobs, the newest first."""

    area = Area.CODES
    nothing_yet = _("Long work such as making a million codes shows here, with how far it is.")
    next_step = (_("Go to the coupons"), "admin:coupons_coupon_changelist")
    list_display = (
        "started",
        "kind_word",
        "about",
        "status_word",
        "done_number",
        "total_number",
        "who",
    )
    list_filter = ("status", "kind")
    keyset = ("-created_at", "-id")
    fields = ("kind", "about", "problem", "created_by", "created_at", "finished_at")
    change_form_outer_before_template = "console/job.html"

    def get_urls(self) -> list[URLPattern]:
        """Add what is asked of one job."""
        view = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/progress/", view(self.progress_view), name="coupons_job_progress"),
            path("<uuid:pk>/result/", view(self.result_view), name="coupons_job_result"),
            path(
                "<uuid:pk>/cancel/", require_POST(view(self.cancel_view)), name="coupons_job_cancel"
            ),
        ]
        return [*own, *super().get_urls()]

    @display(description=_("created"))
    def started(self, job: Job) -> str:
        """Show when it was asked for."""
        return when(job.created_at)

    @display(description=_("what"))
    def kind_word(self, job: Job) -> str:
        """Show what is being done."""
        return job.get_kind_display()

    @display(description=_("status"))
    def status_word(self, job: Job) -> str:
        """Show the status as a coloured word."""
        return badge(job.status, job.get_status_display())

    @display(description=_("done"))
    def done_number(self, job: Job) -> str:
        """Show how many are done."""
        return number(job.done)

    @display(description=_("total"))
    def total_number(self, job: Job) -> str:
        """Show how many there are."""
        return number(job.total)

    @display(description=_("who"))
    def who(self, job: Job) -> str:
        """Show who asked for it."""
        return who(job.created_by)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a job, with the button that stops it for those who may."""
        context = {
            **(extra_context or {}),
            "may_change": self._may(request, Right.CHANGE),
            "days": settings.HEXIAO_FILE_DAYS,
        }
        return super().change_view(request, object_id, form_url, context)

    def progress_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Answer the progress alone; the page asks again until the job is over."""
        return TemplateResponse(
            request, "console/progress.html", {"job": self.found(request, pk, Right.VIEW)}
        )

    def result_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Answer the file that a job made."""
        job = self.found(request, pk, Right.CHANGE)
        if not job.result and not job.files_removed_at:
            raise Http404
        return sent(job=job)

    def cancel_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Stop a job where it is."""
        job = self.found(request, pk, Right.CHANGE)
        try:
            jobs.cancel(job=job, at=clock.now(request))
        except WrongState as error:
            show_error(request=request, error=error)
        else:
            messages.success(request, _("The job is stopped; what it had done stays."))
        return HttpResponseRedirect(reverse("admin:coupons_job_change", args=[pk]))
