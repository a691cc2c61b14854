"""The pages that make and change a coupon: the gallery, the form, and two at the same form."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from coupons import changing, clock, freezing, lifecycle
from coupons.admin.base import tell_errors
from coupons.admin.coupon_conflict import Conflict, conflict_of
from coupons.admin.coupon_form import CONTRACT_TO_FORM, CouponForm
from coupons.admin.coupon_replace import address_of_replacing, offer_replacement
from coupons.admin.offer_templates import BY_SLUG, TEMPLATES, begun
from coupons.caller import staff_actor
from coupons.drafting import UniqueCodes, draft
from coupons.errors import HexiaoError
from coupons.models import Coupon, State
from coupons.states import REVIEWED

#: Of a copied definition, what belongs to the original alone.
NOT_COPIED = ("slug", "code")
#: `?template=` of a form that begins with nothing.
NOTHING = "empty"

LeadTo = Callable[[Coupon], HttpResponse]


def new_coupon(
    request: HttpRequest, *, render: Callable[..., HttpResponse], lead_to: LeadTo
) -> HttpResponse:
    """Offer what a coupon may begin from, then the form; a form that is sent makes a draft."""
    if request.method == "GET" and not ({"template", "copy"} & set(request.GET)):
        title = _("New coupon")
        return render(request, "coupon_gallery", templates=TEMPLATES, title=title)
    start, initial, title = _beginning(request)
    form = CouponForm(request.POST or None, merchant=request.merchant, start=start, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            coupon = draft(
                merchant=request.merchant,
                body=form.definition(),
                codes=_unique(form),
                by=staff_actor(request.user),
                at=clock.now(request),
            )
        except HexiaoError as error:
            tell_errors(error=error, form=form, fields=CONTRACT_TO_FORM)
        else:
            text = _("“%(name)s” is a draft now. Look at it, then publish it.")
            messages.success(request, text % {"name": coupon.name})
            return lead_to(coupon)
    return render(request, "coupon_form", form=form, title=title)


def changed_coupon(
    request: HttpRequest,
    coupon: Coupon,
    *,
    render: Callable[..., HttpResponse],
    lead_to: LeadTo,
) -> HttpResponse:
    """Change a coupon; what may still change, `freezing` says."""
    frozen = freezing.frozen_fields(coupon=coupon)
    stored = lifecycle.current_definition(coupon)
    seen = _seen(request, coupon)
    form = CouponForm(request.POST or None, merchant=request.merchant, stored=stored, frozen=frozen)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            changed = changing.change(
                coupon=coupon,
                body=form.definition(),
                by=staff_actor(request.user),
                at=clock.now(request),
                seen_version=seen,
            )
        except HexiaoError as error:
            form, conflict = _refused(error, coupon=coupon, seen=seen, form=form)
            offer_replacement(request=request, coupon=coupon, error=error)
        else:
            messages.success(request, _("Saved."))
            if coupon.state in REVIEWED and changed.state == State.DRAFT:
                text = _("It is a draft again: what was changed has to be reviewed.")
                messages.warning(request, text)
            return lead_to(coupon)
    return render(
        request,
        "coupon_form",
        form=form,
        coupon=coupon,
        conflict=conflict,
        seen_version=conflict.version if conflict else seen,
        is_reviewed=coupon.state in REVIEWED,
        is_fixed=bool(frozen - {"slug", "limits.uses_per_code"}),
        replace=address_of_replacing(coupon=coupon),
        title=_("Change “%(name)s”") % {"name": coupon.name},
    )


def _refused(
    error: HexiaoError, *, coupon: Coupon, seen: int, form: CouponForm
) -> tuple[CouponForm, Conflict | None]:
    """Show why a change was refused: both changes together, where somebody was quicker."""
    now = Coupon.objects.get(pk=coupon.pk)
    try:
        conflict = conflict_of(coupon=now, seen=seen, form=form)
    except HexiaoError as wrong:
        error, conflict = wrong, None
    if conflict is None:
        tell_errors(error=error, form=form, fields=CONTRACT_TO_FORM)
        return form, None
    fresh = CouponForm(
        merchant=form.merchant,
        stored=conflict.together,
        frozen=freezing.frozen_fields(coupon=now),
    )
    return fresh, conflict


def _seen(request: HttpRequest, coupon: Coupon) -> int:
    sent = request.POST.get("seen_version", "")
    return int(sent) if sent.isascii() and sent.isdecimal() else coupon.version


def _beginning(request: HttpRequest) -> tuple[dict[str, Any] | None, dict[str, Any], str]:
    """Return the definition to begin from, what the form asks besides, and the title.

    404 for a template or a coupon that is not there.
    """
    copied, named = request.GET.get("copy", ""), request.GET.get("template", NOTHING)
    if copied:
        coupon = Coupon.objects.of(request.merchant).filter(slug=copied).first()
        if coupon is None:
            raise Http404
        name = _("Copy of “%(name)s”") % {"name": coupon.name}
        return copy_of(coupon, at=clock.now(request)), {"name": name[:200]}, name
    if named == NOTHING:
        return None, {}, _("New coupon")
    if named not in BY_SLUG:
        raise Http404
    template = BY_SLUG[named]
    codes = {"codes": "unique"} if template.has_unique_codes else {}
    title = _("New coupon: %(template)s") % {"template": template.name}
    return begun(template=template, merchant=request.merchant), codes, title


def copy_of(coupon: Coupon, *, at: Any) -> dict[str, Any]:
    """Return a coupon's definition for another one: without slug, code and days gone by."""
    found = {**lifecycle.current_definition(coupon), **dict.fromkeys(NOT_COPIED)}
    if coupon.ends_at is not None and coupon.ends_at <= at:
        found |= {"starts_at": None, "ends_at": None}
    elif coupon.starts_at is not None and coupon.starts_at <= at:
        found["starts_at"] = None
    return found


def _unique(form: CouponForm) -> UniqueCodes | None:
    data = form.cleaned_data
    if data["codes"] != "unique":
        return None
    return UniqueCodes(count=data["count"], pattern=data["pattern"] or None)
