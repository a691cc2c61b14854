"""What can go wrong when a coupon is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coupons.errors import HexiaoError, NotAllowed

if TYPE_CHECKING:
    from redemption.refusing import Attempt


class CouponRejected(HexiaoError):
    """A code that does not apply; `rejected` says which and why. Nothing was redeemed."""

    code, status, title = "coupon_rejected", 422, "A coupon does not apply"

    #: What was tried, for whoever wants to keep it.
    attempt: "Attempt | None" = None


class OrderAlreadyRedeemed(HexiaoError):
    """The order has used this code with another cart."""

    code, status, title = "order_already_redeemed", 409, "The order has used this code already"


class TryAgain(HexiaoError):
    """Others were at the same rows; nothing was done, and a second try may well succeed."""

    code, status, title = "try_again", 409, "Too many at once; try again"
    retry_after = 1


class StaleCaller(TryAgain):
    """The key, the merchant or the channel has changed since the caller was remembered."""


class TakeLost(TryAgain):
    """Something scarce went between asking and taking; asking again tells the true reason."""

    #: Holds past their time that may stand in the way, if any.
    in_the_way: "LapsedHolds | None" = None


@dataclass(frozen=True, slots=True)
class LapsedHolds:
    """Where to look for holds past their time, those of these codes and redemptions first."""

    coupons: Sequence[int]
    codes: Sequence[int]
    redemptions: Sequence[str]
    customer: int | None


class HoldExpired(HexiaoError):
    """A hold that was confirmed after its time; what it held is free again."""

    code, status, title = "hold_expired", 409, "The hold has run out"


class AlreadyReversed(HexiaoError):
    """There is nothing left to return of what was named."""

    code, status, title = "already_reversed", 409, "It has been returned already"


class TooManyRequests(HexiaoError):
    """A key that calls more often than its rate."""

    code, status, title = "too_many_requests", 429, "The key calls too often"


class TooManyAttempts(HexiaoError):
    """Somebody who has tried too many wrong codes; right ones are not looked at either."""

    code, status, title = "too_many_attempts", 429, "Too many wrong codes"


class WrongProof(HexiaoError):
    """A customer's code that is wrong, past its time, or tried too often."""

    code, status, title = "wrong_proof", 422, "The customer's code is not right, or is over"


class OwnApproval(NotAllowed):
    """A supervisor who would approve what they redeem themselves: a proof takes a second person."""


class NotReached(HexiaoError):
    """A customer without an address that a code could be sent to."""

    code, status, title = "not_reached", 422, "There is no address to send this customer a code"


class NotSent(HexiaoError):
    """A message that the mail server did not take."""

    code, status, title = "not_sent", 409, "The message could not be sent"


class SentLately(HexiaoError):
    """A code that was asked for again too soon, or too often in a day."""

    code, status, title = "sent_lately", 429, "A code was sent a moment ago; wait a minute"
    retry_after = 60
