"""A code that was asked for, with the plain facts the ledger knows about it."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from coupons.pricing.quote import Reason
from coupons.pricing.terms import CouponTerms


class CouponState(StrEnum):
    """Where a coupon stands in its life."""

    DRAFT = "draft"
    TESTING = "testing"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class CodeStatus(Struct, frozen=True):
    """Facts about one code, its coupon and this shopper, read in one go.

    Counts include unexpired holds, except `code_uses`, which are final; the holds on the code
    are `code_holds`. A shared code has no limit of its own: `code_max_uses` is None. `owner` and
    `claimed_at` are the customer the code belongs to and this shopper's claim of it.
    `budget_used` is in minor units of the budget's currency. `verdict` is what risk says.
    """

    coupon_state: str = CouponState.LIVE
    published_at: datetime | None = None
    shared: bool = False
    revoked: bool = False
    code_uses: int = 0
    code_holds: int = 0
    code_max_uses: int | None = None
    #: An expiry of this code's own (restored with an extension, reissued); wins over the coupon's.
    code_expires_at: datetime | None = None
    owner: str | None = None
    claimed_at: datetime | None = None
    coupon_uses: int = 0
    uses_today: int = 0
    budget_used: int = 0
    customer_uses: int = 0
    #: How many prizes a draw can still give; None is unlimited, or no draw.
    prizes_left: int | None = None
    verdict: Reason | None = None


class Candidate(Struct, frozen=True):
    """A code asked for; `terms` is None where nobody knows it."""

    code: str
    terms: CouponTerms | None
    status: CodeStatus = field(default_factory=CodeStatus)
