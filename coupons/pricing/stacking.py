"""Which coupons go together, and in which order they apply."""

from coupons.pricing.terms import CouponTerms


def combinable(one: CouponTerms, other: CouponTerms) -> bool:
    """Say whether two coupons go together: each one's group is in the other's set.

    Two of one group go together only if the group is in its own set; two codes of one
    coupon are no exception.
    """
    return one.stacking_group in other.stacks_with and other.stacking_group in one.stacks_with


def application_key(terms: CouponTerms) -> tuple[int, int, int]:
    """Return the sort key of application: level, priority, order of creation."""
    return (terms.level, terms.priority, terms.created_order)
