"""Printing a coupon's codes, from its page: which, on which paper, and how that looks."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language_info, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from coupons import clock
from coupons.admin.base import tell_errors
from coupons.admin.shown import number, when
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import CodeBatch, Coupon, Job
from coupons.printing import running
from coupons.printing.layouts import LAYOUTS
from coupons.staff import Area, Right, may

#: Batches that are offered, the newest.
MOST = 50


class PrintForm(forms.Form):
    """Which codes of a coupon, on which paper, in which language."""

    batch = forms.TypedChoiceField(
        label=_("Codes"), required=False, empty_value=None, widget=UnfoldAdminSelectWidget
    )
    unused_only = forms.BooleanField(
        label=_("Only those that were never used"), required=False, initial=True
    )
    layout = forms.ChoiceField(
        label=_("Paper"),
        choices=[(layout.name, layout.title) for layout in LAYOUTS.values()],
        initial=next(iter(LAYOUTS)),
        widget=forms.RadioSelect,
    )
    language = forms.ChoiceField(label=_("Language"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, coupon: Coupon, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = CodeBatch.objects.filter(coupon=coupon).order_by("-pk")[:MOST]
        self.batches = {str(batch.pk): batch for batch in found}
        self.fields["batch"].choices = [("", gettext("All its codes")), *map(_named, found)]
        self.fields["batch"].coerce = self.batches.get
        self.fields["language"].choices = [
            (code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES
        ]
        spoken = next(iter(coupon.merchant.languages), "en").lower()
        self.fields["language"].initial = "zh-hans" if spoken.startswith("zh") else "en"

    def papers(self) -> list[dict[str, Any]]:
        """Show each layout beside its radio button."""
        return [
            {"button": button, "layout": LAYOUTS[button.data["value"]]} for button in self["layout"]
        ]

    @property
    def chosen(self) -> str:
        """Return what is chosen so far as an address has it; what is wrong is left out."""
        first = {name: self.get_initial_for_field(f, name) for name, f in self.fields.items()}
        values = self.data if self.is_bound else first
        asked = {name: values.get(name) for name in self.fields}
        return urlencode({name: value for name, value in asked.items() if value})


def print_view(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Ask what to print, beside a picture of its first page; start it once it is sent."""
    coupon = _find(request, pk, model_admin)
    wanted = {"batch": request.GET.get("batch", "")} if "batch" in request.GET else {}
    form = PrintForm(request.POST or None, coupon=coupon, initial=wanted)
    if request.method == "POST" and form.is_valid():
        try:
            jobs = running.start(
                coupon=coupon,
                by=staff_actor(request.user),
                at=clock.now(request),
                **form.cleaned_data,
            )
        except HexiaoError as error:
            tell_errors(error=error, form=form)
        else:
            return _lead_on(request, jobs)
    return model_admin._render(
        request,
        "coupon_print",
        coupon=coupon,
        form=form,
        most=number(running.MOST),
        per_file=number(running.PER_FILE),
        title=gettext("Print codes: %(name)s") % {"name": coupon.name},
    )


def preview_view(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Answer the picture's place in the page, for what is chosen now."""
    coupon = _find(request, pk, model_admin)
    form = PrintForm(request.GET, coupon=coupon)
    return TemplateResponse(
        request, "console/coupon_print_preview.html", {"coupon": coupon, "form": form}
    )


def sample_view(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Answer the first page as a picture; 404 where nothing would be printed."""
    coupon = _find(request, pk, model_admin)
    form = PrintForm(request.GET, coupon=coupon)
    if not form.is_valid():
        raise Http404
    try:
        content = running.sample(coupon=coupon, **form.cleaned_data)
    except HexiaoError as error:
        raise Http404 from error
    return HttpResponse(
        content, content_type="image/png", headers={"Cache-Control": "private, no-store"}
    )


def _named(batch: CodeBatch) -> tuple[str, str]:
    name = batch.pattern or gettext("A list")
    return str(batch.pk), f"{name} · {number(batch.total)} · {when(batch.created_at)}"


def _lead_on(request: HttpRequest, jobs: list[Job]) -> HttpResponseRedirect:
    """Lead to the file's job, or to the list of them where there are several."""
    if len(jobs) == 1:
        return HttpResponseRedirect(reverse("admin:coupons_job_change", args=[jobs[0].pk]))
    text = ngettext(
        "%(count)s file is being written.", "%(count)s files are being written.", len(jobs)
    )
    messages.success(request, text % {"count": number(len(jobs))})
    address = reverse("admin:coupons_job_changelist")
    return HttpResponseRedirect(f"{address}?kind__exact={Job.Kind.PRINT}")


def _find(request: HttpRequest, pk: int, model_admin: Any) -> Coupon:
    """Return the coupon; 404 for none, and for those who may not print its codes."""
    if not may(role=request.role, area=Area.CODES, right=Right.CHANGE):
        raise Http404
    coupon: Coupon = model_admin.found(request, pk, Right.VIEW)
    return coupon
