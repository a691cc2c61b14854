"""The coupon's form: what a person types, to and from the contract's definition.

No rule stands here. The form hands the definition over and shows what comes back.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from coupons.admin.money_rows import MoneyByCurrency
from coupons.models import Category, Kind, Merchant

SCOPES = [
    ("all", _("The whole shop")),
    ("categories", _("Some categories")),
    ("products", _("Some products")),
]
CODES = [
    ("shared", _("One shared code: everybody types the same")),
    ("unique", _("Unique codes: each customer gets one of their own")),
]
KINDS = [(kind.value, kind.label) for kind in (Kind.AMOUNT_OFF, Kind.PERCENT_OFF)]
#: Categories offered to tick; a shop with more names them by the API.
MAX_CATEGORIES = 1_000

#: Where the contract's names differ from the form's.
CONTRACT_TO_FORM = {
    "starts_at": "starts_on",
    "ends_at": "ends_on",
    "scope.categories": "categories",
    "scope.products": "products",
    "customers.tags": "tags",
    "limits.uses": "uses",
    "limits.uses_per_customer": "uses_per_customer",
    "limits.uses_per_code": "uses_per_code",
    "limits.budget": "budget",
    "limits": "uses",
}


class Text(forms.CharField):
    """One line of text, in the console's look."""

    widget = UnfoldAdminTextInputWidget


class Count(forms.IntegerField):
    """A whole number, in the console's look."""

    widget = UnfoldAdminIntegerFieldWidget


class Lines(forms.CharField):
    """Several entries, one a line or separated by commas; read as a list."""

    def to_python(self, value: Any) -> list[str]:
        """Split what was typed; full-width commas and 、 part entries too."""
        text = super().to_python(value) or ""
        for separator in ",，、;；\n":
            text = text.replace(separator, "\n")
        return [entry.strip() for entry in text.splitlines() if entry.strip()]

    def prepare_value(self, value: Any) -> str:
        """Show a list one entry a line, or with commas where there is one line only."""
        if isinstance(value, list):
            one_line = not isinstance(self.widget, forms.Textarea)
            return (", " if one_line else "\n").join(value)
        return value


def date_input() -> forms.DateInput:
    """Make the browser's own calendar."""
    return forms.DateInput(
        {"type": "date", "class": " ".join(UnfoldAdminTextInputWidget().attrs["class"].split())},
        format="%Y-%m-%d",
    )


def time_input() -> forms.TimeInput:
    """Make the browser's own clock."""
    return forms.TimeInput(
        {"type": "time", "class": UnfoldAdminTextInputWidget().attrs["class"]}, format="%H:%M"
    )


class CouponForm(forms.Form):
    """What a coupon gives, when, for what, to whom, how often."""

    name = Text(label=_("Name"), max_length=200)
    slug = Text(
        label=_("Slug"),
        max_length=80,
        required=False,
        help_text=_("How programs call it. Empty: made from the name. It never changes."),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=KINDS,
        initial=Kind.AMOUNT_OFF,
        widget=forms.RadioSelect({"x-model": "kind"}),
    )
    value = MoneyByCurrency(label=_("Takes off"), required=False)
    percent = Text(
        label=_("Percent off"),
        required=False,
        help_text=_("20 takes a fifth off: the customer pays 80%."),
    )
    cap = MoneyByCurrency(
        label=_("At most"), required=False, help_text=_("The most that one use takes off.")
    )
    min_spend = MoneyByCurrency(
        label=_("Minimum spend"), required=False, help_text=_("Empty: none.")
    )

    starts_on = forms.DateField(
        label=_("Starts"),
        required=False,
        widget=date_input(),
        help_text=_("Empty: when it is published."),
    )
    starts_time = forms.TimeField(label=_("Starts at"), required=False, widget=time_input())
    ends_on = forms.DateField(
        label=_("Ends"),
        required=False,
        widget=date_input(),
        help_text=_("Without a time, this day still counts. Empty: no end."),
    )
    ends_time = forms.TimeField(label=_("Ends at"), required=False, widget=time_input())

    scope = forms.ChoiceField(
        label=_("Applies to"),
        choices=SCOPES,
        initial="all",
        widget=forms.RadioSelect({"x-model": "scope"}),
    )
    categories = forms.MultipleChoiceField(
        label=_("Categories"), required=False, widget=forms.CheckboxSelectMultiple
    )
    products = Lines(
        label=_("Products"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text=_("SKUs, one a line."),
    )
    tags = Lines(
        label=_("Customer tags"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Only customers with one of these tags, separated by commas. Empty: all."),
    )

    uses = Count(
        label=_("Uses in all"), required=False, min_value=0, help_text=_("Empty: unlimited.")
    )
    uses_per_customer = Count(label=_("Uses per customer"), required=False, min_value=0)
    uses_per_code = Count(label=_("Uses per code"), required=False, min_value=0)
    budget = MoneyByCurrency(
        label=_("Budget"),
        required=False,
        help_text=_("The most that is given away in all; kept in the first currency."),
    )

    stacking_group = Text(
        label=_("Stacking group"),
        required=False,
        initial="order",
        help_text=_("Coupons of one group never go together."),
    )
    stacks_with = Lines(
        label=_("Goes together with"),
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Groups it may be combined with, separated by commas. Empty: none."),
    )

    codes = forms.ChoiceField(
        label=_("Codes"),
        choices=CODES,
        initial="shared",
        widget=forms.RadioSelect({"x-model": "codes"}),
    )
    code = Text(
        label=_("Shared code"),
        required=False,
        max_length=64,
        help_text=_("Case, spaces and hyphens don't matter when it is typed."),
    )
    count = Count(label=_("Number of codes"), required=False, min_value=1, initial=1_000)
    pattern = Text(
        label=_("Pattern"),
        required=False,
        max_length=64,
        help_text=_("SUMMER-####-####, where # is a random character. Empty: a safe one."),
    )

    def __init__(
        self, *args: Any, merchant: Merchant, stored: Mapping[str, Any] | None = None, **kw: Any
    ) -> None:
        self.merchant = merchant
        #: The definition being changed; None for a new coupon.
        self.stored = stored
        if stored is not None:
            kw["initial"] = typed(stored) | kw.get("initial", {})
        super().__init__(*args, **kw)
        for name in ("value", "cap", "min_spend", "budget"):
            self.fields[name].widget.currency = merchant.currency
        paths = Category.objects.of(merchant).order_by("path").values_list("path", flat=True)
        known = list(paths[:MAX_CATEGORIES])
        chosen = [path for path in self.initial.get("categories", []) if path not in known]
        self.fields["categories"].choices = [(path, path) for path in known + chosen]
        if stored is not None:
            for name in ("slug", "codes", "count", "pattern"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Suggest a slug; ask for the choices that only the form knows of."""
        data = super().clean()
        if self.stored is None:
            data["slug"] = data.get("slug") or slugify(data.get("name", ""))[:80]
            if not data["slug"] and "name" in data:
                self.add_error("slug", _("Give it a slug of small letters, digits and hyphens."))
            if data.get("codes") == "shared" and not data.get("code"):
                self.add_error("code", _("Which code do customers type?"))
            if data.get("codes") == "unique" and not data.get("count"):
                self.add_error("count", _("How many codes?"))
        if data.get("scope") in ("categories", "products") and not data.get(data["scope"]):
            self.add_error(data["scope"], _("Choose at least one."))
        return data

    def definition(self) -> dict[str, Any]:
        """Return what was typed in the form of the contract; what isn't shown stays."""
        data, old = self.cleaned_data, self.stored or {}
        percent = data["kind"] == Kind.PERCENT_OFF
        chosen = data["scope"]
        body: dict[str, Any] = {
            "name": data["name"],
            "kind": data["kind"],
            "value": None if percent else data["value"],
            "percent": (data["percent"].strip().rstrip("%") or None) if percent else None,
            "cap": data["cap"] if percent else None,
            "min_spend": data["min_spend"],
            "starts_at": self._starts_at(),
            "ends_at": self._ends_at(),
            "time_zone": self.zone,
            "scope": {
                **(old.get("scope") or {}),
                "categories": data["categories"] if chosen == "categories" else [],
                "products": data["products"] if chosen == "products" else [],
            },
            "customers": {**(old.get("customers") or {}), "tags": data["tags"]},
            "limits": {
                **(old.get("limits") or {}),
                "uses": data["uses"],
                "uses_per_customer": data["uses_per_customer"],
                "uses_per_code": data["uses_per_code"] or 1,
                "budget": data["budget"],
            },
            "stacking_group": data["stacking_group"] or "order",
            "stacks_with": data["stacks_with"],
        }
        if self.stored is None:
            body["slug"] = data["slug"]
            body["code"] = data["code"] if data["codes"] == "shared" else None
        elif self.stored.get("code"):
            body["code"] = data["code"]
        return body

    @property
    def zone(self) -> str:
        """Name the time zone that dates are typed in."""
        return (self.stored or {}).get("time_zone") or self.merchant.time_zone

    def _starts_at(self) -> str | None:
        day = self.cleaned_data["starts_on"]
        at = self.cleaned_data["starts_time"] or time()
        return instant(day, at, self.zone) if day else None

    def _ends_at(self) -> str | None:
        day, at = self.cleaned_data["ends_on"], self.cleaned_data["ends_time"]
        if day is None:
            return None
        # Windows are half-open: a day that still counts ends where the next begins.
        return instant(day, at, self.zone) if at else instant(day + timedelta(1), time(), self.zone)


def instant(day: date, at: time, zone: str) -> str:
    """Write a wall time of a zone with its offset."""
    return datetime.combine(day, at, ZoneInfo(zone)).isoformat()


def typed(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a definition back into what a person would have typed."""
    zone = ZoneInfo(definition["time_zone"])
    limits = definition["limits"]
    scope = definition.get("scope") or {}
    found = {
        name: definition.get(name)
        for name in (
            "name", "kind", "value", "percent", "cap", "min_spend", "stacking_group",
            "stacks_with", "code",
        )
    }  # fmt: skip
    found |= {name: limits.get(name) for name in ("uses", "uses_per_customer", "budget")}
    found["uses_per_code"] = limits.get("uses_per_code") or 1
    found |= {"categories": scope.get("categories") or [], "products": scope.get("products") or []}
    found["scope"] = next((k for k in ("categories", "products") if found[k]), "all")
    found["tags"] = (definition.get("customers") or {}).get("tags") or []
    if definition.get("starts_at"):
        start = datetime.fromisoformat(definition["starts_at"]).astimezone(zone)
        found |= {"starts_on": start.date(), "starts_time": start.time() or None}
    if definition.get("ends_at"):
        end = datetime.fromisoformat(definition["ends_at"]).astimezone(zone)
        if end.time() == time():
            found |= {"ends_on": end.date() - timedelta(1), "ends_time": None}
        else:
            found |= {"ends_on": end.date(), "ends_time": end.time()}
    return found
