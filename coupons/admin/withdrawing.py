"""Codes are withdrawn, and leaked ones given anew: the pages that ask why."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from coupons import clock, reissuing, revoking
from coupons.admin.base import show_error, tell_errors
from coupons.admin.pages import console_page
from coupons.caller import staff_actor
from coupons.errors import HexiaoError, Invalid
from coupons.models import Job
from coupons.staff import Right


class ReasonForm(forms.Form):
    """Why it is done; it stands in the journal."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=revoking.MOST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One button: what it does, said before it does."""

    slug: str
    label: Any
    effect: Any
    verb: Callable[..., Any]


_STAYS = _(
    "What customers hold in an unfinished order stays theirs, and nothing that was redeemed "
    "changes."
)
STEPS = (
    Withdrawal(
        "revoke",
        _("Revoke the unused codes"),
        _("Every code that could still be used stops working for good. No new ones are made."),
        revoking.revoke_rest,
    ),
    Withdrawal(
        "reissue",
        _("Give the unused codes anew"),
        _(
            "Every code that could still be used stops working, and a new one takes its place "
            "under the same limits. When it is done, a file lists the old codes with the new."
        ),
        reissuing.reissue,
    ),
)


class Withdrawing:
    """Pages below a batch's or a pool's own that withdraw its codes."""

    def get_urls(self) -> list[URLPattern]:
        """Add a page for each step."""
        model = f"{self.opts.app_label}_{self.opts.model_name}"  # type: ignore[attr-defined]
        own = [
            path(
                f"<int:pk>/{step.slug}/",
                self.admin_site.admin_view(partial(self.withdraw_view, step=step)),  # type: ignore[attr-defined]
                name=f"{model}_{step.slug}",
            )
            for step in STEPS
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the row with the steps, to those who may take them."""
        may = self._may(request, Right.CHANGE)  # type: ignore[attr-defined]
        context = {**(extra_context or {}), "steps": STEPS if may else ()}
        shown: HttpResponse = super().change_view(request, object_id, form_url, context)  # type: ignore[misc]
        return shown

    def withdraw_view(self, request: HttpRequest, pk: int, step: Withdrawal) -> HttpResponse:
        """Ask why; then start the job, and lead to it."""

        def verb(**given: Any) -> str:
            job: Job = step.verb(of=row, **given)
            return reverse("admin:coupons_job_change", args=[job.pk])

        row = self.found(request, pk, Right.CHANGE)
        return reason_page(self, request, row=row, label=step.label, effect=step.effect, verb=verb)


def reason_page(
    model_admin: Any,
    request: HttpRequest,
    *,
    row: Any,
    label: Any,
    effect: Any,
    verb: Callable[..., str],
) -> HttpResponse:
    """Ask for a reason and say what will happen; do it and go where `verb` says."""
    opts = model_admin.opts
    back = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            by, at = staff_actor(request.user), clock.now(request)
            leads_to = verb(reason=form.cleaned_data["reason"], by=by, at=at)
        except Invalid as error:
            tell_errors(error=error, form=form)
        except HexiaoError as error:
            show_error(request=request, error=error)
            return HttpResponseRedirect(back)
        else:
            return HttpResponseRedirect(leads_to)
    return console_page(
        model_admin=model_admin,
        request=request,
        template="withdraw",
        form=form,
        label=label,
        effect=effect,
        stays=_STAYS,
        back=back,
        title=f"{label}: {row}",
    )


def revoke_one(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Ask why one code is revoked; then do it."""
    code = model_admin.found(request, pk, Right.CHANGE)
    effect = gettext("The code stops working for good.")
    if code.shared:
        effect = gettext("Everybody uses this one code: from now on nobody can use the coupon.")

    def verb(**given: Any) -> str:
        revoking.revoke(code=code, **given)
        messages.success(request, gettext("The code is revoked."))
        return reverse("admin:coupons_code_change", args=[code.pk])

    return reason_page(
        model_admin, request, row=code, label=gettext("Revoke the code"), effect=effect, verb=verb
    )
