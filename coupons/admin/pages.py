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
) -> TemplateResponse:
    """Show a form that makes a row or a step; 403 to those who may not.

    Cancelling leads `back`, or to the list.
    """
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    request.current_app = model_admin.admin_site.name
    opts = model_admin.opts
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": opts,
        "form": form,
        "title": title,
        "back": back or reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"),
    }
    return TemplateResponse(request, "console/form_page.html", context)
