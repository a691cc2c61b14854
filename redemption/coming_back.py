"""What becomes of a coupon once all its goods have come back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from coupons import issuing
from coupons.models import Code, State
from coupons.pricing.terms import CouponTerms
from coupons.pricing.windows import validity
from redemption.models import Use

RESTORED, REISSUED, NOT_RETURNED, KEPT = "restored", "reissued", "not_returned", "kept"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one code: `returned` as the contract has it, a later end, a new code."""

    returned: str
    expires_at: datetime | None = None
    new_code: Code | None = None

    @property
    def is_back(self) -> bool:
        """Say whether the customer can use the coupon again."""
        return self.returned in (RESTORED, REISSUED)


def fate(*, use: Use, terms: CouponTerms, at: datetime) -> Fate:
    """Decide by the coupon's policy; `terms` are its rules of today.

    A code that was withdrawn, or a draw that was revealed, never comes back. A shared code is
    everybody's: no return makes it last longer, or replaces it; neither does a test's.
    """
    code, policy = use.code, terms.return_policy
    if code.state == Code.State.REVOKED or terms.prizes or policy == "never":
        return Fate(NOT_RETURNED)
    ends = _end(code=code, terms=terms)
    is_over = ends is not None and at >= ends
    if code.shared:
        is_over = is_over or code.coupon.state == State.ENDED
        return Fate(NOT_RETURNED if is_over else RESTORED)
    if use.is_test:
        return Fate(NOT_RETURNED if is_over else RESTORED, expires_at=code.expires_at)
    later = _extended(ends=ends, terms=terms, at=at)
    is_over = is_over and later == ends
    if is_over:
        return Fate(NOT_RETURNED)
    expires_at = later if later != ends else code.expires_at
    if policy == "reissue" and code.max_uses == 1:
        new = issuing.replace_code(code=code, expires_at=expires_at)
        return Fate(REISSUED, new_code=new)
    return Fate(RESTORED, expires_at=expires_at)


def _end(*, code: Code, terms: CouponTerms) -> datetime | None:
    if code.expires_at is not None:
        return code.expires_at
    published = code.coupon.published_at
    return validity(terms=terms, published_at=published, claimed_at=None)[1]


def _extended(*, ends: datetime | None, terms: CouponTerms, at: datetime) -> datetime | None:
    """Return the end after an extension: so many days from the return, never earlier."""
    may_extend = terms.return_policy in ("restore_and_extend", "reissue")
    if ends is None or not terms.extend_days or not may_extend:
        return ends
    zone = ZoneInfo(terms.time_zone)
    wall = at.astimezone(zone).replace(tzinfo=None) + timedelta(days=terms.extend_days)
    return max(ends, wall.replace(tzinfo=zone))
