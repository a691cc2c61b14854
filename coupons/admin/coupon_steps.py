"""The steps of a coupon's life as buttons: who may press them, when, and what they do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from coupons import issuing, lifecycle, reviewing
from coupons.models import Coupon, Role, State
from coupons.staff import Area, may
from coupons.states import MOVES, Move, ReasonAsked

REASON = _("Reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One button on the coupon's page."""

    slug: str
    label: Any
    #: What will happen, said before it does.
    effect: Any
    done: Any
    look: str = "plain"
    #: Names the reason's field, where the move asks for one.
    reason: Any = REASON
    #: Whoever judges answers for the version on the page.
    is_judgement: bool = False

    @property
    def move(self) -> Move:
        """Return what the table of states says of it."""
        return MOVES[self.slug]

    @property
    def verb(self) -> Callable[..., Coupon]:
        """Return what does it."""
        return lifecycle.VERBS[self.slug]

    def is_offered(self, *, coupon: Coupon, role: Role | None, at: datetime) -> bool:
        """Say whether a role may press it on a coupon as it stands."""
        shop = coupon.merchant
        if self.is_judgement and shop.reviewed_by_platform:
            return False
        if self.slug == "publish" and (shop.reviews_required or shop.reviewed_by_platform):
            ready = coupon.state == State.APPROVED
        else:
            ready = coupon.state_at(at) in self.move.starts
        return ready and may(role=role, area=Area.COUPONS, right=self.move.right)


#: In the order of the buttons.
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
            look="primary",
        ),
        Step(
            slug="approve",
            label=_("Approve"),
            effect=_(
                "It may be published as it is now. Any change makes it a draft again, which "
                "needs another approval."
            ),
            done=_("“%(name)s” is approved. It can be published now."),
            look="primary",
            reason=_("Comment"),
            is_judgement=True,
        ),
        Step(
            slug="refuse",
            label=_("Refuse"),
            effect=_("It becomes a draft again. Its authors see the reason on its page."),
            done=_("“%(name)s” is a draft again."),
            look="danger",
            is_judgement=True,
        ),
        Step(
            slug="submit",
            label=_("Submit for review"),
            effect=_(
                "It stands in the list of the reviewers. Somebody who neither wrote nor "
                "submitted it can approve it; any change makes it a draft again."
            ),
            done=_("“%(name)s” is in review."),
            reason=_("Comment for the reviewers"),
        ),
        Step(
            slug="test",
            label=_("Test"),
            effect=_(
                "Test customers can use it in the shop, nobody else. Nothing they do counts: no "
                "limit, no budget, no report, and their codes stay good."
            ),
            done=_("Test customers can use “%(name)s” now."),
        ),
        Step(
            slug="withdraw",
            label=_("Back to draft"),
            effect=_(
                "It leaves its test, its review or its approval, and can be changed and "
                "submitted again."
            ),
            done=_("“%(name)s” is a draft again."),
        ),
        Step(
            slug="resume",
            label=_("Resume"),
            effect=_("Customers can claim and use it again until it ends."),
            done=_("“%(name)s” goes on."),
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
        ),
        Step(
            slug="end",
            label=_("End"),
            effect=_(
                "It is over for good and cannot be resumed. Codes that customers have claimed "
                "go on working until their time is up."
            ),
            done=_("“%(name)s” has ended."),
            look="danger",
        ),
    )
}


class StepForm(forms.Form):
    """What a step asks for before it is taken: a reason, and the version that is judged."""

    reason = forms.CharField(
        label=REASON,
        required=False,
        max_length=reviewing.MOST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, step: Step, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = step.move.reason
        self.fields["reason"].label = step.reason
        self.fields["reason"].required = asked is ReasonAsked.REQUIRED
        if asked is ReasonAsked.NEVER:
            del self.fields["reason"]
        if not step.is_judgement:
            del self.fields["seen_version"]


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
        help_text=_(
            "SUMMER-####-####, where # is a random character. [0-9] is one of a class, {4} says "
            "how often, and * is a check character. Empty: a safe one."
        ),
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
