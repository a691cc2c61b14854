"""Lists under a name: a person keeps a filter with its search, and lets go of it."""

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict

from coupons.errors import FieldError, Invalid
from coupons.models import Merchant, SavedFilter, User

MOST = 20
#: A place in a list is no part of a filter.
_PLACES = ("after", "p", "all", "_changelist_filters", "_popup", "_to_field", "e")


def keep(*, merchant: Merchant, user: User, page: str, name: str, query: str) -> SavedFilter:
    """Keep what a list is filtered by; the same name again replaces the older one.

    Raises `Invalid` without a name or a filter, and beyond 20 of one list.
    """
    name, query = " ".join(name.split()), filtering(query)
    if not 1 <= len(name) <= 60:
        raise Invalid(errors=[FieldError("name", "Give it a name of at most 60 characters.")])
    if not 1 <= len(query) <= 1000:
        raise Invalid(errors=[FieldError("query", "Filter or search the list first.")])
    with transaction.atomic():
        row, made = SavedFilter.objects.update_or_create(
            merchant=merchant, user=user, page=page, name=name, defaults={"query": query}
        )
        if made and of(merchant=merchant, user=user, page=page).count() > MOST:
            raise Invalid("There are 20 already; delete one first.")
    return row


def of(*, merchant: Merchant, user: User, page: str) -> QuerySet[SavedFilter]:
    """Return a person's own of one list, by name."""
    return SavedFilter.objects.of(merchant).filter(user=user, page=page).order_by("name")


def forget(*, merchant: Merchant, user: User, pk: int) -> bool:
    """Delete one of a person's own; False where they have none like that."""
    deleted, _each = SavedFilter.objects.of(merchant).filter(user=user, pk=pk).delete()
    return bool(deleted)


def filtering(query: str) -> str:
    """Return the part of an address that filters and searches, without the place in the list."""
    params = QueryDict(query, mutable=True)
    for name in list(params):
        if name in _PLACES or not any(params.getlist(name)):
            del params[name]
    return params.urlencode()
