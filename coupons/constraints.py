"""What a broken database constraint means to a caller. The one place that maps them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError
from psycopg import errors as pg

from coupons.errors import AlreadyExists, HexiaoError, Invalid, WrongState

MEANINGS: dict[str, tuple[type[HexiaoError], str]] = {
    "coupon_slug_is_unique": (AlreadyExists, "A coupon with this slug exists already."),
    "coupon_is_replaced_once": (WrongState, "The coupon is replaced already."),
    "code_text_is_unique": (AlreadyExists, "This code exists already."),
    "channel_slug_is_unique": (AlreadyExists, "A channel with this slug exists already."),
    "staff_group_name_is_unique": (AlreadyExists, "There is a group of this name."),
    "coupon_has_one_shared_code": (AlreadyExists, "The coupon has a shared code already."),
    "merchant_platform_is_one": (
        AlreadyExists,
        "Another merchant is the platform; it has to stop being it first.",
    ),
    "coupon_window_is_ordered": (Invalid, "The coupon would end before it starts."),
    "coupon_issued_within_limit": (Invalid, "That is more than the coupon may issue."),
    "coupon_uses_within_limit": (Invalid, "The coupon has been used more often than that."),
    "coupon_budget_holds": (Invalid, "More than that budget is spent already."),
}


def broken_constraint(error: BaseException) -> str | None:
    """Name the constraint that a database error says was broken."""
    cause = error.__cause__
    return cause.diag.constraint_name if isinstance(cause, pg.IntegrityError) else None


@contextmanager
def explained() -> Iterator[None]:
    """Turn a broken constraint into the error that a caller understands.

    Wrap it around an atomic block, not inside one: the transaction is lost by then.
    """
    try:
        yield
    except IntegrityError as error:
        meaning = MEANINGS.get(broken_constraint(error) or "")
        if meaning is None:
            raise
        kind, detail = meaning
        raise kind(detail) from error
