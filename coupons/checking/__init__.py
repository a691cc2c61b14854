"""Checks before publishing: what would keep a coupon from working, and what looks foolish.

`facts` reads everything in a fixed number of queries; the checks are pure functions over it.
"""

from datetime import datetime

from coupons.checking import countries, facts, limits, margin, money, offered, times, together
from coupons.checking.finding import Finding, Severity
from coupons.models import Coupon

__all__ = ["Finding", "Severity", "errors", "findings", "warnings"]

#: In the order in which they are told.
CHECKS = (
    *times.CHECKS,
    *offered.CHECKS,
    *money.CHECKS,
    *margin.CHECKS,
    *together.CHECKS,
    *limits.CHECKS,
)


def errors(*, coupon: Coupon, at: datetime) -> list[Finding]:
    """Return only what stops publication; cheap."""
    essentials = facts.essentials(coupon=coupon, at=at)
    return [*times.over_before_start(essentials), *offered.unpublished_prizes(essentials)]


def findings(*, coupon: Coupon, at: datetime) -> list[Finding]:
    """Return everything that the checks find, what stops publication first."""
    gathered = facts.gather(coupon=coupon, at=at)
    warned = [found for check in CHECKS for found in check(gathered)]
    return [*errors(coupon=coupon, at=at), *warned, *countries.found(gathered)]


def warnings(*, coupon: Coupon, at: datetime) -> list[Finding]:
    """Return what a person should have looked at, but a program may pass over."""
    return [each for each in findings(coupon=coupon, at=at) if each.severity == Severity.WARNING]
