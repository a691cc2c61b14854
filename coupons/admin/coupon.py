"""Coupons in the console: the list, the form, the page, and the steps of their life."""

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import changing, clock, lifecycle
from coupons.admin.base import MerchantAdmin, show_error, tell_errors
from coupons.admin.coupon_form import CONTRACT_TO_FORM, CouponForm
from coupons.admin.coupon_history import version_view
from coupons.admin.coupon_page import page_context
from coupons.admin.coupon_replace import offer_replacement, replace_view
from coupons.admin.coupon_steps import STEPS, IssueForm, StepForm
from coupons.admin.review import review_context
from coupons.admin.shown import badge, number, when
from coupons.caller import staff_actor
from coupons.drafting import UniqueCodes, draft
from coupons.errors import HexiaoError, Invalid
from coupons.models import Coupon, State
from coupons.staff import Area, Right, may, sees_only_redeemable
from coupons.states import REVIEWED


class ByState(admin.SimpleListFilter):
    """Filter by the state as people see it, read with the clock."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Offer every state."""
        return [(state.value, state.label) for state in State]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Keep the coupons in the chosen state."""
        if self.value() not in State.values:
            return queryset
        return queryset.in_state(self.value(), clock.now(request))


@admin.register(Coupon)
class CouponAdmin(MerchantAdmin):
    """What is given: listed, made, changed, published."""

    area = Area.COUPONS
    list_display = ("name", "state_now", "kind", "starts", "ends", "issued_number", "uses_number")
    list_filter = (ByState, "kind")
    list_select_related = ("counter",)
    search_fields = ("name__icontains", "slug")
    search_help_text = _("Name or slug")
    ordering = ("-created_at", "-pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Show a clerk only what may be redeemed now."""
        rows = super().get_queryset(request)
        at = clock.now(request)
        if sees_only_redeemable(role=request.role):
            rows = rows.live(at)
        self.at = at
        return rows

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a coupon ends, its history stays."""
        return False

    @display(description=_("state"))
    def state_now(self, coupon: Coupon) -> str:
        """Show the state as the clock has it."""
        state = coupon.state_at(self.at)
        return badge(state, state.label)

    @display(description=_("starts"), ordering="starts_at")
    def starts(self, coupon: Coupon) -> str:
        """Show the start in the merchant's zone."""
        return when(coupon.starts_at)

    @display(description=_("ends"), ordering="ends_at")
    def ends(self, coupon: Coupon) -> str:
        """Show the end in the merchant's zone."""
        return when(coupon.ends_at)

    @display(description=_("codes issued"))
    def issued_number(self, coupon: Coupon) -> str:
        """Show how many codes are out."""
        return number(coupon.counter.issued)

    @display(description=_("uses"))
    def uses_number(self, coupon: Coupon) -> str:
        """Show how often it was used."""
        return number(coupon.counter.uses)

    # --- addresses ---

    def get_urls(self) -> list[URLPattern]:
        """Add the form for changes, the steps, and the codes to the page's addresses."""
        view = self.admin_site.admin_view
        own = [
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
        """Change a coupon; what may still change, `changing` says."""
        self._require(request, Right.CHANGE)
        coupon = self._find(request, pk)
        stored = lifecycle.current_definition(coupon)
        seen = coupon.version
        form = CouponForm(request.POST or None, merchant=request.merchant, stored=stored)
        if request.method == "POST" and form.is_valid():
            try:
                changed = changing.change(
                    coupon=coupon,
                    body=form.definition(),
                    by=staff_actor(request.user),
                    at=clock.now(request),
                    seen_version=int(request.POST.get("seen_version") or seen),
                )
            except HexiaoError as error:
                tell_errors(error=error, form=form, fields=CONTRACT_TO_FORM)
                offer_replacement(request=request, coupon=coupon, error=error)
            else:
                messages.success(request, gettext("Saved."))
                if coupon.state in REVIEWED and changed.state == State.DRAFT:
                    text = gettext("It is a draft again: what was changed has to be reviewed.")
                    messages.warning(request, text)
                return self._page(coupon)
        return self._render(
            request,
            "coupon_form",
            form=form,
            coupon=coupon,
            is_reviewed=coupon.state in REVIEWED,
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
            steps=[
                step
                for step in STEPS.values()
                if step.is_offered(coupon=coupon, role=request.role, at=at)
            ],
            **review_context(coupon=coupon),
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
        self._require(request, chosen.move.right)
        coupon = self._find(request, pk)
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

    def _require(self, request: HttpRequest, right: Right) -> None:
        """Answer as if the page were not there to those who may not see it."""
        if not self._may(request, right):
            raise Http404


def _unique(form: CouponForm) -> UniqueCodes | None:
    data = form.cleaned_data
    if data["codes"] != "unique":
        return None
    return UniqueCodes(count=data["count"], pattern=data["pattern"] or None)
