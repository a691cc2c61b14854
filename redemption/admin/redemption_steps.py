"""What a person may do with a redemption: let a hold go, confirm it, take goods back."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from coupons import clock
from coupons.admin.base import show_error
from coupons.admin.pages import sure_page
from coupons.admin.shown import when
from coupons.caller import Caller, staff_actor
from coupons.errors import HexiaoError
from coupons.staff import Right
from redemption import confirming, holds
from redemption.admin.returning import return_view
from redemption.models import Redemption

Status = Redemption.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One button that asks before it does something with a hold."""

    label: Any
    #: What will happen, said before it does.
    effect: Any
    done: Any
    do: Callable[..., Any]
    look: str


STEPS = {
    "release": Step(
        label=_("Release the hold"),
        effect=_(
            "The codes are free at once, for anybody; what the hold took from limits and "
            "budget is given back. The order can no longer be confirmed."
        ),
        done=_("The hold is released."),
        do=holds.release,
        look="danger",
    ),
    "confirm": Step(
        label=_("Confirm the hold"),
        effect=_(
            "The order counts as paid, with the cart that is held: its coupons are redeemed. "
            "After that they come back only with the goods."
        ),
        done=_("The hold is confirmed; its coupons are redeemed."),
        do=partial(confirming.confirm, body=None),
        look="primary",
    ),
}


def staff_caller(request: HttpRequest) -> Caller:
    """Return the person as the verbs know callers."""
    return Caller(merchant=request.merchant, actor=staff_actor(request.user))


def page_of(pk: uuid.UUID) -> str:
    """Return the address of a redemption's page."""
    return reverse("admin:redemption_redemption_change", args=[pk])


def addresses(model_admin: Any) -> list[URLPattern]:
    """Return the addresses of all that may be done."""
    site = model_admin.admin_site
    return [
        path(
            "<uuid:pk>/return/",
            site.admin_view(partial(_return, model_admin)),
            name="redemption_redemption_return",
        ),
        path(
            "<uuid:pk>/<slug:step>/confirm/",
            site.admin_view(partial(_step, model_admin)),
            name="redemption_redemption_step",
        ),
    ]


def offered(model_admin: Any, request: HttpRequest, row: Redemption) -> list[dict[str, Any]]:
    """List the buttons for a redemption as it stands, to those who may."""
    status = row.status_at(clock.now(request))
    may = model_admin._may(request, Right.CHANGE)
    if status == Status.HELD:
        return [
            {
                "address": reverse("admin:redemption_redemption_step", args=[row.pk, slug]),
                "label": step.label,
                "look": step.look,
            }
            for slug, step in STEPS.items()
            if may
        ]
    if status == Status.RELEASED:
        return []
    address = reverse("admin:redemption_redemption_return", args=[row.pk])
    is_open = may and status != Status.REVERSED
    label, look = (_("Return goods"), "primary") if is_open else (_("Returns"), "plain")
    return [{"address": address, "label": label, "look": look}]


def _return(model_admin: Any, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show what came back of a redemption; take more back."""
    row: Redemption = model_admin.found(
        request, pk, Right.CHANGE if request.method == "POST" else Right.VIEW
    )
    return return_view(
        model_admin=model_admin,
        request=request,
        row=row,
        caller=staff_caller(request),
        may_return=model_admin._may(request, Right.CHANGE),
    )


def _step(model_admin: Any, request: HttpRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """Say what a step will do; do it once confirmed."""
    row: Redemption = model_admin.found(request, pk, Right.CHANGE)
    chosen = STEPS.get(step)
    if chosen is None:
        raise Http404
    if request.method != "POST":
        return sure_page(
            model_admin=model_admin,
            request=request,
            title=f"{chosen.label}: {row.order_ref}",
            effect=chosen.effect,
            facts=_facts(row),
            label=chosen.label,
            back=page_of(row.pk),
            look=chosen.look,
        )
    try:
        chosen.do(caller=staff_caller(request), redemption_id=row.pk, at=clock.now(request))
    except HexiaoError as error:
        show_error(request=request, error=error)
    else:
        messages.success(request, chosen.done)
    return HttpResponseRedirect(page_of(row.pk))


def _facts(row: Redemption) -> list[tuple[Any, str]]:
    codes = row.uses.filter(standing=True).values_list("code__text", flat=True)
    facts = [
        (_("Order"), row.order_ref),
        (_("Codes"), ", ".join(codes.order_by("code__text"))),
        (_("Held since"), when(row.created_at)),
        (_("Held until"), when(row.expires_at)),
    ]
    if row.customer:
        facts.insert(1, (_("Customer"), row.customer.ref))
    return facts
