"""What can go wrong when a coupon is used."""

from typing import TYPE_CHECKING

from coupons.errors import HexiaoError

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
