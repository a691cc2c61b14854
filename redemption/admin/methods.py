"""A coupon's redemption methods: which are allowed, and what each asks for beside."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, gettext_lazy

from coupons import changing, clock, handing_out, lifecycle, redeemers
from coupons.admin.base import tell_errors
from coupons.admin.coupon_fields import METHODS
from coupons.admin.coupon_page import Panel
from coupons.admin.form_fields import ticks
from coupons.admin.pages import console_page
from coupons.admin.redeemers import RedeemersForm
from coupons.admin.shown import badge
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import Coupon, State
from coupons.redeemers import Redeemers
from coupons.sheets import templates
from coupons.staff import Area, Right, may
from redemption import key_names
from redemption.batch_template import SHAPE
from redemption.models import WebhookEndpoint


class MethodsForm(forms.Form):
    """Which methods are allowed."""

    methods = ticks(gettext_lazy("Ways to redeem it"), METHODS)

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["methods"].required = True

    def change(self) -> dict[str, Any]:
        """Return what was typed as a change of the definition."""
        return {"methods": self.cleaned_data["methods"]}


class KeysForm(forms.Form):
    """Which API keys may redeem it."""

    keys = ticks(gettext_lazy("API keys"))

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["keys"].choices = choices
        self.fields["keys"].help_text = gettext_lazy(
            "None ticked: every key that redeems by API. A key's successor may do the same."
        )

    def change(self) -> dict[str, Any]:
        """Return what was typed as a change of the definition."""
        return {"method_settings": {"api": {"keys": self.cleaned_data["keys"]}}}


def methods_panel(coupon: Coupon, request: HttpRequest) -> Panel | None:
    """Say on the coupon's page which methods are allowed, and lead to their settings."""
    definition = lifecycle.current_definition(coupon)
    who = redeemers.redeemers_of(coupon=coupon)
    settings = {"manual": _who_words(who), "api": _key_words(definition)}
    changes = may(role=request.role, area=Area.COUPONS, right=Right.CHANGE)
    return Panel(
        title=gettext("Redemption methods"),
        headers=[gettext("Way"), gettext("Who"), gettext("State")],
        rows=[
            [label, settings.get(name, "–"), _state(name, definition)] for name, label in METHODS
        ],
        empty="",
        more_url=reverse("admin:coupons_coupon_methods", args=[coupon.pk]) if changes else "",
        more_label=gettext("Set the methods"),
    )


def methods_view(request: HttpRequest, pk: int, *, model_admin: Any) -> HttpResponse:
    """Show what each method asks for, and change one of them."""
    coupon = _found(request, pk)
    definition = lifecycle.current_definition(coupon)
    shown = _forms(request, coupon=coupon, definition=definition)
    what = request.POST.get("what")
    if request.method == "POST":
        form = shown.get(what or "")
        if form is None:
            raise Http404
        if form.is_valid() and _done(request, coupon=coupon, form=form):
            messages.success(request, gettext("Saved."))
            return HttpResponseRedirect(request.path)
    return console_page(
        model_admin=model_admin,
        request=request,
        template="methods",
        coupon=coupon,
        forms=shown,
        form=shown.get(what or "", shown["methods"]),
        states={name: _state(name, definition) for name, _ in METHODS},
        is_fixed=handing_out.are_methods_fixed(coupon=coupon),
        has_ended=coupon.state == State.ENDED,
        replace=_replacing(coupon),
        title=gettext("Redemption methods: %(name)s") % {"name": coupon.name},
        **_callbacks(request, coupon),
    )


def template_view(request: HttpRequest, pk: int, *, model_admin: Any) -> HttpResponse:
    """Send the file that codes used elsewhere are brought in with."""
    _found(request, pk)
    sent = templates.template(shape=SHAPE, suffix=request.GET.get("as", "csv"))
    response = HttpResponse(sent.content, content_type=sent.media_type)
    response["Content-Disposition"] = f'attachment; filename="{sent.name}"'
    return response


def _found(request: HttpRequest, pk: int) -> Coupon:
    """Return a coupon; 404 for another merchant's, and to those who may not change it."""
    rows = Coupon.objects.of(request.merchant).select_related("merchant", "counter")
    coupon: Coupon | None = rows.filter(pk=pk).first()
    if coupon is None or not may(role=request.role, area=Area.COUPONS, right=Right.CHANGE):
        raise Http404
    return coupon


def _forms(
    request: HttpRequest, *, coupon: Coupon, definition: Mapping[str, Any]
) -> dict[str, forms.Form]:
    """Build the page's forms; what was sent goes into the one that it is of."""
    sent = {request.POST.get("what"): request.POST} if request.method == "POST" else {}
    who = redeemers.redeemers_of(coupon=coupon)
    named = {"people": who.people, "groups": who.groups, "all_clerks": who.all_clerks}
    keys = key_names.named(definition=definition)
    return {
        "methods": MethodsForm(sent.get("methods"), initial={"methods": definition["methods"]}),
        "manual": RedeemersForm(sent.get("manual"), merchant=coupon.merchant, initial=named),
        "api": KeysForm(
            sent.get("api"), choices=_keys(request, coupon, keys), initial={"keys": keys}
        ),
    }


def _keys(request: HttpRequest, coupon: Coupon, named: list[str]) -> list[tuple[str, str]]:
    rows = key_names.offered(merchant=coupon.merchant, at=clock.now(request))
    offered = {row.line: f"{row.name} · {row.prefix}" for row in rows}
    gone = {
        prefix: gettext("%(prefix)s (revoked or ended)") % {"prefix": prefix} for prefix in named
    }
    return list((gone | offered).items())


def _done(request: HttpRequest, *, coupon: Coupon, form: Any) -> bool:
    common: dict[str, Any] = {
        "coupon": coupon,
        "by": staff_actor(request.user),
        "at": clock.now(request),
    }
    try:
        if isinstance(form, RedeemersForm):
            redeemers.settle(who=form.chosen(), **common)
        else:
            changing.change(body=form.change(), **common)
    except HexiaoError as error:
        tell_errors(error=error, form=form, fields={"method_settings": "keys"})
        return False
    return True


def _callbacks(request: HttpRequest, coupon: Coupon) -> dict[str, Any]:
    """List the addresses that hear of this coupon alone, to those who may see them."""
    sees = may(role=request.role, area=Area.SETTINGS, right=Right.VIEW)
    own = WebhookEndpoint.objects.of(coupon.merchant_id).filter(coupon=coupon)
    return {
        "sees_callbacks": sees,
        "callbacks": list(own.order_by("-created_at", "-id")) if sees else [],
    }


def _replacing(coupon: Coupon) -> str:
    """Return where a coupon is replaced by a new one, if there is such a page."""
    try:
        return reverse("admin:coupons_coupon_replace", args=[coupon.pk])
    except NoReverseMatch:
        return ""


def _state(name: str, definition: Mapping[str, Any]) -> str:
    allowed = name in definition["methods"]
    return badge("live" if allowed else "ended", _IN_USE if allowed else _NOT_IN_USE)


_IN_USE, _NOT_IN_USE = gettext_lazy("In use"), gettext_lazy("Not in use")


def _who_words(who: Redeemers) -> str:
    clerks = [gettext("All redemption clerks")] if who.all_clerks else []
    named = [*clerks, *(group.name for group in who.groups)]
    named += [person.get_username() for person in who.people]
    return ", ".join(named) or gettext("The owners only")


def _key_words(definition: Mapping[str, Any]) -> str:
    return ", ".join(key_names.named(definition=definition)) or gettext("Every key")
