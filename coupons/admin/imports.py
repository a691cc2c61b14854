"""Spreadsheets brought in: the form, the preview with what would change, what came of it."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from coupons import clock, importing
from coupons.admin.base import KeysetAdmin, ReadOnly, show_error, tell_errors
from coupons.admin.form_fields import Text
from coupons.admin.imports_shown import looked_at
from coupons.admin.pages import console_page
from coupons.admin.shown import badge, number, when, who
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import Coupon, SheetImport
from coupons.sheets.kinds import Sheet, kinds
from coupons.sheets.templates import template
from coupons.staff import Area, Right, may

CODES = "codes"


class UploadForm(forms.Form):
    """Which file, what is in it, and what becomes of rows that are there already."""

    sheet = forms.ChoiceField(label=_("What is in the file"), widget=forms.RadioSelect)
    coupon = Text(
        label=_("Coupon"),
        required=False,
        max_length=80,
        help_text=_("The slug of the coupon that codes go to, where the file has no such column."),
    )
    file = forms.FileField(
        label=_("File"),
        widget=forms.FileInput({"accept": ".xlsx,.xls,.ods,.csv,.txt", "class": "hx-file"}),
        help_text=_("xlsx, xls, ods or CSV, with headings in the first row."),
    )
    on_duplicate = forms.ChoiceField(
        label=_("Rows that are there already"),
        choices=SheetImport.OnDuplicate,
        initial=SheetImport.OnDuplicate.SKIP,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, request: HttpRequest, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.request = request
        self.fields["sheet"].choices = [
            (sheet.shape.name, sheet.shape.title) for sheet in open_to(request)
        ]

    def clean_coupon(self) -> Coupon | None:
        """Find the coupon that was named."""
        slug = self.cleaned_data["coupon"].strip()
        if not slug or self.cleaned_data.get("sheet") != CODES:
            return None
        found = Coupon.objects.of(self.request.merchant).filter(slug=slug).first()
        if found is None:
            raise forms.ValidationError(_("There is no such coupon."))
        return found


def open_to(request: HttpRequest) -> list[Sheet]:
    """List the kinds of sheet that the person may bring in."""
    right = Right.CHANGE
    return [sheet for sheet in kinds() if may(role=request.role, area=sheet.area, right=right)]


@admin.register(SheetImport)
class SheetImportAdmin(ReadOnly, KeysetAdmin):
    """Files that were brought in, the newest first."""

    area = Area.CODES
    nothing_yet = _("Bring in codes, products or customers from a spreadsheet, at any size.")
    next_step = (_("Import a file"), "admin:coupons_sheetimport_upload")
    list_display = ("started", "file_name", "sheet_word", "stage_word", "rows_number", "who")
    list_select_related = ("job",)
    keyset = ("-created_at", "-id")

    def get_urls(self) -> list[URLPattern]:
        """Add the form, the templates to fill in, and the steps of one import."""
        view, name = self.admin_site.admin_view, "coupons_sheetimport"
        own = [
            path("upload/", view(self.upload_view), name=f"{name}_upload"),
            path(
                "template/<str:file>/",
                view(self.template_view),
                name=f"{name}_template",
            ),
            path("<uuid:pk>/progress/", view(self.live_view), name=f"{name}_progress"),
            path("<uuid:pk>/apply/", require_POST(view(self.apply_view)), name=f"{name}_apply"),
            path("<uuid:pk>/cancel/", require_POST(view(self.cancel_view)), name=f"{name}_cancel"),
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Keep the kinds of sheet that the person may bring in."""
        names = [sheet.shape.name for sheet in open_to(request)]
        rows = super().get_queryset(request).filter(sheet__in=names)
        return rows.select_related("job", "coupon", "merchant")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show them to those who may bring files in; the rows are nobody else's affair."""
        return self._may(request, Right.CHANGE)

    has_module_permission = has_view_permission

    @display(description=_("created"))
    def started(self, imported: SheetImport) -> str:
        """Show when it was uploaded."""
        return when(imported.created_at)

    @display(description=_("what"))
    def sheet_word(self, imported: SheetImport) -> str:
        """Show what is in it."""
        titles = {sheet.shape.name: sheet.shape.title for sheet in kinds()}
        return str(titles.get(imported.sheet, imported.sheet))

    @display(description=_("stage"))
    def stage_word(self, imported: SheetImport) -> str:
        """Show how far it is."""
        return badge(imported.stage, imported.get_stage_display())

    @display(description=_("rows"))
    def rows_number(self, imported: SheetImport) -> str:
        """Show how many rows it has."""
        return number(imported.rows)

    @display(description=_("who"))
    def who(self, imported: SheetImport) -> str:
        """Show who uploaded it."""
        return who(imported.created_by)

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file; a small one is read at once."""
        sheets = open_to(request)
        if not sheets:
            raise PermissionDenied
        chosen = request.GET.get("sheet") or sheets[0].shape.name
        given = {"sheet": chosen, "coupon": request.GET.get("coupon", "")}
        if request.method == "POST":
            form = UploadForm(request.POST, request.FILES, request=request)
            if form.is_valid() and (imported := self._uploaded(request, form)):
                return self._to(imported)
        else:
            form = UploadForm(request=request, initial=given)
        return self._page(request, "sheet_upload", form=form, sheets=sheets, title=_("Import"))

    def _uploaded(self, request: HttpRequest, form: UploadForm) -> SheetImport | None:
        try:
            return importing.upload(
                merchant=request.merchant,
                **form.cleaned_data,
                by=staff_actor(request.user),
                at=clock.now(request),
            )
        except HexiaoError as error:
            tell_errors(error=error, form=form)
            return None

    def template_view(self, request: HttpRequest, file: str) -> HttpResponse:
        """Answer a sheet to fill in, such as `codes.xlsx`."""
        shapes = {each.shape.name: each.shape for each in open_to(request)}
        if not shapes:
            raise PermissionDenied
        sheet, _dot, suffix = file.partition(".")
        if sheet not in shapes or suffix not in ("xlsx", "csv"):
            raise Http404
        made = template(shape=shapes[sheet], suffix=suffix)
        answer = HttpResponse(made.content, content_type=made.media_type)
        answer["Content-Disposition"] = f'attachment; filename="{made.name}"'
        return answer

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what the file would do, or what it did."""
        imported = self.get_object(request, object_id)
        if imported is None or not self.has_view_permission(request):
            raise Http404
        context = looked_at(imported=imported)
        return self._page(request, "sheet_import", title=imported.file_name, **context)

    def live_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Answer what the page shows alone; it asks again while there is work."""
        context = looked_at(imported=self.found(request, pk, Right.VIEW))
        return TemplateResponse(request, "console/sheet_import_live.html", context)

    def apply_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Have it applied."""
        imported = self.found(request, pk, Right.VIEW)
        try:
            importing.confirm(
                imported=imported, by=staff_actor(request.user), at=clock.now(request)
            )
        except HexiaoError as error:
            show_error(request=request, error=error)
        return self._to(imported)

    def cancel_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Stop it where it is."""
        imported = self.found(request, pk, Right.VIEW)
        try:
            importing.cancel(imported=imported, at=clock.now(request))
        except HexiaoError as error:
            show_error(request=request, error=error)
        else:
            messages.success(request, _("The import is stopped."))
        return self._to(imported)

    def _to(self, imported: SheetImport) -> HttpResponseRedirect:
        address = reverse("admin:coupons_sheetimport_change", args=[imported.pk])
        return HttpResponseRedirect(address)

    def _page(self, request: HttpRequest, page: str, **context: Any) -> TemplateResponse:
        return console_page(model_admin=self, request=request, template=page, **context)
