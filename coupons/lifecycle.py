"""The life of a coupon: tested, reviewed, published, paused, resumed, ended.

One verb each, as the table in `states` has them. Every verb locks the coupon's row first (the
only rows this module locks), checks the state, and writes the journal with the change.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from coupons import checking, definition, journal, moving, reach, reviewing, reviewing_rights
from coupons.errors import FieldError, NotAllowed, NotPublishable, WrongState
from coupons.models import Coupon, CouponCounter, CouponVersion, State
from coupons.states import IN_WORDS, MOVES, Move, ReasonAsked


def test(*, coupon: Coupon, by: str, at: datetime) -> Coupon:
    """Open a draft to test customers, and to them alone."""
    return _moved("test", coupon=coupon, by=by, at=at)


def withdraw(*, coupon: Coupon, by: str, at: datetime, reason: str = "") -> Coupon:
    """Take a coupon back from its test, its review or its approval: it is a draft again."""
    return _moved("withdraw", coupon=coupon, by=by, at=at, reason=reason)


def submit(*, coupon: Coupon, by: str, at: datetime, reason: str = "") -> Coupon:
    """Hand a draft, tested or not, to those who may approve it, with a comment if there is one."""
    return _moved("submit", coupon=coupon, by=by, at=at, reason=reason)


def approve(
    *,
    coupon: Coupon,
    by: str,
    at: datetime,
    reason: str = "",
    seen_version: int | None = None,
) -> Coupon:
    """Approve the version in review; it may be published from then on.

    Raises `WrongState`, also where `seen_version` is not that version any more, and
    `NotAllowed` for those who wrote or submitted it.
    """
    move = MOVES["approve"]
    with transaction.atomic():
        coupon = _begun(move=move, coupon=coupon, at=at)
        _refuse_unseen(coupon=coupon, seen_version=seen_version)
        reviewing.refuse_own(coupon=coupon, by=by)
        _refuse_outsiders(coupon=coupon, by=by)
        return _done(move=move, coupon=coupon, by=by, at=at, reason=reason)


def refuse(
    *,
    coupon: Coupon,
    by: str,
    at: datetime,
    reason: str,
    seen_version: int | None = None,
) -> Coupon:
    """Give a coupon in review back to its authors as a draft, saying why.

    Raises `WrongState` like `approve`, `Invalid` without a reason, and `NotAllowed` for those
    who may not judge it.
    """
    move = MOVES["refuse"]
    with transaction.atomic():
        coupon = _begun(move=move, coupon=coupon, at=at)
        _refuse_unseen(coupon=coupon, seen_version=seen_version)
        _refuse_outsiders(coupon=coupon, by=by)
        return _done(move=move, coupon=coupon, by=by, at=at, reason=reason)


def publish(
    *, coupon: Coupon, by: str, at: datetime, accepted: Collection[str] | None = None
) -> Coupon:
    """Make a coupon live, from its start on, or from now if it names none.

    `accepted` are the ticks of the warnings that a person accepted: one that is not among
    them stops it. Without it, as for a program, warnings stop nothing.
    Raises `WrongState`, and `NotPublishable` with what is missing: where the merchant wants
    reviews, the approval.
    """
    move = MOVES["publish"]
    with transaction.atomic():
        coupon = _begun(move=move, coupon=coupon, at=at)
        if coupon.merchant.reviews_required and coupon.state != State.APPROVED:
            raise NotPublishable(
                errors=[FieldError("review", "A person has to approve this coupon first.")]
            )
        if coupon.merchant.reviewed_by_platform and coupon.state != State.APPROVED:
            raise NotPublishable(
                errors=[FieldError("review", "The platform has to approve this coupon first.")]
            )
        warned = _refuse_unfit(coupon=coupon, accepted=accepted, at=at)
        coupon.published_at = at
        coupon.starts_at = coupon.starts_at or at
        moving.take_over(coupon=coupon, end=end, by=by, at=at)
        told = {"accepted": [each.as_data() for each in warned]} if warned else {}
        return _done(move=move, coupon=coupon, by=by, at=at, told=told)


def pause(*, coupon: Coupon, by: str, at: datetime, reason: str = "") -> Coupon:
    """Stop new claims and the shared code; claimed codes go on working."""
    return _moved("pause", coupon=coupon, by=by, at=at, reason=reason)


def resume(*, coupon: Coupon, by: str, at: datetime, reason: str = "") -> Coupon:
    """Let a paused coupon go on."""
    return _moved("resume", coupon=coupon, by=by, at=at, reason=reason)


def end(*, coupon: Coupon, by: str, at: datetime, reason: str = "") -> Coupon:
    """End a coupon before its time, for good; claimed codes go on working."""
    return _moved("end", coupon=coupon, by=by, at=at, reason=reason)


#: What does each move of the table.
VERBS: Mapping[str, Callable[..., Coupon]] = {
    "test": test,
    "withdraw": withdraw,
    "submit": submit,
    "approve": approve,
    "refuse": refuse,
    "publish": publish,
    "pause": pause,
    "resume": resume,
    "end": end,
}


def current_definition(coupon: Coupon) -> dict[str, Any]:
    """Return the definition of the coupon's present version."""
    newest = CouponVersion.objects.get(coupon=coupon, version=coupon.version)
    return definition.completed(newest.definition)


def locked(*, coupon: Coupon) -> Coupon:
    """Lock a coupon's row until the transaction ends; return it as it is now."""
    return (
        Coupon.objects.select_for_update(of=("self",), no_key=True)
        .select_related("merchant")
        .get(pk=coupon.pk)
    )


def _moved(verb: str, *, coupon: Coupon, by: str, at: datetime, reason: str = "") -> Coupon:
    move = MOVES[verb]
    with transaction.atomic():
        coupon = _begun(move=move, coupon=coupon, at=at)
        return _done(move=move, coupon=coupon, by=by, at=at, reason=reason)


def _begun(*, move: Move, coupon: Coupon, at: datetime) -> Coupon:
    """Lock the coupon; raise unless the move starts from where it stands."""
    coupon = locked(coupon=coupon)
    state = coupon.state_at(at)
    if state not in move.starts:
        raise WrongState(move.refusal.format(state=IN_WORDS[state]))
    return coupon


def _refuse_unseen(*, coupon: Coupon, seen_version: int | None) -> None:
    if seen_version is not None and seen_version != coupon.version:
        raise WrongState("Somebody else changed this coupon meanwhile; look at it again.")


def _refuse_outsiders(*, coupon: Coupon, by: str) -> None:
    """Where the platform reviews a shop, let nobody judge its coupons but the platform's staff."""
    if coupon.merchant.reviewed_by_platform and not reviewing_rights.actor_may_approve(
        merchant=coupon.merchant, actor=by
    ):
        raise NotAllowed("The platform has to approve this coupon first.")


def _done(
    *,
    move: Move,
    coupon: Coupon,
    by: str,
    at: datetime,
    reason: str = "",
    told: Mapping[str, Any] | None = None,
) -> Coupon:
    """Write the state that the move leads to, with all that follows from it."""
    words = reviewing.checked(
        text=reason, field="reason", is_required=move.reason is ReasonAsked.REQUIRED
    )
    coupon.state = move.leads
    coupon.updated_at = at
    coupon.save(update_fields=["state", "published_at", "starts_at", "updated_at"])
    # Nobody takes from the coupon who read it before this. It waits for those who are taking,
    # so once the move is answered none of them is to come.
    CouponCounter.objects.filter(coupon=coupon).update(revision=F("revision") + 1)
    reach.keep(coupon=coupon, definition=current_definition(coupon))
    if move.verdict:
        reviewing.say(coupon=coupon, verdict=move.verdict, text=words, by=by, at=at)
    journal.record(
        merchant=coupon.merchant,
        type=move.told,
        actor=by,
        at=at,
        coupon=coupon,
        data={**(told or {}), **({"reason": words} if words else {})},
    )
    return coupon


def _refuse_unfit(
    *, coupon: Coupon, accepted: Collection[str] | None, at: datetime
) -> list[checking.Finding]:
    """Refuse what cannot work, and what a person has not accepted; return what was."""
    wrong = checking.errors(coupon=coupon, at=at)
    if wrong:
        raise NotPublishable(errors=[FieldError(each.field, each.english) for each in wrong])
    if accepted is None:
        return []
    warned = checking.warnings(coupon=coupon, at=at)
    unseen = [each for each in warned if each.tick not in accepted]
    if unseen:
        raise NotPublishable(
            "Look at each warning and accept it.",
            errors=[FieldError(each.field, each.english) for each in unseen],
        )
    return warned
