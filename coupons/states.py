"""The life of a coupon as a table: each verb, from where, to where, and who may.

`lifecycle` does what stands here; the console's buttons and the API's addresses are made from
it. Scheduled, live and expired are one stored state read with the clock, so nothing has to
happen for a coupon to start or to run out.
"""

from dataclasses import dataclass
from enum import StrEnum

from coupons.models import Review, State
from coupons.staff import Right


class ReasonAsked(StrEnum):
    """Whether a verb asks why."""

    NEVER = "never"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One verb of a coupon's life."""

    verb: str
    #: The states, read with the clock, that it starts from.
    starts: frozenset[State]
    #: The stored state that it leads to.
    leads: State
    #: What the journal calls it.
    told: str
    #: What a person needs in the console, and a program's key in the API; None is no address.
    right: Right
    scope: str | None
    reason: ReasonAsked = ReasonAsked.OPTIONAL
    #: What it says to the thread of reviews.
    verdict: Review.Verdict | None = None
    #: What whoever is too late is told.
    refusal: str


#: Not out yet: nobody but test customers has it, so everything may still change.
UNPUBLISHED = (State.DRAFT, State.TESTING, State.IN_REVIEW, State.APPROVED)
#: What a change makes a draft again: a reviewer answers for what he has seen.
REVIEWED = (State.IN_REVIEW, State.APPROVED)

MOVES = {
    move.verb: move
    for move in (
        Move(
            verb="publish",
            starts=frozenset(UNPUBLISHED),
            leads=State.LIVE,
            told="coupon.published",
            right=Right.PUBLISH,
            scope="publish",
            reason=ReasonAsked.NEVER,
            refusal="A coupon that is {state} cannot be published.",
        ),
        Move(
            verb="approve",
            starts=frozenset({State.IN_REVIEW}),
            leads=State.APPROVED,
            told="coupon.approved",
            right=Right.PUBLISH,
            scope=None,
            verdict=Review.Verdict.APPROVED,
            refusal="A coupon that is {state} cannot be approved.",
        ),
        Move(
            verb="refuse",
            starts=frozenset({State.IN_REVIEW}),
            leads=State.DRAFT,
            told="coupon.refused",
            right=Right.PUBLISH,
            scope=None,
            reason=ReasonAsked.REQUIRED,
            verdict=Review.Verdict.REFUSED,
            refusal="A coupon that is {state} cannot be refused.",
        ),
        Move(
            verb="submit",
            starts=frozenset({State.DRAFT, State.TESTING}),
            leads=State.IN_REVIEW,
            told="coupon.submitted",
            right=Right.CHANGE,
            scope="manage",
            verdict=Review.Verdict.SUBMITTED,
            refusal="A coupon that is {state} cannot be submitted.",
        ),
        Move(
            verb="test",
            starts=frozenset({State.DRAFT}),
            leads=State.TESTING,
            told="coupon.tested",
            right=Right.CHANGE,
            scope="manage",
            reason=ReasonAsked.NEVER,
            refusal="A coupon that is {state} cannot be tested.",
        ),
        Move(
            verb="withdraw",
            starts=frozenset({State.TESTING, State.IN_REVIEW, State.APPROVED}),
            leads=State.DRAFT,
            told="coupon.withdrawn",
            right=Right.CHANGE,
            scope="manage",
            refusal="A coupon that is {state} cannot become a draft.",
        ),
        Move(
            verb="resume",
            starts=frozenset({State.PAUSED}),
            leads=State.LIVE,
            told="coupon.resumed",
            right=Right.PUBLISH,
            scope="manage",
            refusal="A coupon that is {state} cannot be resumed.",
        ),
        Move(
            verb="pause",
            starts=frozenset({State.SCHEDULED, State.LIVE}),
            leads=State.PAUSED,
            told="coupon.paused",
            right=Right.CHANGE,
            scope="manage",
            refusal="A coupon that is {state} cannot be paused.",
        ),
        Move(
            verb="end",
            starts=frozenset({State.SCHEDULED, State.LIVE, State.PAUSED}),
            leads=State.ENDED,
            told="coupon.ended",
            right=Right.CHANGE,
            scope="manage",
            refusal="A coupon that is {state} cannot be ended.",
        ),
    )
}

#: A state as a refusal names it.
IN_WORDS = {
    State.DRAFT: "a draft",
    State.TESTING: "under test",
    State.IN_REVIEW: "in review",
    State.APPROVED: "approved",
    State.SCHEDULED: "scheduled",
    State.LIVE: "live",
    State.PAUSED: "paused",
    State.ENDED: "ended",
    State.EXPIRED: "expired",
}
