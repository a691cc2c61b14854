"""Taking goods back: what is left, a preview, and what came back before."""

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from coupons import clock
from coupons.admin.base import tell_errors
from coupons.admin.form_fields import Count, Text, flag
from coupons.admin.pages import console_page
from coupons.admin.shown import EMPTY, money, number, when, who
from coupons.caller import Caller
from coupons.errors import HexiaoError
from redemption import coming_back, reversing
from redemption.models import Redemption
from redemption.returns import BoughtLine
from redemption.shapes import ReturnLine, ReversalAnswer, ReversalBody

FATES = {
    coming_back.KEPT: gettext_lazy("%(code)s stays used: not all of its goods are back."),
    coming_back.RESTORED: gettext_lazy("%(code)s comes back and can be used again."),
    coming_back.REISSUED: gettext_lazy("%(code)s ends; the customer gets a new code for it."),
    coming_back.NOT_RETURNED: gettext_lazy("%(code)s stays used; it does not come back."),
}


class ReturnForm(forms.Form):
    """How many units of which line come back; `reference` makes a second click harmless."""

    everything = flag(gettext_lazy("Everything that is left"))
    reason = Text(label=gettext_lazy("Reason"), required=False, max_length=500)
    reference = forms.CharField(widget=forms.HiddenInput, max_length=100)

    def __init__(self, *args: Any, lines: Sequence[BoughtLine], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.lines = [line for line in lines if line.left]
        for place, line in enumerate(self.lines):
            self.fields[f"units_{place}"] = Count(
                label=line.sku, required=False, min_value=0, max_value=line.left
            )

    def units(self) -> dict[str, Any]:
        """Return the fields for the units, by line."""
        return {line.ref: self[f"units_{place}"] for place, line in enumerate(self.lines)}

    def clean(self) -> dict[str, Any]:
        """Refuse a return of nothing."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        named = any(data.get(f"units_{place}") for place in range(len(self.lines)))
        if not self.errors and not named and not data.get("everything"):
            self.add_error(None, _("Say how many units come back."))
        return data

    def body(self, *, preview: bool) -> ReversalBody:
        """Return what was typed in the form of the contract."""
        data = self.cleaned_data
        lines = [
            ReturnLine(id=line.ref, quantity=data[f"units_{place}"])
            for place, line in enumerate(self.lines)
            if data[f"units_{place}"]
        ]
        return ReversalBody(
            reason=data["reason"] or None,
            lines=None if data["everything"] else lines,
            reference=data["reference"],
            preview=preview,
        )


def return_view(
    *,
    model_admin: Any,
    request: HttpRequest,
    row: Redemption,
    caller: Caller,
    may_return: bool,
) -> HttpResponse:
    """Ask what comes back; show what that means; do it once it is confirmed."""
    lines = reversing.lines_of(redemption=row)
    is_open = may_return and row.status in (
        Redemption.Status.REDEEMED,
        Redemption.Status.PARTLY_REVERSED,
    )
    form = ReturnForm(
        request.POST or None, lines=lines, initial={"reference": f"console-{uuid.uuid4().hex}"}
    )
    preview = None
    if _is_done(row, reference=request.POST.get("reference", "")):
        return HttpResponseRedirect(request.path)  # a second click
    if request.method == "POST" and form.is_valid():
        is_asked = "return" not in request.POST
        try:
            done = reversing.reverse(
                caller=caller,
                redemption_id=row.pk,
                body=form.body(preview=is_asked),
                at=clock.now(request),
            )
        except HexiaoError as error:
            tell_errors(error=error, form=form)
        else:
            if not is_asked:
                messages.success(request, _("The return is written down."))
                return HttpResponseRedirect(request.path)
            preview = _told(done.answer, lines=lines)
    shown = {
        "form": form,
        "lines": _shown(lines, form=form if is_open else None, row=row),
        "is_open": is_open,
        "preview": preview,
        "earlier": _earlier(row, lines=lines),
    }
    return _page(model_admin=model_admin, request=request, row=row, shown=shown)


def _page(
    *, model_admin: Any, request: HttpRequest, row: Redemption, shown: dict[str, Any]
) -> TemplateResponse:
    return console_page(
        model_admin=model_admin,
        request=request,
        template="return",
        row=row,
        state=model_admin.status_word(row),
        title=_("Returns of order %(order)s") % {"order": row.order_ref},
        **shown,
    )


def _is_done(row: Redemption, *, reference: str) -> bool:
    return bool(reference) and row.reversals.filter(reference=reference).exists()


def _shown(
    lines: Sequence[BoughtLine], *, form: ReturnForm | None, row: Redemption
) -> list[dict[str, Any]]:
    fields = form.units() if form else {}
    return [
        {
            "sku": line.sku,
            "order": line.order if line.order != row.order_ref else "",
            "price": money(line.unit_price, row.currency),
            "bought": number(line.quantity),
            "returned": number(line.returned),
            "left": number(line.left),
            "field": fields.get(line.ref),
        }
        for line in lines
    ]


def _told(answer: ReversalAnswer, *, lines: Sequence[BoughtLine]) -> list[str]:
    """Say what a return means, sentence by sentence."""
    skus = {line.ref: line.sku for line in lines}
    currency = answer.currency
    told = [
        ngettext(
            "%(n)s unit of %(sku)s comes back; %(amount)s of the discount goes with it.",
            "%(n)s units of %(sku)s come back; %(amount)s of the discount goes with them.",
            line.quantity,
        )
        % {
            "n": number(line.quantity),
            "sku": skus.get(line.id, line.id),
            "amount": f"{line.amount} {currency}",
        }
        for line in answer.lines
    ]
    told.append(
        _("Of the goods' price, %(amount)s stays with the shop: it was a discount.")
        % {"amount": f"{answer.amount} {currency}"}
    )
    if _is_some(answer.shipping_amount):
        told.append(
            _("The shipping discount of %(amount)s goes too.")
            % {"amount": f"{answer.shipping_amount} {currency}"}
        )
    if _is_some(answer.claw_back):
        told.append(
            _("The shopper owes %(amount)s: the goods that stay no longer earn it.")
            % {"amount": f"{answer.claw_back} {currency}"}
        )
    told += [FATES[coupon.returned] % {"code": coupon.code} for coupon in answer.coupons]
    return told


def _is_some(amount: str) -> bool:
    return any(digit in "123456789" for digit in amount)


def _earlier(row: Redemption, *, lines: Sequence[BoughtLine]) -> list[dict[str, Any]]:
    skus = {line.ref: line.sku for line in lines}
    found = []
    for reversal in row.reversals.order_by("-created_at", "-id"):
        answer = reversing.stored_answer(reversal)
        found.append(
            {
                "when": when(reversal.created_at),
                "who": who(reversal.actor),
                "reason": reversal.reason or EMPTY,
                "goods": ", ".join(
                    f"{number(line.quantity)} × {skus.get(line.id, line.id)}"
                    for line in answer.lines
                )
                or EMPTY,
                "amount": money(reversal.amount_minor, row.currency),
                "claw_back": f"{answer.claw_back} {row.currency}"
                if _is_some(answer.claw_back)
                else "",
                "coupons": [
                    FATES[coupon.returned] % {"code": coupon.code}
                    + (f" {coupon.new_code}" if coupon.new_code else "")
                    for coupon in answer.coupons
                    if coupon.returned != coming_back.KEPT
                ],
            }
        )
    return found
