"""The forms of an API key."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from coupons.admin.form_fields import Count, Lines, area
from coupons.models import Channel, Merchant
from redemption.keys import LONGEST_OVERLAP_HOURS, MOST_A_MINUTE
from redemption.models import ApiKey, KeyMethod, Scope


def networks_field() -> forms.Field:
    """Return the field for the networks that a key may be used from."""
    return Lines(
        label=_("Only from"),
        required=False,
        widget=area(3),
        help_text=_("IP addresses or networks, one a line: 192.0.2.0/24. Empty: from anywhere."),
    )


def rate_field() -> forms.Field:
    """Return the field for a key's own rate."""
    return Count(
        label=_("Calls a minute"),
        required=False,
        min_value=1,
        max_value=MOST_A_MINUTE,
        help_text=_("Empty: as many as every key may make."),
    )


class LimitsForm(forms.Form):
    """From where and how often a key may call."""

    allowed_networks = networks_field()
    rate_per_minute = rate_field()

    @classmethod
    def about(cls, key: ApiKey, typed: Any) -> "LimitsForm":
        """Return the form with what the key has now, or with what was typed."""
        now = {
            "allowed_networks": key.allowed_networks,
            "rate_per_minute": key.rate_per_minute,
        }
        return cls(typed, initial=now)


class RotationForm(forms.Form):
    """How long the old key works beside the new one."""

    overlap_hours = Count(
        label=_("The old key still works for (hours)"),
        initial=24,
        min_value=0,
        max_value=LONGEST_OVERLAP_HOURS,
        help_text=_(
            "Both work meanwhile, so that the program can change over. 0: the old one ends at once."
        ),
    )


class NewKeyForm(forms.Form):
    """What a new key may do."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Which program has it, for example “Web shop checkout”."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"), choices=Scope, widget=forms.CheckboxSelectMultiple
    )
    method = forms.ChoiceField(
        label=_("Redeems by"), choices=KeyMethod, widget=UnfoldAdminSelectWidget
    )
    channel = forms.ModelChoiceField(
        label=_("Sales channel"),
        queryset=Channel.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text=_("Where it is set, every cart counts as of this channel."),
    )

    allowed_networks = networks_field()
    rate_per_minute = rate_field()

    def __init__(self, *args: Any, merchant: Merchant | None, **kw: Any) -> None:
        super().__init__(*args, **kw)
        if merchant is not None:
            self.fields["channel"].queryset = Channel.objects.of(merchant).order_by("name")
