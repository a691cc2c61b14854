"""Lists over tables that grow without end: read by index, never counted."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

AFTER = "after"


class UncountedPaginator(InfinitePaginator):
    """A paginator that knows no total; the page's foot offers first and next."""

    template_name = "console/keyset_pagination.html"


class KeysetChangeList(ChangeList):
    """A change list whose next page begins after a row, however deep it is.

    `ModelAdmin.keyset` names the columns of an index in their order; the last one is
    unique. `?after=` is the key of the row that the page before ended with.
    """

    next_after: Any = None

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Leave the place in the list out of the filters."""
        found = super().get_filters_params(params)
        found.pop(AFTER, None)
        return found

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[str]:
        """Order by the index and by nothing else."""
        return list(self.model_admin.keyset_for(request))

    def get_results(self, request: HttpRequest) -> None:
        """Fetch one page and one row more, which says whether there is a next page."""
        after = self.params.pop(AFTER, None)
        queryset = self.queryset
        self.is_first_page = True
        if after is not None and (row := self._row(after)) is not None:
            queryset = queryset.filter(following(row, self.model_admin.keyset_for(request)))
            self.is_first_page = False
        rows = list(self.model_admin.shown(queryset)[: self.list_per_page + 1])
        self.result_list = rows[: self.list_per_page]
        if len(rows) > self.list_per_page:
            self.next_after = self.result_list[-1].pk
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = UncountedPaginator(self.result_list, self.list_per_page)

    def _row(self, key: str) -> Model | None:
        try:
            return self.root_queryset.filter(pk=key).first()
        except (ValueError, TypeError, ValidationError):
            return None

    @property
    def first_page_url(self) -> str:
        """Return the address of the list's beginning."""
        return self.get_query_string(remove=[AFTER])

    @property
    def next_page_url(self) -> str | None:
        """Return the address of the next page, if there is one."""
        return self.get_query_string({AFTER: self.next_after}) if self.next_after else None


def following(row: Model, keyset: tuple[str, ...]) -> Q:
    """Build the condition for the rows that come after `row` in that order."""
    condition, same = Q(), Q()
    for column in keyset:
        name, how = (column[1:], "lt") if column.startswith("-") else (column, "gt")
        value = getattr(row, name)
        condition |= same & Q(**{f"{name}__{how}": value})
        same &= Q(**{name: value})
    first = keyset[0].removeprefix("-")
    # Said once more for the first column alone: it is what the index can start from.
    bound = "lte" if keyset[0].startswith("-") else "gte"
    return Q(**{f"{first}__{bound}": getattr(row, first)}) & condition
