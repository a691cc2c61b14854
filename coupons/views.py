"""What anybody may fetch: the pictures that coupons show."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from coupons import pictures
from coupons.models import Picture

#: A picture never changes under its id.
FOREVER = "public, max-age=31536000, immutable"


@require_safe
def picture(_request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer a picture to whoever knows its random id."""
    # Shoppers of every merchant look at them, without a log-in.
    row = Picture.objects.filter(pk=pk).first()
    try:
        found = pictures.content(picture=row) if row else None
    except FileNotFoundError:
        found = None
    if found is None:
        raise Http404
    return HttpResponse(
        found,
        content_type=pictures.CONTENT_TYPE,
        headers={"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"},
    )
