"""What people say about a coupon before it goes out."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from coupons.models.coupon import Coupon, CouponQuerySet, State
from coupons.models.merchant import MerchantOwned


class Review(MerchantOwned):
    """One word on one version of a coupon: handed in, commented on, approved or refused."""

    class Verdict(models.TextChoices):
        """What was meant by it."""

        SUBMITTED = "submitted", _("Submitted")
        COMMENT = "comment", _("Comment")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")

    coupon = models.ForeignKey(
        Coupon, models.PROTECT, verbose_name=_("coupon"), related_name="reviews", db_index=False
    )
    #: The version that was looked at; an approval holds for this one alone.
    version = models.PositiveIntegerField(_("version"))
    #: As the journal names it: `staff:alice`, `key:AbCd1234`.
    author = models.CharField(_("who"), max_length=100)
    verdict = models.CharField(_("verdict"), max_length=9, choices=Verdict)
    text = models.TextField(_("comment"), blank=True, default="")
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["submitted", "comment", "approved", "refused"]),
                name="review_verdict_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(verdict__in=["comment", "refused"]) | ~Q(text=""),
                name="review_says_something",
            ),
        ]
        indexes = [models.Index(fields=["coupon", "id"], name="review_by_coupon")]

    def __str__(self) -> str:
        return f"{self.coupon_id} v{self.version} {self.verdict}"


class InReviewRows(models.Manager.from_queryset(CouponQuerySet)):  # type: ignore[misc]
    """Coupons in review alone, with who handed each in and when, and the last word on it."""

    def get_queryset(self) -> Any:
        """Keep what waits for a reviewer; adds `submitted_by`, `submitted_at`, `last_comment`."""
        latest = Review.objects.filter(coupon=OuterRef("pk")).order_by("-id")
        handed_in = latest.filter(verdict=Review.Verdict.SUBMITTED)
        return (
            super()
            .get_queryset()
            .filter(state=State.IN_REVIEW)
            .annotate(
                submitted_by=Subquery(handed_in.values("author")[:1]),
                # What was handed in before there were reviews has no word on it.
                submitted_at=Coalesce(Subquery(handed_in.values("at")[:1]), F("updated_at")),
                last_comment=Subquery(latest.exclude(text="").values("text")[:1]),
            )
        )


class CouponInReview(Coupon):
    """A coupon that waits for a reviewer, as the console lists it."""

    objects: ClassVar[Any] = InReviewRows()

    class Meta:
        proxy = True
        verbose_name = _("coupon in review")
        verbose_name_plural = _("coupons in review")
