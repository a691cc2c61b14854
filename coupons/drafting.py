"""A new coupon together with the codes it is used by, in one step or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from coupons import changing, issuing
from coupons.models import Coupon, Merchant


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueCodes:
    """How many unique codes to make, and how they look (None: chosen to be safe)."""

    count: int
    pattern: str | None = None


def draft(
    *,
    merchant: Merchant,
    body: Mapping[str, Any],
    codes: UniqueCodes | None,
    by: str,
    at: datetime,
) -> Coupon:
    """Create a draft and, where unique codes are wanted, start making them.

    Raises what `changing.create` and `issuing.start_batch` raise; then nothing is made.
    """
    with transaction.atomic():
        coupon = changing.create(merchant=merchant, body=body, by=by, at=at)
        if codes is not None:
            issuing.start_batch(
                coupon=coupon, count=codes.count, pattern=codes.pattern, by=by, at=at
            )
    return coupon
