"""A form field of several like entries: tiers, gifts, prizes, weekly windows, names.

Each entry is a small form of its own; more are added on the page.
"""

import re
from typing import Any, ClassVar

from django import forms
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from coupons.admin.form_fields import Count, Text, area, ticks, time_input
from coupons.admin.money_rows import MoneyByCurrency
from coupons.pricing.terms import WEEKDAYS

DAYS = list(
    zip(
        WEEKDAYS,
        (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")),
        strict=True,
    )
)


class NamesByLanguage(forms.CharField):
    """Names in several languages, one a line; read as a dictionary."""

    def to_python(self, value: Any) -> dict[str, str]:
        """Read lines such as `zh-hans: 谢谢参与`; a full-width colon will do too."""
        lines = (super().to_python(value) or "").splitlines()
        pairs = [re.split("[:：]", line, maxsplit=1) for line in lines if line.strip()]
        return {language.strip(): "".join(name).strip() for language, *name in pairs}

    def prepare_value(self, value: Any) -> Any:
        """Write a dictionary line by line."""
        if isinstance(value, dict):
            return "\n".join(f"{language}: {name}" for language, name in value.items())
        return value


class Entry(forms.Form):
    """One entry; its fields are called as in the contract."""

    use_required_attribute = False
    #: Where a form's field cannot be called as the contract does.
    contract: ClassVar[dict[str, str]] = {}

    @classmethod
    def typed(cls, entry: dict[str, Any]) -> dict[str, Any]:
        """Turn an entry of the contract into what a person would have typed."""
        return {name: entry.get(cls.contract.get(name, name)) for name in cls.base_fields}

    def entry(self) -> dict[str, Any]:
        """Return what was typed in the form of the contract; empty where nothing was."""
        found = {self.contract.get(k, k): value for k, value in self.cleaned_data.items()}
        return found if any(value not in (None, "", [], {}) for value in found.values()) else {}


class TierEntry(Entry):
    """From which spend on, and what comes off then."""

    min_spend = MoneyByCurrency(label=_("From a spend of"), required=False)
    value = MoneyByCurrency(label=_("Takes off"), required=False)
    percent = Text(label=_("or a percentage"), required=False)

    def entry(self) -> dict[str, Any]:
        """Leave the percent sign out."""
        found = super().entry()
        if found:
            found["percent"] = plain_percent(found["percent"])
        return found


class GiftEntry(Entry):
    """Goods, and how many."""

    sku = Text(
        label=_("SKU"),
        required=False,
        widget=UnfoldAdminTextInputWidget(
            {
                "list": "hx-gift-products",
                "data-offers": reverse_lazy("admin:coupons_product_offers"),
                "autocomplete": "off",
            }
        ),
        help_text=_("Type a SKU or a word of the name, and choose."),
    )
    quantity = Count(label=_("Quantity"), required=False)


class PrizeEntry(Entry):
    """What may be drawn, its share of the chances, and how many there are."""

    name = Text(label=_("Prize"), required=False, max_length=200)
    coupon = Text(
        label=_("Coupon (slug)"),
        required=False,
        max_length=80,
        widget=UnfoldAdminTextInputWidget({"list": "hx-coupons", "autocomplete": "off"}),
        help_text=_("Empty: a blank, nothing is won."),
    )
    weight = Count(label=_("Weight"), required=False)
    stock = Count(label=_("Stock"), required=False, help_text=_("Empty: unlimited."))
    names = NamesByLanguage(
        label=_("Other languages"),
        required=False,
        widget=area(2),
        help_text=_("One a line, such as zh-hans: 谢谢参与."),
    )

    def entry(self) -> dict[str, Any]:
        """Write a blank as the contract does."""
        found = super().entry()
        return found and {**found, "coupon": found["coupon"].strip() or None}


class WindowEntry(Entry):
    """Days of the week, from one time of day to another."""

    contract = {"opens": "from", "closes": "to"}
    days = ticks(_("Days"), DAYS)
    opens = forms.CharField(label=_("From (time)"), required=False, widget=time_input())
    closes = forms.CharField(label=_("To (time)"), required=False, widget=time_input())


class NameEntry(Entry):
    """The name in one language."""

    language = Text(label=_("Language"), required=False, max_length=35)
    name = Text(label=_("Name in it"), required=False)


def plain_percent(text: str | None) -> str | None:
    """Return what was typed as a percentage as the contract writes it."""
    return (text or "").strip().removesuffix("%").removesuffix("％").strip() or None


class RepeatedRows(forms.Widget):
    """Entries one below the other; read as a list of bound forms."""

    template_name = "console/repeated.html"
    row: type[Entry]
    #: The currency of a first, empty row of money.
    currency = ""
    add: Any = ""

    def value_from_datadict(self, data: Any, _files: Any, name: str) -> list[Entry]:
        """Read the entries in the order they stand."""
        shape = re.compile(rf"{re.escape(name)}-([0-9]{{1,6}})-")
        found = {int(match[1]) for key in data if (match := shape.match(key))}
        return [self._row(f"{name}-{n}", data) for n in sorted(found)]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Say whether the form was sent without any entry."""
        return not self.value_from_datadict(data, files, name)

    def id_for_label(self, _id: str, index: str | None = None) -> str:
        """Each entry's fields have labels of their own."""
        return ""

    def _row(self, prefix: str, data: Any = None, initial: Any = None) -> Entry:
        row = self.row(data, prefix=prefix, initial=initial)
        for field in row.fields.values():
            if isinstance(field, MoneyByCurrency):
                field.widget.currency = self.currency
        return row

    def render(
        self, name: str, value: Any, attrs: Any = None, _renderer: Any = None, **_kw: Any
    ) -> SafeString:
        """Show each entry, an empty one to begin with, and the pattern for more."""
        rows = [
            entry
            if isinstance(entry, Entry)
            else self._row(f"{name}-{n}", initial=self.row.typed(entry))
            for n, entry in enumerate(value or [{}])
        ]
        context = {"rows": rows, "blank": self._row(f"{name}-__n__"), "add": self.add}
        return render_to_string(self.template_name, context | {"name": name})


class Repeated(forms.Field):
    """Several like entries, each in the form of the contract."""

    default_error_messages = {"entry": _("Entry %(n)s: %(message)s")}

    def __init__(self, row: type[Entry], *, add: Any, **options: Any) -> None:
        widget = RepeatedRows()
        widget.row, widget.add = row, add
        super().__init__(required=False, widget=widget, **options)

    def to_python(self, value: Any) -> list[dict[str, Any]]:
        """Keep the entries in which something was typed, and those that stood there fixed."""
        entries = []
        for n, row in enumerate(value or [], 1):
            if isinstance(row, dict):
                entries.append(row)
                continue
            if not row.is_valid():
                message = " ".join(text for texts in row.errors.values() for text in texts)
                raise forms.ValidationError(
                    self.error_messages["entry"],
                    code="entry",
                    params={"n": n, "message": message},
                )
            if entry := row.entry():
                entries.append(entry)
        return entries
