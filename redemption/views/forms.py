"""What is typed at the desk."""

import re
import unicodedata
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from coupons.models import Merchant
from redemption.desk import Purchase
from redemption.desk_proofs import Given
from redemption.scanning import MAX_TEXT, code_of
from redemption.trial import Goods

MOST_GOODS = 50
#: Rows to type goods into; the page adds more.
FIRST_GOODS = 2
GOODS = ("sku", "quantity", "unit_price")


#: How keyboards of many countries part the decimals.
_COMMA = re.compile(r"(\d+),(\d{1,2})\Z")


def amount_of(*, text: str) -> str:
    """Write an amount as the contract has it: full-width digits and `12,50` are understood."""
    return _COMMA.sub(r"\1.\2", unicodedata.normalize("NFKC", text).strip())


class PurchaseForm(forms.Form):
    """A code, and what is bought; the same fields check and redeem."""

    code = forms.CharField(max_length=MAX_TEXT, required=False, label=_("Code"))
    total = forms.CharField(max_length=24, required=False, label=_("Total to pay"))
    currency = forms.ChoiceField(required=False, label=_("Currency"))
    customer = forms.CharField(max_length=100, required=False, label=_("Customer or phone number"))
    order = forms.CharField(max_length=100, required=False, label=_("Order"))
    country = forms.CharField(max_length=2, required=False, label=_("Country"))
    payment_method = forms.CharField(max_length=100, required=False, label=_("Way of paying"))
    photo = forms.FileField(required=False, label=_("Photo of the code"))

    def __init__(self, *args: Any, merchant: Merchant, **more: Any) -> None:
        super().__init__(*args, **more)
        names = [merchant.currency, *merchant.currencies]
        currency = self.fields["currency"]
        currency.choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        self.has_currencies = len(names) > 1

    def goods(self) -> list[dict[str, str]]:
        """Return the goods typed, or some empty rows to type them into."""
        data = self.data if isinstance(self.data, QueryDict) else QueryDict()
        columns = [data.getlist(name)[:MOST_GOODS] for name in GOODS]
        rows = [dict(zip(GOODS, row, strict=True)) for row in zip(*columns, strict=False)]
        named = [row for row in rows if row["sku"].strip()]
        return named or [dict.fromkeys(GOODS, "")] * FIRST_GOODS

    def has_more(self) -> bool:
        """Say whether anything stands in the part that is folded at first."""
        more = ("customer", "order", "country", "payment_method")
        goods = any(row["sku"] for row in self.goods())
        return goods or any(self.data.get(name) for name in more)

    def clean(self) -> dict[str, Any]:
        """Refuse quantities that are no numbers, and text that no database takes."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for row in self.goods():
            quantity = row["quantity"].strip() or "1"
            if not (
                quantity.isascii() and quantity.isdecimal() and 1 <= int(quantity[:7]) <= 10**6
            ):
                self.add_error(None, _("A quantity is a whole number of 1 or more."))
        if any("\x00" in cell for row in self.goods() for cell in row.values()):
            self.add_error(None, _("The goods have characters that cannot be typed."))
        return data

    def purchase(self, *, code: str = "") -> Purchase:
        """Return what was typed; `code` in place of the field's, where a photo had one."""
        data = self.cleaned_data
        goods = [
            Goods(
                sku=row["sku"].strip()[:100],
                quantity=int(row["quantity"].strip() or "1"),
                unit_price=amount_of(text=row["unit_price"])[:24] or None,
            )
            for row in self.goods()
            if row["sku"]
        ]
        return Purchase(
            code=code or code_of(text=data["code"]),
            total=amount_of(text=data["total"]),
            goods=goods,
            currency=data["currency"],
            customer=data["customer"].strip(),
            order=data["order"].strip(),
            country=data["country"],
            payment_method=data["payment_method"].strip(),
            language=get_language() or "en",
        )


def fields_of(*, purchase: Purchase) -> list[tuple[str, str]]:
    """Return the fields that say a purchase once more, for the button that redeems it."""
    goods = [(name, str(getattr(each, name) or "")) for each in purchase.goods for name in GOODS]
    names = ("code", "total", "currency", "customer", "order", "country", "payment_method")
    return [*((name, getattr(purchase, name)) for name in names), *goods]


def proof_given(sent: QueryDict) -> Given:
    """Return what was typed as one more proof."""
    chosen = sent.get("supervisor", "")
    pin = sent.get("supervisor_pin", "").strip()[:20]
    return Given(
        code=sent.get("proof_code", "").strip()[:20],
        supervisor=int(chosen) if pin and chosen.isascii() and chosen.isdecimal() else None,
        pin=pin,
    )
