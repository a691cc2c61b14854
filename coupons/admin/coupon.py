"""Coupons in the console: the list, the form, the page, and the steps of their life."""

from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext

from coupons import clock, lifecycle
from coupons.admin.base import show_error, tell_errors
from coupons.admin.coupon_form import CONTRACT_TO_FORM, CouponForm
from coupons.admin.coupon_list import CouponList
from coupons.admin.coupon_page import page_context
from coupons.admin.coupon_steps import STEPS, IssueForm, Step
from coupons.caller import staff_actor
from coupons.drafting import UniqueCodes, draft
from coupons.errors import HexiaoError
from coupons.models import Coupon
from coupons.staff import Area, Right, may


@admin.register(Coupon)
class CouponAdmin(CouponList):
    """What is given: listed, made, changed, published."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a coupon ends, its history stays."""
        return False

    # --- addresses ---

    def get_urls(self) -> list[URLPattern]:
        """Add the form for changes, the steps, and the codes to the page's addresses."""
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/edit/", view(self.edit_view), name="coupons_coupon_edit"),
            path("<int:pk>/codes/", view(self.codes_view), name="coupons_coupon_codes"),
            path("<int:pk>/<slug:step>/confirm/", view(self.step_view), name="coupons_coupon_step"),
        ]
        return own + super().get_urls()

    def _find(self, request: HttpRequest, pk: int | str) -> Coupon:
        found = self.get_object(request, str(pk))
        if found is None:
            raise Http404
        return found

    def _page(self, coupon: Coupon) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:coupons_coupon_change", args=[coupon.pk]))

    def _render(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        request.current_app = self.admin_site.name
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"console/{template}.html", {**shared, **context})

    # --- the form ---

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make a draft, with its codes."""
        self._require(request, Right.CHANGE)
        form = CouponForm(request.POST or None, merchant=request.merchant)
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
                text = gettext("“%(name)s” is a draft now. Look at it, then publish it.")
                messages.success(request, text % {"name": coupon.name})
                return self._page(coupon)
        return self._render(request, "coupon_form", form=form, title=gettext("New coupon"))

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change a coupon; what may still change, `lifecycle` says."""
        self._require(request, Right.CHANGE)
        coupon = self._find(request, pk)
        stored = lifecycle.current_definition(coupon)
        seen = coupon.version
        form = CouponForm(request.POST or None, merchant=request.merchant, stored=stored)
        if request.method == "POST" and form.is_valid():
            try:
                lifecycle.change(
                    coupon=coupon,
                    body=form.definition(),
                    by=staff_actor(request.user),
                    at=clock.now(request),
                    seen_version=int(request.POST.get("seen_version") or seen),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form, fields=CONTRACT_TO_FORM)
            else:
                messages.success(request, gettext("Saved."))
                return self._page(coupon)
        return self._render(
            request,
            "coupon_form",
            form=form,
            coupon=coupon,
            title=gettext("Change “%(name)s”") % {"name": coupon.name},
        )

    # --- the page ---

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the coupon: how it stands, what it gives, what happened."""
        self._require(request, Right.VIEW)
        coupon = self._find(request, object_id)
        at = clock.now(request)
        context = page_context(coupon=coupon, at=at, request=request)
        return self._render(
            request,
            "coupon_page",
            **context,
            steps=[step for step in STEPS.values() if self._offers(request, step, coupon, at)],
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
        self._require(request, chosen.right)
        coupon = self._find(request, pk)
        if request.method == "POST":
            try:
                chosen.verb(coupon=coupon, by=staff_actor(request.user), at=clock.now(request))
            except HexiaoError as error:
                show_error(request=request, error=error)
            else:
                messages.success(request, chosen.done % {"name": coupon.name})
            return self._page(coupon)
        title = f"{chosen.label}: {coupon.name}"
        return self._render(request, "coupon_step", coupon=coupon, step=chosen, title=title)

    def codes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Issue more unique codes."""
        if not may(role=request.role, area=Area.CODES, right=Right.CHANGE):
            raise Http404
        coupon = self._find(request, pk)
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

    def _offers(self, request: HttpRequest, step: Step, coupon: Coupon, at: Any) -> bool:
        allowed = may(role=request.role, area=Area.COUPONS, right=step.right)
        return allowed and coupon.state_at(at) in step.states

    def _require(self, request: HttpRequest, right: Right) -> None:
        """Answer as if the page were not there to those who may not see it."""
        if not self._may(request, right):
            raise Http404


def _unique(form: CouponForm) -> UniqueCodes | None:
    data = form.cleaned_data
    if data["codes"] != "unique":
        return None
    return UniqueCodes(count=data["count"], pattern=data["pattern"] or None)
