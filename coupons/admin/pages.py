"""Pages that are a plain form in the console's look."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse


def form_page(
    *,
    model_admin: Any,
    request: HttpRequest,
    form: Any,
    title: Any,
    back: str | None = None,
    row: Any = None,
) -> TemplateResponse:
    """Show a form that makes a row or a step, or changes `row`, which it leads to deleting.

    Cancelling leads `back`, or to the list. 403 to those who may not.
    """
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    request.current_app = model_admin.admin_site.name
    opts = model_admin.opts
    name = f"admin:{opts.app_label}_{opts.model_name}"
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": opts,
        "form": form,
        "title": title,
        "back": back or reverse(f"{name}_changelist"),
        "delete": reverse(f"{name}_delete", args=[row.pk]) if row else "",
    }
    return TemplateResponse(request, "console/form_page.html", context)
