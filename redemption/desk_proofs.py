"""What a person at the desk does for one more proof: ask the customer, or a supervisor.

Either is done before the redemption, so that wrong tries stay counted when it is refused.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.models import Customer
from coupons import pins, redeemers, seats
from coupons.caller import staff_actor
from coupons.errors import NotAllowed, NotFound
from coupons.models import Role
from coupons.staff import Area, Right, may
from redemption import desk, messages, proving
from redemption.desk import Clerk, Purchase, code_of, customer_of, press_of
from redemption.errors import WrongProof
from redemption.pressing import Pressed

SUPERVISING = [role for role in Role if may(role=role, area=Area.REDEMPTIONS, right=Right.CHANGE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was typed as a proof: the customer's code, or a supervisor's PIN."""

    code: str = ""
    #: A membership's id.
    supervisor: int | None = None
    pin: str = ""


def redeem(
    *, clerk: Clerk, purchase: Purchase, press: uuid.UUID, given: Given, at: datetime
) -> uuid.UUID:
    """Redeem as `desk.redeem` does, with the proof that was given, if any.

    Raises what that does, and `WrongProof`, `NotFound` for who supervises nothing, `WrongPin`,
    `PinLocked`, and `OwnApproval` for the clerk's own PIN.
    """
    common: dict[str, Any] = {"clerk": clerk, "purchase": purchase, "at": at}
    proof_id = None
    try:
        if given.code:
            proof_id = _from_customer(**common, press=press, code=given.code)
        elif given.supervisor is not None:
            proof_id = _from_supervisor(**common, supervisor=given.supervisor, pin=given.pin)
    except Pressed as earlier:
        return earlier.redemption
    return desk.redeem(**common, press=press, proof_id=proof_id)


def send(*, clerk: Clerk, purchase: Purchase, at: datetime) -> str:
    """Send the customer a code for the coupon, and return where to, masked.

    Raises `NotFound` for a code that does not exist, `NotAllowed`, and what `proving.ask` does.
    """
    return proving.ask(asked=_asked(clerk=clerk, purchase=purchase), at=at)


def _from_customer(
    *, clerk: Clerk, purchase: Purchase, press: uuid.UUID, code: str, at: datetime
) -> uuid.UUID:
    try:
        return proving.answer(asked=_asked(clerk=clerk, purchase=purchase), code=code, at=at)
    except WrongProof:
        # The same press may have redeemed, and used it up, already.
        press_of(clerk=clerk, press=press, at=at).look()
        raise


def _from_supervisor(
    *, clerk: Clerk, purchase: Purchase, supervisor: int, pin: str, at: datetime
) -> uuid.UUID:
    asked = _asked(clerk=clerk, purchase=purchase)
    person = supervisors(clerk=clerk).filter(pk=supervisor).first()
    if person is None:
        raise NotFound("There is no such staff member.")
    pins.prove(membership=person, pin=pin, device=clerk.device, at=at)
    return proving.approve(asked=asked, approved_by=staff_actor(person.user), at=at)


def supervisors(*, clerk: Clerk) -> Any:
    """Return the staff whose PIN can stand for a customer's code, by user name.

    The clerk may be among them; of what they redeem themselves theirs is no proof.
    """
    rows = seats.members(merchant=clerk.merchant)
    return rows.filter(role__in=SUPERVISING, pin__isnull=False)


def supervises(*, clerk: Clerk) -> bool:
    """Say whether the clerk could approve what others redeem."""
    rows = seats.members(merchant=clerk.merchant)
    return bool(rows.filter(user=clerk.user, role__in=SUPERVISING).exists())


def sent_to(*, customer: Customer | None) -> str:
    """Return where a code would be sent to, masked; empty where nowhere."""
    reached = messages.way_to(customer=customer)
    return messages.masked(address=reached[1]) if reached else ""


def _asked(*, clerk: Clerk, purchase: Purchase) -> proving.Asked:
    customer = customer_of(clerk=clerk, typed=purchase.customer)
    code = code_of(merchant=clerk.merchant, text=purchase.code)
    if code is None:
        raise NotFound("There is no such code.")
    if not redeemers.may_redeem(user=clerk.user, coupon=code.coupon):
        raise NotAllowed("You may not redeem this coupon.")
    return proving.Asked(
        merchant=clerk.merchant,
        coupon=code.coupon,
        customer=customer.ref if customer else None,
        by=staff_actor(clerk.user),
    )
