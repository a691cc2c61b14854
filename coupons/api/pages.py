"""Lists by cursor: the same cost on page one and on page ten thousand."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from django.core.exceptions import ValidationError
from django.db.models import Field, QuerySet
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from coupons.api.endpoint import answer
from coupons.errors import FieldError, Invalid

T = TypeVar("T")

QUERY = {"page_size": "Up to 500.", "cursor": "As `next` and `previous` have it."}


class Page(msgspec.Struct, Generic[T]):
    """One page of a list, and where the pages beside it are."""

    next: str | None
    previous: str | None
    results: list[T]


class Pages(CursorPagination):
    """100 to a page, up to 500 with `page_size`."""

    #: What the position in a cursor is a value of.
    by: Field

    page_size = 100
    max_page_size = 500
    page_size_query_param = "page_size"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Read the cursor; `Invalid` for one that we can't have made."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                value = self.by.to_python(cursor.position)
                if isinstance(value, datetime) and value.tzinfo is None:
                    raise ValueError
        except (NotFound, ValidationError, ValueError) as error:
            wrong = FieldError("cursor", "Send it as `next` or `previous` had it.")
            raise Invalid(errors=[wrong]) from error
        return cursor


def paginated(
    *,
    request: Request,
    rows: QuerySet,
    ordering: tuple[str, ...],
    shape: Callable[[Any], Any],
) -> HttpResponse:
    """Answer one page of `rows`, each brought into `shape`."""
    return paginated_together(
        request=request,
        rows=rows,
        ordering=ordering,
        shapes=lambda page: [shape(row) for row in page],
    )


def paginated_together(
    *,
    request: Request,
    rows: QuerySet,
    ordering: tuple[str, ...],
    shapes: Callable[[list[Any]], list[Any]],
) -> HttpResponse:
    """Answer one page of `rows`, whose shapes are made together: what they need is read once."""
    pages = Pages()
    pages.ordering = ordering
    pages.by = rows.model._meta.get_field(ordering[0].removeprefix("-"))
    page = pages.paginate_queryset(rows, request)
    return answer(
        {
            "next": pages.get_next_link(),
            "previous": pages.get_previous_link(),
            "results": shapes(page or []),
        }
    )
