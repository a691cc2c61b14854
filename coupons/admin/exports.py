"""A list's rows taken away as a spreadsheet, as they are narrowed on the screen."""

from typing import Any

from django import forms
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from coupons import clock, exporting
from coupons.admin.pages import console_page
from coupons.admin.words import sentence
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import Job, SheetExport
from coupons.sheets.kinds import kind
from coupons.staff import Right

_ENDINGS = ("__id__exact", "__exact")


class FormatForm(forms.Form):
    """Which kind of file."""

    format = forms.ChoiceField(
        label=_("Kind of file"),
        choices=SheetExport.Format,
        initial=SheetExport.Format.XLSX,
        widget=forms.RadioSelect,
        help_text=_("Excel shows about a million rows on a sheet; more go on in the next."),
    )


def filters_of(*, query: Any, sheet: str) -> dict[str, str]:
    """Return what a list's address narrows its rows by, as the export knows it."""
    found = {}
    for asked, value in query.items():
        name = asked
        for ending in _ENDINGS:
            name = name.removesuffix(ending)
        if exporting.accepted(sheet=sheet, name=name) and value:
            found[name] = value
    return found


def export_view(request: HttpRequest, page: Any) -> HttpResponse:
    """Ask for the kind of file, then make it; a small one is sent at once."""
    if request.merchant is None or not page._may(request, Right.CHANGE):
        raise Http404
    form = FormatForm(request.POST if request.method == "POST" else None)
    narrowed = filters_of(query=request.GET, sheet=page.sheet)
    if request.method == "POST" and form.is_valid():
        try:
            job = exporting.start(
                merchant=request.merchant,
                sheet=page.sheet,
                format=form.cleaned_data["format"],
                filters=narrowed,
                language=get_language() or "en",
                by=staff_actor(request.user),
                at=clock.now(request),
            )
        except HexiaoError as error:
            for each in error.errors:
                form.add_error(None, sentence(each.message))
        else:
            return sent(job=job)
    back = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
    return console_page(
        model_admin=page,
        request=request,
        template="sheet_export",
        form=form,
        shape=kind(name=page.sheet).shape,
        is_narrowed=bool(narrowed),
        back=f"{back}?{request.GET.urlencode()}",
        title=_("Export"),
    )


def sent(*, job: Job) -> HttpResponse:
    """Answer the file of a job, or the job's page while it is being made, or once it is gone."""
    if not job.result or job.files_removed_at:
        return HttpResponseRedirect(reverse("admin:coupons_job_change", args=[job.pk]))
    name = (job.result.name or "").rsplit("/", 1)[-1]
    answer = FileResponse(job.result.open("rb"), as_attachment=True, filename=name)
    answer["Cache-Control"] = "private, no-store"
    return answer
