"""What each role may do: the one table that the console asks."""

from enum import StrEnum

from coupons.models import Role


class Area(StrEnum):
    """A part of the console, as rights are given out."""

    COUPONS = "coupons"
    CODES = "codes"
    CUSTOMERS = "customers"
    PRODUCTS = "products"
    ORDERS = "orders"
    REDEMPTIONS = "redemptions"
    REPORTS = "reports"
    JOURNAL = "journal"
    #: The merchant itself, its channels, staff and API keys, its exchange and tax rates.
    SETTINGS = "settings"


class Right(StrEnum):
    """What one may do in an area."""

    VIEW = "view"
    CHANGE = "change"
    #: Make a coupon live, and let it go on after a pause.
    PUBLISH = "publish"


_READ = frozenset({Right.VIEW})
_WRITE = frozenset({Right.VIEW, Right.CHANGE})
_ALL = frozenset(Right)

RIGHTS: dict[Role, dict[Area, frozenset[Right]]] = {
    Role.OWNER: dict.fromkeys(Area, _ALL),
    Role.OPERATOR: {
        Area.COUPONS: _ALL,
        Area.CODES: _WRITE,
        Area.CUSTOMERS: _WRITE,
        Area.PRODUCTS: _WRITE,
        Area.ORDERS: _READ,
        # Takes goods back, and lets go or confirms what is held.
        Area.REDEMPTIONS: _WRITE,
        Area.REPORTS: _READ,
        Area.JOURNAL: _READ,
    },
    Role.REVIEWER: {
        Area.COUPONS: frozenset({Right.VIEW, Right.PUBLISH}),
        Area.CODES: _READ,
        Area.PRODUCTS: _READ,
        Area.REPORTS: _READ,
        Area.JOURNAL: _READ,
    },
    # Works at the desk (docs/desk.md), which asks `coupons.redeemers`, and sees nothing else.
    Role.CLERK: {},
    Role.RISK_ANALYST: {
        Area.COUPONS: _READ,
        Area.CODES: _READ,
        Area.CUSTOMERS: _READ,
        Area.ORDERS: _READ,
        Area.REDEMPTIONS: _READ,
        Area.REPORTS: _READ,
        Area.JOURNAL: _READ,
    },
    Role.ANALYST: {
        Area.COUPONS: _READ,
        Area.CODES: _READ,
        Area.PRODUCTS: _READ,
        Area.ORDERS: _READ,
        Area.REDEMPTIONS: _READ,
        Area.REPORTS: _READ,
    },
}


def may(*, role: Role | None, area: Area, right: Right) -> bool:
    """Say whether a role has that right there; nobody has any without a role."""
    return role is not None and right in RIGHTS[role].get(area, frozenset())
