"""What can go wrong when a coupon is used."""

from coupons.errors import HexiaoError


class CouponRejected(HexiaoError):
    """A code that does not apply; `rejected` says which and why. Nothing was redeemed."""

    code, status, title = "coupon_rejected", 422, "A coupon does not apply"


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


class TooManyRequests(HexiaoError):
    """A key that calls more often than its rate."""

    code, status, title = "too_many_requests", 429, "The key calls too often"


class TooManyAttempts(HexiaoError):
    """Somebody who has tried too many wrong codes; right ones are not looked at either."""

    code, status, title = "too_many_attempts", 429, "Too many wrong codes"
