"""From a stored definition to the terms the engine reads; compiled once per version."""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from coupons import compilation
from coupons.models import CouponVersion
from coupons.pricing.terms import CouponTerms

#: Compiled definitions kept by one process. A version never changes, so none goes stale.
KEPT = 20_000

Key = tuple[int, int]  # coupon id, version
_compiled: OrderedDict[Key, CouponTerms] = OrderedDict()
_lock = Lock()


def load(keys: Iterable[Key]) -> dict[Key, CouponTerms]:
    """Return the terms of those (coupon id, version) pairs; at most one query."""
    wanted = set(keys)
    with _lock:
        found = {key: _compiled[key] for key in wanted if key in _compiled}
        for key in found:
            _compiled.move_to_end(key)
    missing = wanted - found.keys()
    if missing:
        found |= _compile(missing)
    return found


def _compile(keys: set[Key]) -> dict[Key, CouponTerms]:
    rows = CouponVersion.objects.filter(
        coupon_id__in={coupon for coupon, _ in keys}, version__in={version for _, version in keys}
    ).values_list("coupon_id", "version", "definition")
    fresh = {
        (coupon, version): compilation.compile(
            body, coupon_id=coupon, version=version, created_order=coupon
        )
        for coupon, version, body in rows
        if (coupon, version) in keys
    }
    with _lock:
        _compiled.update(fresh)
        while len(_compiled) > KEPT:
            _compiled.popitem(last=False)
    return fresh
