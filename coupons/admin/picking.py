"""A field of many products or categories: chosen one by one from a search, or pasted.

The page's script shows what is chosen as chips with a search box; without it the field
is what it sends: lines of text.
"""

import json
from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextareaWidget

from coupons.admin.form_fields import Lines


class PickerArea(UnfoldAdminTextareaWidget):
    """Lines of text, and where the script asks for what may stand in them."""

    def __init__(self, address: Any) -> None:
        super().__init__(attrs={"rows": 4})
        self.address = address

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        """Name the address, and the script's words in the reader's language."""
        words = {
            "search": _("Search, or paste many"),
            "chosen": _("Chosen"),
            "remove": _("Remove %s"),
            "asIs": _("Take “%s” as it is"),
            "unknown": _("not in the catalogue"),
            "found": _("%s found; choose with the arrow keys and Enter"),
            "none": _("Nothing found."),
            "added": _("%s added"),
            "removed": _("%s removed"),
            "rest": _("and %s more"),
            "asList": _("Edit as a list"),
            "asChips": _("Back to the search"),
            "removeAll": _("Remove all"),
        }
        attrs = {"data-picker": str(self.address), "data-words": json.dumps(words)}
        found: dict[str, Any] = super().build_attrs(base_attrs, {**(extra_attrs or {}), **attrs})
        return found


class Picked(Lines):
    """Several products or categories, each once, in the order chosen."""

    def __init__(self, *, address: str, **options: Any) -> None:
        widget = PickerArea(reverse_lazy(address))
        super().__init__(required=False, widget=widget, **options)

    def to_python(self, value: Any) -> list[str]:
        """Keep the first of each."""
        return list(dict.fromkeys(super().to_python(value)))


def products(label: Any, help_text: Any = "") -> Picked:
    """Ask for products by SKU."""
    return Picked(address="admin:coupons_product_offers", label=label, help_text=help_text)


def categories(label: Any, help_text: Any = "") -> Picked:
    """Ask for categories by path; paths may hold commas, so each has a line of its own."""
    field = Picked(address="admin:coupons_category_offers", label=label, help_text=help_text)
    field.separators = ""
    return field
