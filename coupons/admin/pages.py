"""Pages of the console that show no list: in its look, a plain form, and a last question."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse


def console_page(
    *, model_admin: Any, request: HttpRequest, template: str, **shown: Any
) -> TemplateResponse:
    """Show one of the console's templates among a model's pages; `shown` is what it reads."""
    request.current_app = model_admin.admin_site.name
    context = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, **shown}
    return TemplateResponse(request, f"console/{template}.html", context)


def sure_page(
    *,
    model_admin: Any,
    request: HttpRequest,
    title: Any,
    effect: Any,
    label: Any,
    back: str,
    look: str = "danger",
    facts: Iterable[tuple[Any, str]] = (),
) -> TemplateResponse:
    """Say what a button will do, and have it pressed once more; without a `label` there is none.

    `facts` say what it will be done with. Cancelling leads `back`.
    """
    return console_page(
        model_admin=model_admin,
        request=request,
        template="sure",
        title=title,
        effect=effect,
        label=label,
        back=back,
        look=look,
        facts=facts,
    )


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
    opts = model_admin.opts
    name = f"admin:{opts.app_label}_{opts.model_name}"
    return console_page(
        model_admin=model_admin,
        request=request,
        template="form_page",
        form=form,
        title=title,
        back=back or reverse(f"{name}_changelist"),
        delete=reverse(f"{name}_delete", args=[row.pk]) if row else "",
    )
