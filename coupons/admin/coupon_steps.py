"""The steps of a coupon's life as buttons: who may press them, when, and what they do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from coupons import issuing, lifecycle
from coupons.models import Coupon, State
from coupons.staff import Right


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One button on the coupon's page."""

    slug: str
    label: Any
    #: What will happen, said before it does.
    effect: Any
    done: Any
    verb: Callable[..., Any]
    right: Right
    #: The states in which it is offered.
    states: frozenset[State]
    look: str = "plain"


STEPS = {
    step.slug: step
    for step in (
        Step(
            slug="publish",
            label=_("Publish"),
            effect=_(
                "From its start on, customers can use it. Once codes are out, only its wording, "
                "a later end and more stock can be changed."
            ),
            done=_("“%(name)s” is published."),
            verb=lifecycle.publish,
            right=Right.PUBLISH,
            states=frozenset({State.DRAFT, State.TESTING, State.IN_REVIEW}),
            look="primary",
        ),
        Step(
            slug="pause",
            label=_("Pause"),
            effect=_(
                "The shared code stops working and nobody can claim it. Codes that customers "
                "have claimed go on working. You can resume it at any time."
            ),
            done=_("“%(name)s” is paused."),
            verb=lifecycle.pause,
            right=Right.CHANGE,
            states=frozenset({State.LIVE, State.SCHEDULED}),
        ),
        Step(
            slug="resume",
            label=_("Resume"),
            effect=_("Customers can claim and use it again until it ends."),
            done=_("“%(name)s” goes on."),
            verb=lifecycle.resume,
            right=Right.PUBLISH,
            states=frozenset({State.PAUSED}),
            look="primary",
        ),
        Step(
            slug="end",
            label=_("End"),
            effect=_(
                "It is over for good and cannot be resumed. Codes that customers have claimed "
                "go on working until their time is up."
            ),
            done=_("“%(name)s” has ended."),
            verb=lifecycle.end,
            right=Right.CHANGE,
            states=frozenset({State.LIVE, State.SCHEDULED, State.PAUSED}),
            look="danger",
        ),
    )
}


class IssueForm(forms.Form):
    """How many codes to make, and how they look."""

    count = forms.IntegerField(
        label=_("Number of codes"),
        min_value=1,
        initial=1_000,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    pattern = forms.CharField(
        label=_("Pattern"),
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("SUMMER-####-####, where # is a random character. Empty: a safe one."),
    )

    def issue(self, *, coupon: Coupon, by: str, at: datetime) -> None:
        """Start making the codes."""
        issuing.start_batch(
            coupon=coupon,
            count=self.cleaned_data["count"],
            pattern=self.cleaned_data["pattern"] or None,
            by=by,
            at=at,
        )
