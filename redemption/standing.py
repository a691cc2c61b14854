"""What an order has used already, and what holds stand in a coupon's counters with."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from msgspec import Struct

from coupons.pricing.terms import CouponTerms

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(microseconds: int | None) -> datetime | None:
    """Read an instant as the facts have it, microseconds since 1970."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


class StandingUse(Struct, frozen=True):
    """A code that an order has used already, or holds; the budget in its own currency."""

    redemption_id: str
    status: str
    cart_hash: str
    code: str
    terms: CouponTerms
    shipping_discount: int
    lines: Mapping[str, int]
    held_until: datetime | None
    customer_id: int | None
    counted_on: str | None
    budget: int | None
    is_test: bool
    #: Of the order that is asked for, not of another one that has lines in the cart.
    is_own: bool


def orders_of(row: Any) -> set[str]:
    """Name the orders that a use is of: its own, and those that were paid with it."""
    return {row[13], *(row[14] or ())}


def standing_use(row: Any, compiled: CouponTerms, *, order: str | None) -> StandingUse:
    """Read one row of the facts, for a cart of that order."""
    return StandingUse(
        redemption_id=row[0],
        status=row[1],
        cart_hash=row[2],
        code=row[3],
        terms=compiled,
        shipping_discount=row[6],
        lines=dict(row[7] or ()),
        held_until=instant(row[8]),
        customer_id=row[9],
        counted_on=row[10],
        budget=row[11],
        is_test=row[12],
        is_own=order in orders_of(row),
    )


class Holds(NamedTuple):
    """What some holds of a coupon stand in its counters with."""

    of_code: int = 0
    uses: int = 0
    budget: int = 0
    of_day: int = 0
    of_customer: int = 0

    @classmethod
    def of(
        cls, *, holds: Sequence[StandingUse], code: str, day: str, customer: int | None
    ) -> "Holds":
        """Sum up the order's own holds of a coupon, which never count against it."""
        counted = [use for use in holds if not use.is_test]
        if not counted:
            return cls()
        return cls(
            of_code=sum(use.code == code for use in counted),
            uses=len(counted),
            budget=sum(use.budget or 0 for use in counted),
            of_day=sum(use.counted_on == day for use in counted),
            of_customer=sum(use.customer_id == customer for use in counted),
        )
