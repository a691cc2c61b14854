"""The fields of a coupon's face: colour, picture, texts in other languages, what follows it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from coupons.admin.form_fields import Text, area
from coupons.admin.repeated import Entry, Repeated
from coupons.colors import DEFAULT, PALETTE
from coupons.models import Merchant, Picture

#: Pictures offered to choose from, the newest.
OFFERED = 12
OWN = "own"
COLOR_NAMES = {
    "red": _("Red"),
    "orange": _("Orange"),
    "gold": _("Gold"),
    "green": _("Green"),
    "teal": _("Teal"),
    "blue": _("Blue"),
    "purple": _("Purple"),
    "pink": _("Pink"),
    "black": _("Black"),
}
_labelled = lazy(format_html, str)


def _swatch(color: str, name: Any) -> Any:
    dot = '<span class="hx-dot" style="background-color: {}"></span> {}'
    return _labelled(dot, color, name)


class TextEntry(Entry):
    """Description and thank-you in one language."""

    language = Text(label=_("Language"), required=False, max_length=35)
    description = forms.CharField(label=_("Description"), required=False, widget=area(2))
    thank_you = forms.CharField(label=_("Thank-you"), required=False, widget=area(2))


class FaceFields(forms.Form):
    """How it looks to shoppers."""

    face_color = forms.ChoiceField(
        label=_("Colour"),
        required=False,
        widget=forms.RadioSelect({"x-model": "color"}),
        choices=[
            *((name, _swatch(PALETTE[name], label)) for name, label in COLOR_NAMES.items()),
            (OWN, _("A colour of your own")),
        ],
        initial=DEFAULT,
    )
    face_own_color = forms.CharField(
        label=_("Your own colour"),
        required=False,
        max_length=7,
        widget=forms.TextInput({"type": "color", "class": "hx-color"}),
    )
    face_picture = forms.CharField(required=False, widget=forms.HiddenInput)
    texts = Repeated(
        TextEntry,
        label=_("Texts in other languages"),
        add=_("Add a language"),
        help_text=_("The language as a tag, such as zh-hans or de."),
    )
    follow_up = Text(
        label=_("Offered after it was used"),
        required=False,
        max_length=80,
        widget=UnfoldAdminTextInputWidget({"list": "hx-coupons", "autocomplete": "off"}),
        help_text=_("Another coupon by its slug; the checkout shows it after this one."),
    )


def face_typed(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a definition's face back into what a person would have chosen."""
    face = definition.get("face") or {}
    color = face.get("color") or DEFAULT
    named = color in PALETTE
    return {
        "face_color": color if named else OWN,
        "face_own_color": PALETTE[color] if named else color,
        "face_picture": face.get("picture"),
        "texts": [
            {"language": language, **text}
            for language, text in (definition.get("texts") or {}).items()
        ],
        "follow_up": definition.get("follow_up"),
    }


def face_body(data: Mapping[str, Any], *, stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what was typed as the contract writes it; the house's own colour is none."""
    chosen = data["face_color"]
    color = data["face_own_color"] if chosen == OWN else chosen
    was = ((stored or {}).get("face") or {}).get("color")
    if color == DEFAULT and was is None:
        color = None
    return {
        "face": {"color": color or None, "picture": data["face_picture"] or None},
        "texts": {
            each["language"]: {name: each[name] for name in ("description", "thank_you")}
            for each in data["texts"]
        },
        "follow_up": data["follow_up"].strip() or None,
    }


def offered_pictures(merchant: Merchant, *, chosen: str = "") -> list[str]:
    """Name the merchant's newest pictures by id, and the one chosen."""
    rows = Picture.objects.of(merchant).order_by("-created_at")
    found = [str(pk) for pk in rows.values_list("pk", flat=True)[:OFFERED]]
    return [chosen, *(pk for pk in found if pk != chosen)] if chosen else found
