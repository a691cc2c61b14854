"""What every page of the console has in common: one merchant's rows, one role's rights."""

from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn

from django.contrib import messages
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import Form, ModelChoiceField
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin, TabularInline

from coupons.admin.keyset import KeysetChangeList, UncountedPaginator
from coupons.admin.saved import ListAbove
from coupons.admin.words import sentence
from coupons.errors import HexiaoError
from coupons.models import MerchantOwned
from coupons.staff import Area, Right, may


class RightsOfRole:
    """Answer the admin's questions about permissions from the table of roles."""

    area: ClassVar[Area]

    def _may(self, request: HttpRequest, right: Right) -> bool:
        return request.merchant is not None and may(role=request.role, area=self.area, right=right)

    def require(self, request: HttpRequest, right: Right) -> None:
        """Answer as if the page were not there to those who may not do that."""
        if not self._may(request, right):
            raise Http404

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, *_args: Any) -> NoReturn:
        """Answer 404 for what is not there or is another merchant's, and tell no difference."""
        raise Http404

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the area to those who may see it."""
        return self._may(request, Right.VIEW)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let those see it who may."""
        return self._may(request, Right.VIEW)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let those add who may change."""
        return self._may(request, Right.CHANGE)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let those change it who may."""
        return self._may(request, Right.CHANGE)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let those delete who may change."""
        return self._may(request, Right.CHANGE)


class MerchantAdmin(ListAbove, RightsOfRole, ModelAdmin):
    """A model of the merchant's: its rows only, in lists, on pages and to choose from."""

    actions = None
    list_per_page = 50
    show_facets = False
    list_filter_sheet = False
    exclude = ("merchant",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Keep the rows of the merchant that the person works for now."""
        rows = super().get_queryset(request)
        return rows.of(request.merchant) if request.merchant else rows.none()

    def found(self, request: HttpRequest, pk: Any, right: Right) -> Any:
        """Return a row; 404 for none, and for those who may not do that with it."""
        self.require(request, right)
        row = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        return row

    def save_model(self, request: HttpRequest, obj: Any, form: Form, change: bool) -> None:
        """Give a new row its merchant."""
        if not change:
            obj.merchant = request.merchant
        super().save_model(request, obj, form, change)

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        """Offer the merchant's own rows only; a foreign one is no choice."""
        remote = db_field.remote_field.model
        if issubclass(remote, MerchantOwned):
            kwargs["queryset"] = remote._default_manager.of(request.merchant)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kw: Any
    ) -> Any:
        """Return a form that checks uniqueness within the merchant too."""
        form = super().get_form(request, obj, change=change, **kw)
        merchant = request.merchant

        class WithinMerchant(form):  # type: ignore[valid-type,misc]
            def _get_validation_exclusions(self) -> set[str]:
                return super()._get_validation_exclusions() - {"merchant"}

            def _post_clean(self) -> None:
                if self.instance.merchant_id is None:
                    self.instance.merchant = merchant
                super()._post_clean()

        return WithinMerchant


class KeysetAdmin(MerchantAdmin):
    """A list that is never counted, and found in by exact keys.

    `keyset` follows an index; `find` says how a typed word is looked up.
    """

    keyset: ClassVar[tuple[str, ...]] = ("-id",)
    #: How the search over all orders its few rows; only what an index gives with the look-up.
    quick_order: ClassVar[tuple[str, ...]] = ()
    paginator = UncountedPaginator
    show_full_result_count = False
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **_kwargs: Any) -> type[KeysetChangeList]:
        """Read page by page along the index."""
        return KeysetChangeList

    def keyset_for(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the columns to read along; they may depend on the filter."""
        return self.keyset

    def shown(self, queryset: QuerySet) -> QuerySet:
        """Bring along what the columns name; asked of one page's rows only."""
        return queryset

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Keep the rows that a typed word names, by an index."""
        raise NotImplementedError

    def hint(self, row: Any) -> tuple[str, str]:
        """Return what the search over all shows beside a row: a word about it, and its state."""
        return "", ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Look a word up; nothing typed finds everything."""
        typed = search_term.strip()
        return (self.find(request, queryset, typed) if typed else queryset), False


class ReadOnly:
    """The ledger and its like: looked at here, written by the verbs alone."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False


class ReadOnlyInline(ReadOnly, TabularInline):
    """Rows of the ledger below the row they belong to."""

    extra = 0
    can_delete = False
    show_change_link = False
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Show them to those who may see the page."""
        return True


def tell_errors(*, error: HexiaoError, form: Form, fields: Mapping[str, str] | None = None) -> None:
    """Put an error of a verb on the fields it speaks of, the rest above the form.

    `fields` maps the contract's names to the form's, where they differ.
    """
    for each in error.errors:
        name = field_for(each.field, form=form, fields=fields or {})
        message = numbered(sentence(each.message), path=each.field)
        form.add_error(name, message if name else f"{each.field}: {message}")
    if not error.errors:
        form.add_error(None, told(error))


def field_for(path: str, *, form: Form, fields: Mapping[str, str]) -> str | None:
    """Find the form's field for a place in the contract: the longest name that fits."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        start = ".".join(parts[:length])
        name = fields.get(start, start)
        if name in form.fields:
            return name
    return None


def numbered(message: str, *, path: str) -> str:
    """Say which entry of a list a message is about, where it is about one."""
    place = next((part for part in path.split(".") if part.isdecimal()), None)
    if place is None:
        return message
    return _("Entry %(n)s: %(message)s") % {"n": int(place) + 1, "message": message}


def told(error: HexiaoError) -> str:
    """Say an error in the reader's language: the sentence, then what is wrong in it."""
    parts = [sentence(error.detail), *(sentence(each.message) for each in error.errors)]
    return " ".join(parts)


def show_error(*, request: HttpRequest, error: HexiaoError) -> None:
    """Show an error of a verb above the next page."""
    messages.error(request, told(error))
