"""The platform's own pages: coupons that wait for its staff, and the shops it reviews.

They are about other merchants, so they show of them no more than that: what is to be
approved, and whether it has to be.
"""

from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from coupons import clock, lifecycle, platform
from coupons.admin.base import show_error, tell_errors
from coupons.admin.coupon_steps import STEPS, StepForm
from coupons.admin.review import said
from coupons.admin.rules_in_words import facts
from coupons.admin.shown import badge, when, who
from coupons.caller import staff_actor
from coupons.errors import HexiaoError, Invalid
from coupons.models import Coupon, Merchant, State
from coupons.reviewing_rights import may_approve
from coupons.tenancy import may_review_shops, may_see_shops

#: Of coupons that wait, and of shops, as many are shown at once.
SHOWN = 100
_REFUSE = STEPS["refuse"]


def addresses(site: AdminSite) -> list[URLPattern]:
    """Return the addresses of the platform's pages."""

    def page(route: str, view: Any, name: str) -> URLPattern:
        def shown(request: HttpRequest, **found: Any) -> HttpResponse:
            request.current_app = site.name
            return view(request, site.each_context(request), **found)

        return path(route, site.admin_view(shown), name=name)

    return [
        page("platform/review/", queue, "platform_queue"),
        page("platform/review/<int:pk>/", coupon_page, "platform_review"),
        path(
            "platform/review/<int:pk>/approve/",
            site.admin_view(require_POST(approve)),
            name="platform_approve",
        ),
        page("platform/review/<int:pk>/refuse/", require_POST(refuse), "platform_refuse"),
        page("platform/shops/", shops, "platform_shops"),
        path(
            "platform/shops/<int:pk>/review/",
            site.admin_view(require_POST(set_review)),
            name="platform_set_review",
        ),
    ]


def _waiting() -> QuerySet[Coupon]:
    shops = Merchant.objects.filter(reviewed_by_platform=True)
    rows: QuerySet[Coupon] = Coupon.objects.filter(merchant__in=shops, state=State.IN_REVIEW)
    return rows.select_related("merchant")


def _waiting_one(request: HttpRequest, pk: int) -> Coupon:
    if not may_review_shops(request):
        raise Http404
    coupon = get_object_or_404(_waiting(), pk=pk)
    if not may_approve(merchant=coupon.merchant, user=request.user):
        raise Http404
    return coupon


def queue(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """List the coupons that wait for the platform, the longest waiting first."""
    if not may_review_shops(request):
        raise Http404
    rows = list(_waiting().order_by("updated_at", "pk")[: SHOWN + 1])
    return TemplateResponse(
        request,
        "console/platform_queue.html",
        {
            **context,
            "title": _("Review queue"),
            "rows": [
                {
                    "url": reverse("admin:platform_review", args=[coupon.pk]),
                    "name": coupon.name,
                    "shop": coupon.merchant.name,
                    "kind": coupon.get_kind_display(),
                    "author": who(coupon.created_by),
                    "since": when(coupon.updated_at),
                }
                for coupon in rows[:SHOWN]
            ],
            "is_cut": len(rows) > SHOWN,
            "shown": SHOWN,
        },
    )


def coupon_page(request: HttpRequest, context: dict[str, Any], pk: int) -> HttpResponse:
    """Show a coupon that waits: its rules in words, what was said of it, and the decision."""
    coupon = _waiting_one(request, pk)
    form = StepForm(step=_REFUSE, initial={"seen_version": coupon.version})
    return _shown(request, context, coupon=coupon, form=form)


def _shown(
    request: HttpRequest, context: dict[str, Any], *, coupon: Coupon, form: StepForm
) -> HttpResponse:
    definition = lifecycle.current_definition(coupon)
    return TemplateResponse(
        request,
        "console/platform_review.html",
        {
            **context,
            "title": coupon.name,
            "coupon": coupon,
            "state": badge(State.IN_REVIEW, str(State.IN_REVIEW.label)),
            "facts": [
                (_("Shop"), coupon.merchant.name),
                (_("Made by"), who(coupon.created_by)),
                (_("Waiting since"), when(coupon.updated_at)),
            ],
            "rules": facts(definition, starts_at=coupon.starts_at),
            "reviews": said(coupon=coupon),
            "refusal": _REFUSE,
            "form": form,
        },
    )


def approve(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a coupon that waits; its shop may publish it from then on."""
    coupon = _waiting_one(request, pk)
    try:
        lifecycle.approve(
            coupon=coupon,
            by=staff_actor(request.user),
            at=clock.now(request),
            seen_version=_seen_version(request),
        )
    except HexiaoError as error:
        show_error(request=request, error=error)
        return HttpResponseRedirect(reverse("admin:platform_review", args=[pk]))
    told = _("“%(name)s” of %(shop)s is approved. The shop may publish it now.")
    messages.success(request, told % {"name": coupon.name, "shop": coupon.merchant.name})
    return HttpResponseRedirect(reverse("admin:platform_queue"))


def refuse(request: HttpRequest, context: dict[str, Any], pk: int) -> HttpResponse:
    """Give a coupon that waits back to its shop as a draft, saying why."""
    coupon = _waiting_one(request, pk)
    form = StepForm(request.POST, step=_REFUSE)
    if not form.is_valid():
        return _shown(request, context, coupon=coupon, form=form)
    try:
        lifecycle.refuse(
            coupon=coupon,
            by=staff_actor(request.user),
            at=clock.now(request),
            **form.cleaned_data,
        )
    except Invalid as error:
        tell_errors(error=error, form=form)
        return _shown(request, context, coupon=coupon, form=form)
    except HexiaoError as error:
        show_error(request=request, error=error)
        return HttpResponseRedirect(reverse("admin:platform_review", args=[pk]))
    told = _("“%(name)s” of %(shop)s is a draft again. Its authors see the reason on its page.")
    messages.success(request, told % {"name": coupon.name, "shop": coupon.merchant.name})
    return HttpResponseRedirect(reverse("admin:platform_queue"))


def _seen_version(request: HttpRequest) -> int:
    """Return the version that the page has shown."""
    sent = request.POST.get("seen_version", "")
    return int(sent) if sent.isdecimal() else 0


def shops(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """List the installation's other merchants, each with whether the platform reviews it."""
    if not may_see_shops(request):
        raise Http404
    typed = request.GET.get("q", "").strip()[:200]
    rows = Merchant.objects.filter(is_platform=False).order_by("name", "pk")
    if typed:
        rows = rows.filter(name__icontains=typed)
    found = list(rows[: SHOWN + 1])
    return TemplateResponse(
        request,
        "console/platform_shops.html",
        {
            **context,
            "title": _("Shops"),
            "typed": typed,
            "rows": [
                {
                    "pk": shop.pk,
                    "name": shop.name,
                    "is_reviewed": shop.reviewed_by_platform,
                    "badge": badge("note", _("Reviewed by the platform"))
                    if shop.reviewed_by_platform
                    else badge("plain", _("Publishes by itself")),
                }
                for shop in found[:SHOWN]
            ],
            "is_cut": len(found) > SHOWN,
            "shown": SHOWN,
        },
    )


def set_review(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin or end the review of a shop's coupons."""
    if not may_see_shops(request):
        raise Http404
    merchant = get_object_or_404(Merchant, pk=pk)
    reviewed = request.POST.get("reviewed") == "yes"
    try:
        platform.set_review(
            merchant=merchant,
            reviewed=reviewed,
            by=staff_actor(request.user),
            at=clock.now(request),
        )
    except HexiaoError as error:
        show_error(request=request, error=error)
    else:
        told = (
            _("Coupons of %(shop)s wait for the platform from now on.")
            if reviewed
            else _("%(shop)s publishes its coupons by itself from now on.")
        )
        messages.success(request, told % {"shop": merchant.name})
    return HttpResponseRedirect(reverse("admin:platform_shops"))
