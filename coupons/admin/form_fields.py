"""The kinds of field that the console's own forms are made of, in the console's look."""

from collections.abc import Iterable
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)


class Text(forms.CharField):
    """One line of text."""

    widget = UnfoldAdminTextInputWidget


class Count(forms.IntegerField):
    """A whole number."""

    widget = UnfoldAdminIntegerFieldWidget


class Lines(forms.CharField):
    """Several entries, one a line or separated by commas; read as a list."""

    widget = UnfoldAdminTextInputWidget
    #: What parts entries, beside the end of a line.
    separators = ",，、;；"

    def to_python(self, value: Any) -> list[str]:
        """Split what was typed; full-width commas and 、 part entries too."""
        if isinstance(value, list):
            return value
        text = super().to_python(value) or ""
        for separator in self.separators:
            text = text.replace(separator, "\n")
        return [entry.strip() for entry in text.splitlines() if entry.strip()]

    def prepare_value(self, value: Any) -> str:
        """Show a list one entry a line, or with commas where there is one line only."""
        if isinstance(value, list):
            one_line = not isinstance(self.widget, forms.Textarea)
            return (", " if one_line else "\n").join(value)
        return value


def area(rows: int = 4) -> UnfoldAdminTextareaWidget:
    """Make room for several lines."""
    return UnfoldAdminTextareaWidget(attrs={"rows": rows})


def radios(
    label: Any,
    choices: Iterable[tuple[str, Any]],
    initial: str,
    model: str,
    *,
    required: bool = True,
) -> forms.ChoiceField:
    """Offer a few choices side by side; `model` is what the page calls the one chosen."""
    return forms.ChoiceField(
        label=label,
        choices=choices,
        initial=initial,
        required=required,
        widget=forms.RadioSelect({"x-model": model}),
    )


def select(
    label: Any, choices: Iterable[tuple[str, Any]], help_text: Any = "", *, model: str = ""
) -> forms.ChoiceField:
    """Offer one of a list; nothing chosen is the contract's default, which comes first."""
    return forms.ChoiceField(
        label=label,
        choices=choices,
        required=False,
        widget=UnfoldAdminSelectWidget({"x-model": model} if model else None),
        help_text=help_text,
    )


def ticks(label: Any, choices: Iterable[tuple[str, Any]] = ()) -> forms.MultipleChoiceField:
    """Offer boxes to tick."""
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple
    )


def flag(label: Any, help_text: Any = "") -> forms.BooleanField:
    """Ask yes or no."""
    return forms.BooleanField(label=label, required=False, help_text=help_text)


def date_input() -> forms.DateInput:
    """Make the browser's own calendar."""
    look = UnfoldAdminTextInputWidget().attrs["class"]
    return forms.DateInput({"type": "date", "class": look}, format="%Y-%m-%d")


def time_input() -> forms.TimeInput:
    """Make the browser's own clock."""
    look = UnfoldAdminTextInputWidget().attrs["class"]
    return forms.TimeInput({"type": "time", "class": look}, format="%H:%M")
