"""The time of a request, read once at the edge and passed on as `at`."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from coupons.errors import FieldError, Invalid


def now(request: HttpRequest) -> datetime:
    """Return the present, or, where the test clock is allowed, the time of `X-Test-Clock`.

    Raises `Invalid` for a header that is no ISO 8601 time with an offset.
    """
    header = request.headers.get("X-Test-Clock")
    if header is None or not settings.HEXIAO_TEST_CLOCK:
        return timezone.now()
    try:
        at = datetime.fromisoformat(header)
    except ValueError:
        at = None
    # The years are far from those in which a change of zone leaves the calendar.
    if at is None or at.tzinfo is None or not 1970 <= at.year <= 9000:
        raise Invalid(
            errors=[FieldError("X-Test-Clock", "An ISO 8601 time with offset, after 1970.")]
        )
    return at
