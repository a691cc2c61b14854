"""Marking a coupon as used on an order that the shop has already: for odd orders, by a person.

It is a redemption like any other: every condition and limit holds. Who may is who may change
redemptions and redeem that coupon by hand; their word stands for any further proof.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from coupons import coding, redeemers
from coupons.caller import Caller, staff_actor
from coupons.errors import FieldError, Invalid, NotAllowed
from coupons.models import Coupon, Membership, Merchant, Role, User
from coupons.staff import Area, Right, may
from redemption import checkout, qualifying, recording, refusing
from redemption.desk import code_of
from redemption.models import Method, Order
from redemption.shapes import AppliedAnswer, RedemptionBody, RejectedAnswer
from redemption.statements import Statement
from redemption.trial import cart_of_order

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Usable:
    """What an order could use still, the largest saving first, and what was typed and cannot."""

    usable: list[AppliedAnswer]
    refused: list[RejectedAnswer]


def usable(*, user: User, order: Order, code: str, as_placed: bool, at: datetime) -> Usable:
    """Find the coupons an order could use, with a code that was typed; changes nothing.

    Only those are told that the person may redeem. `as_placed` judges at the order's time.
    """
    body = msgspec.structs.replace(
        cart_of_order(order=order), codes=[code] if code else [], order=order.ref
    )
    found = qualifying.qualifications(
        caller=_caller(user=user, merchant=order.merchant),
        body=body,
        at=_judged_at(order=order, as_placed=as_placed, at=at),
    )
    named = {each.coupon for each in found.usable}
    mine = redeemers.redeemable_by(user=user, merchant=order.merchant)
    slugs = set(mine.filter(slug__in=named).values_list("slug", flat=True))
    typed = coding.normal_form(code)
    return Usable(
        usable=[each for each in found.usable if each.coupon in slugs],
        refused=[each for each in found.unusable if each.code == typed],
    )


def mark(
    *, user: User, order: Order, code: str, reason: str, as_placed: bool, at: datetime
) -> uuid.UUID:
    """Use a code on an order, and return the redemption; a second time is the same one.

    Judged now, or with `as_placed` at the order's time, which the journal tells. Raises
    `Invalid` without a code or a reason, `NotAllowed`, and what `checkout.redeem` raises; then
    nothing is written.
    """
    wrong = []
    if not code.strip():
        wrong.append(FieldError("code", "Choose a coupon, or type a code."))
    if not reason.strip():
        wrong.append(FieldError("reason", "Say why it is marked as used."))
    if wrong:
        raise Invalid(errors=wrong)
    body = msgspec.convert(
        {**msgspec.structs.asdict(cart_of_order(order=order)), "codes": [code], "order": order.ref},
        RedemptionBody,
    )
    common: dict[str, Any] = {"user_id": user.pk, "order": order, "body": body, "at": at}

    def attempt() -> uuid.UUID:
        with noted:
            return _marked(**common, reason=reason.strip()[:LONGEST_REASON], as_placed=as_placed)

    with refusing.kept() as noted:
        return checkout.retried(attempt, at=at)


def _marked(
    *,
    user_id: int,
    order: Order,
    body: RedemptionBody,
    reason: str,
    as_placed: bool,
    at: datetime,
) -> uuid.UUID:
    # Read anew: a right that was taken a moment ago is gone.
    user = User.objects.get(pk=user_id)
    code = code_of(merchant=order.merchant, text=body.codes[0])
    if not _may_mark(user=user, merchant=order.merchant) or (
        code is not None and not redeemers.may_redeem(user=user, coupon=code.coupon)
    ):
        raise NotAllowed("You may not redeem this coupon.")
    when = _judged_at(order=order, as_placed=as_placed, at=at)
    caller = _caller(user=user, merchant=order.merchant)
    coupon = code.coupon if code else None
    done = checkout.redeem(
        caller=caller,
        body=body,
        at=when,
        beside=partial(
            _told, caller=caller, order=order, coupon=coupon, reason=reason, judged_at=when, at=at
        ),
        proven={coupon.pk} if coupon else (),
    )
    return uuid.UUID(done.answer.id)


def _told(
    redemption: uuid.UUID,
    _answer: bytes,
    *,
    caller: Caller,
    order: Order,
    coupon: Coupon | None,
    reason: str,
    judged_at: datetime,
    at: datetime,
) -> list[Statement]:
    """Tell who marked it, why, and by which time it was judged."""
    told = recording.beside(
        redemption=redemption,
        type="redemption.marked",
        merchant=order.merchant_id,
        actor=caller.actor,
        at=at,
        coupon=coupon.pk if coupon else None,
        customer=order.customer.ref if order.customer else None,
        data={"order": order.ref, "reason": reason, "judged_at": judged_at.isoformat()},
    )
    return [told]


def _may_mark(*, user: User, merchant: Merchant) -> bool:
    if not user.is_active:
        return False
    if user.is_superuser:
        return True
    row = Membership.objects.of(merchant).filter(user=user).first()
    role = Role(row.role) if row else None
    return may(role=role, area=Area.REDEMPTIONS, right=Right.CHANGE)


def _caller(*, user: User, merchant: Merchant) -> Caller:
    return Caller(merchant=merchant, actor=staff_actor(user), method=Method.MANUAL.value)


def _judged_at(*, order: Order, as_placed: bool, at: datetime) -> datetime:
    return min(order.placed_at, at) if as_placed else at
