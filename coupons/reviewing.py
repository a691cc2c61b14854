"""Four eyes: what people say about a coupon, and who is too close to it to approve it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from coupons import journal
from coupons.errors import FieldError, Invalid, NotAllowed
from coupons.fields import problem_with_text
from coupons.models import Coupon, CouponVersion, Review

#: Characters of a comment or a reason.
MOST = 1_000
#: What a coupon's page shows of a long talk: the newest.
SHOWN = 50


def comment(*, coupon: Coupon, text: str, by: str, at: datetime) -> Review:
    """Say something about a coupon as it stands; `Invalid` for nothing or too much."""
    words = checked(text=text, field="text", is_required=True)
    with transaction.atomic():
        review = say(coupon=coupon, verdict=Review.Verdict.COMMENT, text=words, by=by, at=at)
        journal.record(
            merchant=coupon.merchant,
            type="coupon.commented",
            actor=by,
            at=at,
            coupon=coupon,
            data={"version": coupon.version},
        )
    return review


def say(*, coupon: Coupon, verdict: Review.Verdict, text: str, by: str, at: datetime) -> Review:
    """Write one word on the coupon's present version."""
    return Review.objects.create(
        merchant=coupon.merchant,
        coupon=coupon,
        version=coupon.version,
        author=by,
        verdict=verdict,
        text=text,
        at=at,
    )


def thread(*, coupon: Coupon) -> list[Review]:
    """Return what was said, oldest first; of very much the newest."""
    return list(Review.objects.filter(coupon=coupon).order_by("-id")[:SHOWN])[::-1]


def refuse_own(*, coupon: Coupon, by: str) -> None:
    """Raise `NotAllowed` if they wrote or handed in anything that nobody has approved yet."""
    said = Review.objects.filter(coupon=coupon)
    approved = said.filter(verdict=Review.Verdict.APPROVED).aggregate(Max("id"), Max("version"))
    written = CouponVersion.objects.filter(
        coupon=coupon, version__gt=approved["version__max"] or 0, changed_by=by
    )
    handed_in = said.filter(
        id__gt=approved["id__max"] or 0, verdict=Review.Verdict.SUBMITTED, author=by
    )
    if written.exists() or handed_in.exists():
        raise NotAllowed("Another person has to approve this coupon.")


def checked(*, text: str, field: str, is_required: bool) -> str:
    """Return a comment or a reason without space around it; `Invalid` if it cannot be kept."""
    words = text.strip()
    problem = problem_with_text(words, most=MOST)
    if is_required and not words:
        problem = "This is required."
    if problem:
        raise Invalid(errors=[FieldError(field, problem)])
    return words
