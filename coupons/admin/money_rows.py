"""A form field for money per currency: one row each, more by adding rows."""

from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import INPUT_CLASSES

#: Offered while one types; any currency of ISO 4217 is taken.
OFFERED = [
    "USD",
    "EUR",
    "GBP",
    "JPY",
    "CNY",
    "HKD",
    "TWD",
    "KRW",
    "SGD",
    "MYR",
    "THB",
    "VND",
    "IDR",
    "PHP",
    "INR",
    "AUD",
    "NZD",
    "CAD",
    "MXN",
    "BRL",
    "CHF",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CZK",
    "HUF",
    "TRY",
    "AED",
    "SAR",
    "ILS",
    "ZAR",
]


class MoneyRows(forms.Widget):
    """Rows of a currency and an amount; read as a list of pairs."""

    template_name = "console/money_rows.html"
    #: The currency of the first, empty row.
    currency = ""
    offered = OFFERED

    def value_from_datadict(self, data: Any, _files: Any, name: str) -> list[tuple[str, str]]:
        """Read the rows in the order typed."""
        if isinstance(data, MultiValueDict):
            currencies = data.getlist(f"{name}_currency")
            amounts = data.getlist(f"{name}_amount")
        else:
            currencies = data.get(f"{name}_currency", [])
            amounts = data.get(f"{name}_amount", [])
        return list(zip(currencies, amounts, strict=False))

    def value_omitted_from_data(self, data: Any, _files: Any, name: str) -> bool:
        """Say whether the form was sent without these rows."""
        return f"{name}_currency" not in data

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        """Let the label speak for the first amount."""
        return f"{id_}_0"

    def render(
        self, name: str, value: Any, attrs: Any = None, _renderer: Any = None, **_kw: Any
    ) -> SafeString:
        """Show a row for each currency, and one to begin with."""
        rows = list(value.items()) if isinstance(value, dict) else list(value or [])
        context = {
            "name": name,
            "id": (attrs or {}).get("id", f"id_{name}"),
            "rows": rows or [(self.currency, "")],
            "css": " ".join(INPUT_CLASSES),
            "described_by": (attrs or {}).get("aria-describedby", ""),
            "label": self.attrs.get("aria-label", ""),
        }
        # Our own template, so not by the form renderer, which knows Django's only.
        return render_to_string(self.template_name, context)


class MoneyByCurrency(forms.Field):
    """Money per currency as the contract writes it: `{"USD": "10.00"}`, in the order typed.

    Whether a currency exists and an amount fits it, the contract says.
    """

    widget = MoneyRows
    default_error_messages = {"twice": _("%(currency)s stands here twice.")}

    def to_python(self, value: Any) -> dict[str, str] | None:
        """Keep the rows with an amount; None where there is none."""
        found: dict[str, str] = {}
        for currency, amount in value.items() if isinstance(value, dict) else value or []:
            code, text = currency.strip().upper(), amount.strip()
            if not text:
                continue
            if code in found:
                raise forms.ValidationError(
                    self.error_messages["twice"], code="twice", params={"currency": code}
                )
            found[code] = text
        return found or None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare what the rows say."""
        return (initial or None) != self.to_python(data)
