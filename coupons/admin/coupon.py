"""Coupons in the console: the list, the form, the page, and the steps of their life."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext

from coupons import clock
from coupons.admin import coupon_publish
from coupons.admin.base import show_error, tell_errors
from coupons.admin.coupon_editing import changed_coupon, new_coupon
from coupons.admin.coupon_face import face_urls
from coupons.admin.coupon_history import version_view
from coupons.admin.coupon_list import CouponList
from coupons.admin.coupon_page import PAGES, page_context
from coupons.admin.coupon_replace import replace_view
from coupons.admin.coupon_steps import STEPS, IssueForm, Step, StepForm
from coupons.admin.pages import console_page
from coupons.admin.redeemers import say_who, several_view
from coupons.admin.review import review_context
from coupons.caller import staff_actor
from coupons.errors import HexiaoError, Invalid
from coupons.models import Coupon
from coupons.staff import Area, Right, may


@admin.register(Coupon)
class CouponAdmin(CouponList):
    """What is given: listed, made, changed, published."""

    actions = (say_who,)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a coupon ends, its history stays."""
        return False

    # --- addresses ---

    def get_urls(self) -> list[URLPattern]:
        """Add the form for changes, the steps, and the codes to the page's addresses."""
        view = self.admin_site.admin_view
        own = [
            path("redeemers/", view(self.redeemers_view), name="coupons_coupon_redeemers"),
            path("<int:pk>/edit/", view(self.edit_view), name="coupons_coupon_edit"),
            path("<int:pk>/codes/", view(self.codes_view), name="coupons_coupon_codes"),
            path(
                "<int:pk>/replace/",
                view(partial(replace_view, self)),
                name="coupons_coupon_replace",
            ),
            path(
                "<int:pk>/versions/<int:version>/",
                view(partial(version_view, self)),
                name="coupons_coupon_version",
            ),
            path("<int:pk>/<slug:step>/confirm/", view(self.step_view), name="coupons_coupon_step"),
        ]
        own += [
            path(f"<int:pk>/{address}/", view(page), {"model_admin": self}, name=name)
            for address, name, page in PAGES
        ]
        return own + face_urls(self) + super().get_urls()

    def _page(self, coupon: Coupon) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:coupons_coupon_change", args=[coupon.pk]))

    def _render(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        return console_page(model_admin=self, request=request, template=template, **context)

    # --- the form ---

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make a draft, with its codes."""
        self.require(request, Right.CHANGE)
        return new_coupon(request, render=self._render, lead_to=self._page)

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change a coupon; what may still change, `changing` says."""
        coupon = self.found(request, pk, Right.CHANGE)
        return changed_coupon(request, coupon, render=self._render, lead_to=self._page)

    # --- the page ---

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the coupon: how it stands, what it gives, what happened."""
        coupon = self.found(request, object_id, Right.VIEW)
        at = clock.now(request)
        context = page_context(coupon=coupon, at=at, request=request)
        return self._render(
            request,
            "coupon_page",
            **context,
            steps=[
                step
                for step in STEPS.values()
                if step.is_offered(coupon=coupon, role=request.role, at=at)
            ],
            **review_context(coupon=coupon),
            checks=coupon_publish.checks(coupon=coupon, request=request, at=at),
            may_change=may(role=request.role, area=Area.COUPONS, right=Right.CHANGE),
            may_issue=may(role=request.role, area=Area.CODES, right=Right.CHANGE),
            title=coupon.name,
        )

    # --- the steps ---

    def step_view(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        """Say what a step will do; do it once confirmed."""
        if step not in STEPS:
            raise Http404
        chosen = STEPS[step]
        coupon = self.found(request, pk, chosen.move.right)
        if step == "publish":
            return self._publish(request, coupon, chosen)
        sent = request.POST if request.method == "POST" else None
        form = StepForm(sent, step=chosen, initial={"seen_version": coupon.version})
        if request.method == "POST" and form.is_valid():
            try:
                chosen.verb(
                    coupon=coupon,
                    by=staff_actor(request.user),
                    at=clock.now(request),
                    **form.cleaned_data,
                )
            except Invalid as error:
                tell_errors(error=error, form=form)
            except HexiaoError as error:
                show_error(request=request, error=error)
                return self._page(coupon)
            else:
                messages.success(request, chosen.done % {"name": coupon.name})
                return self._page(coupon)
        title = f"{chosen.label}: {coupon.name}"
        return self._render(
            request, "coupon_step", coupon=coupon, step=chosen, form=form, title=title
        )

    def _publish(self, request: HttpRequest, coupon: Coupon, step: Step) -> HttpResponse:
        """Show what the checks found; publish once each warning is accepted."""
        if request.method == "POST":
            try:
                if coupon_publish.publish(coupon=coupon, request=request):
                    messages.success(request, step.done % {"name": coupon.name})
                    return self._page(coupon)
            except HexiaoError as error:
                show_error(request=request, error=error)
                return self._page(coupon)
        return self._render(
            request,
            "coupon_publish",
            coupon=coupon,
            step=step,
            checks=coupon_publish.checks(coupon=coupon, request=request, at=clock.now(request)),
            title=f"{step.label}: {coupon.name}",
        )

    def codes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Issue more unique codes."""
        if not may(role=request.role, area=Area.CODES, right=Right.CHANGE):
            raise Http404
        coupon = self.found(request, pk, Right.VIEW)
        form = IssueForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                form.issue(coupon=coupon, by=staff_actor(request.user), at=clock.now(request))
            except HexiaoError as error:
                tell_errors(error=error, form=form)
            else:
                messages.success(request, gettext("The codes are being made."))
                return self._page(coupon)
        title = gettext("Issue codes: %(name)s") % {"name": coupon.name}
        return self._render(request, "coupon_issue", coupon=coupon, form=form, title=title)

    def redeemers_view(self, request: HttpRequest) -> HttpResponse:
        """Say who may redeem several coupons by hand."""
        self.require(request, Right.CHANGE)
        return several_view(request, model_admin=self)
