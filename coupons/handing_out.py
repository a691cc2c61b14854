"""How far a coupon has been handed out: from where on its redemption methods are fixed."""

from collections.abc import Iterable

from coupons.models import Coupon, CouponCounter
from coupons.states import UNPUBLISHED

#: Fields that may change after publication too, until the codes are handed out widely.
METHOD_FIELDS = frozenset({"methods", "method_settings"})
#: A tenth of the codes may be out, but so many always may, and more never.
LEAST = 10
MOST = 100


def is_wide(*, counter: CouponCounter) -> bool:
    """Say whether more than a tenth of the codes, at least 10 and at most 100, is claimed or used.

    A code that is issued and lies in the merchant's drawer is not handed out. A shared code
    counts by its uses.
    """
    allowed = min(MOST, max(LEAST, counter.issued // 10))
    return max(counter.claimed, counter.uses) > allowed


def without_methods(*, coupon: Coupon, changed: Iterable[str]) -> list[str]:
    """Leave out of the changed fields those of the methods, as long as they may change."""
    fields = list(changed)
    if not METHOD_FIELDS.intersection(fields):
        return fields
    if is_wide(counter=CouponCounter.objects.get(coupon=coupon)):
        return fields
    return [name for name in fields if name not in METHOD_FIELDS]


def are_methods_fixed(*, coupon: Coupon) -> bool:
    """Say whether only another coupon can be redeemed in other ways than this one."""
    return coupon.state not in UNPUBLISHED and is_wide(counter=coupon.counter)
