"""Four eyes in the console: what waits for a reviewer, and what is said about a coupon."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from coupons import clock, reviewing
from coupons.admin.base import MerchantAdmin, ReadOnly, show_error
from coupons.admin.shown import EMPTY, badge, when, who
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import Coupon, CouponInReview, Review
from coupons.staff import Area, Right

_LOOKS = {
    Review.Verdict.SUBMITTED: "note",
    Review.Verdict.APPROVED: "active",
    Review.Verdict.REFUSED: "revoked",
}


class CommentForm(forms.Form):
    """A word about a coupon."""

    text = forms.CharField(
        label=_("Your comment"),
        max_length=reviewing.MOST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


def review_context(*, coupon: Coupon) -> dict[str, Any]:
    """Gather what the coupon's page shows of its reviews."""
    return {"reviews": said(coupon=coupon), "comment_form": CommentForm()}


def said(*, coupon: Coupon) -> list[dict[str, Any]]:
    """Tell what people said about a coupon, oldest first."""
    return [
        {
            "verdict": badge(
                _LOOKS.get(Review.Verdict(each.verdict), "plain"), each.get_verdict_display()
            ),
            "who": who(each.author),
            "when": when(each.at),
            "version": each.version,
            "text": each.text,
        }
        for each in reviewing.thread(coupon=coupon)
    ]


@admin.register(CouponInReview)
class CouponInReviewAdmin(ReadOnly, MerchantAdmin):
    """Coupons that wait for a reviewer, the longest first."""

    area = Area.COUPONS
    list_display = ("name", "author", "handed_in", "waiting", "last_word")
    sortable_by = ()
    nothing_yet = _(
        "Nothing waits for a review. Coupons stand here once somebody presses “Submit for "
        "review” on their page."
    )

    def get_urls(self) -> list[URLPattern]:
        """Add the address that takes a comment."""
        view = self.admin_site.admin_view(self.comment_view)
        own = path("<int:pk>/comment/", view, name="coupons_couponinreview_comment")
        return [own, *super().get_urls()]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the list to those who may publish."""
        return self._may(request, Right.PUBLISH)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those see the list who may publish."""
        return self._may(request, Right.PUBLISH)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Read the clock for how long each has waited."""
        self.at = clock.now(request)
        return super().get_queryset(request)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Put what has waited longest first."""
        return ("submitted_at", "pk")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the coupon's own page, where its steps are."""
        row = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if row is None:
            raise Http404
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return HttpResponseRedirect(_page(row))

    def comment_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Add a comment to a coupon that the person may see."""
        if request.method != "POST" or not self._may(request, Right.VIEW):
            raise Http404
        coupon = Coupon.objects.of(request.merchant).filter(pk=pk).first()
        if coupon is None:
            raise Http404
        try:
            reviewing.comment(
                coupon=coupon,
                text=request.POST.get("text", ""),
                by=staff_actor(request.user),
                at=clock.now(request),
            )
        except HexiaoError as error:
            show_error(request=request, error=error)
        else:
            messages.success(request, gettext("Your comment is added."))
        return HttpResponseRedirect(_page(coupon) + "#reviews")

    @display(description=_("submitted by"))
    def author(self, coupon: Any) -> str:
        """Name who handed it in."""
        return who(coupon.submitted_by or coupon.created_by)

    @display(description=_("submitted"))
    def handed_in(self, coupon: Any) -> str:
        """Show when it was handed in."""
        return when(coupon.submitted_at)

    @display(description=_("waiting for"))
    def waiting(self, coupon: Any) -> str:
        """Say how long it has been waiting."""
        return waited(since=coupon.submitted_at, at=self.at)

    @display(description=_("last comment"))
    def last_word(self, coupon: Any) -> str:
        """Show the beginning of the last comment."""
        return Truncator(coupon.last_comment or EMPTY).chars(80)


def waited(*, since: datetime, at: datetime) -> str:
    """Say how long ago something was, in one unit."""
    return timesince(since, at, depth=1)


def _page(coupon: Coupon) -> str:
    return reverse("admin:coupons_coupon_change", args=[coupon.pk])
