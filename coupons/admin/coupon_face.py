"""A coupon as the shopper sees it: on its page, and beside the form while it is typed."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from coupons import clock, definition, freezing, lifecycle, pictures
from coupons.admin.base import field_for, numbered
from coupons.admin.coupon_form import CONTRACT_TO_FORM, CouponForm
from coupons.admin.face_fields import offered_pictures
from coupons.admin.words import sentence
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.face import faces
from coupons.models import Coupon
from coupons.staff import Right


def face_urls(coupons: Any) -> list[URLPattern]:
    """Return the addresses of preview and pictures; `coupons` is the coupons' admin."""
    view = coupons.admin_site.admin_view

    def preview(request: HttpRequest, pk: int | None = None) -> HttpResponse:
        return _preview(coupons, request, pk)

    def upload(request: HttpRequest) -> HttpResponse:
        return _upload(coupons, request)

    return [
        path("preview/", view(require_POST(preview)), name="coupons_coupon_preview"),
        path("<int:pk>/preview/", view(require_POST(preview)), name="coupons_coupon_preview"),
        path("pictures/", view(require_POST(upload)), name="coupons_coupon_pictures"),
    ]


def _preview(coupons: Any, request: HttpRequest, pk: int | None) -> HttpResponse:
    """Show the coupon as far as it has been typed; nothing is kept."""
    coupons.require(request, Right.CHANGE)
    coupon: Coupon | None = coupons.found(request, pk, Right.CHANGE) if pk else None
    stored = lifecycle.current_definition(coupon) if coupon else None
    # What is fixed is not sent.
    frozen = freezing.frozen_fields(coupon=coupon) if coupon else frozenset()
    form = CouponForm(request.POST, merchant=request.merchant, stored=stored, frozen=frozen)
    form.is_valid()
    body = {**(stored or {}), **so_far(form)}
    shown, wrong = definition.read(body, time_zone=request.merchant.time_zone)
    # A picture that is not the merchant's is none.
    if shown["face"]["picture"] not in offered_pictures(request.merchant):
        known = (stored or {}).get("face") or {}
        shown["face"]["picture"] = known.get("picture")
    context = {
        "faces": faces(merchant=request.merchant, shown=shown),
        "missing": missing(form, wrong),
    }
    return TemplateResponse(request, "console/coupon_previewed.html", context)


def so_far(form: CouponForm) -> dict[str, Any]:
    """Return what was typed as a definition, with nothing in place of what is wrong."""
    for name, field in form.fields.items():
        if name not in form.cleaned_data:
            form.cleaned_data[name] = _nothing(field)
    return form.definition()


def _nothing(field: forms.Field) -> Any:
    try:
        return field.to_python(None)
    except ValidationError:
        return None


def missing(form: CouponForm, wrong: list[Any]) -> list[tuple[str, str]]:
    """List what keeps it from being saved: the field as the form calls it, and why."""
    found: dict[str, str] = {}
    for name, messages in form.errors.items():
        found.setdefault(name, str(messages[0]))
    for each in wrong:
        name = field_for(each.field, form=form, fields=CONTRACT_TO_FORM) or each.field
        found.setdefault(name, numbered(sentence(each.message), path=each.field))
    return [
        (str(form.fields[name].label or name) if name in form.fields else "", message)
        for name, message in found.items()
    ]


def _upload(coupons: Any, request: HttpRequest) -> HttpResponse:
    """Keep a picture, and offer it with the others, chosen."""
    coupons.require(request, Right.CHANGE)
    chosen, error = request.POST.get("face_picture", ""), ""
    file = request.FILES.get("picture_file")
    if file is not None:
        try:
            chosen = str(
                pictures.keep(
                    merchant=request.merchant,
                    file=file,
                    by=staff_actor(request.user),
                    at=clock.now(request),
                ).pk
            )
        except HexiaoError as refused:
            error = " ".join(sentence(each.message) for each in refused.errors)
    known = offered_pictures(request.merchant)
    context = {"pictures": known, "chosen": chosen if chosen in known else "", "error": error}
    return TemplateResponse(request, "console/coupon_pictures.html", context)
