"""The platform: the one merchant whose published coupons can be used in every shop."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from coupons import journal
from coupons.constraints import explained
from coupons.errors import WrongState
from coupons.models import Merchant

#: The platform's id, or nothing; one probe of an index with at most one row. Every query that
#: looks for codes asks it, so a merchant that becomes the platform is it from the next call on.
PLATFORM = "SELECT id FROM coupons_merchant WHERE is_platform"


def current() -> Merchant | None:
    """Return the installation's platform, if it has one."""
    return Merchant.objects.filter(is_platform=True).first()


def with_payer(*, merchant: Merchant, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have the platform pay for a new coupon of its own that names nobody."""
    if not merchant.is_platform or body.get("funded_by") is not None:
        return body
    return {**body, "funded_by": "platform"}


def appoint(*, merchant: Merchant, by: str, at: datetime) -> Merchant:
    """Make a merchant the platform: all it has published works in every shop from now on.

    Raises `AlreadyExists` where another merchant is the platform.
    """
    with explained(), transaction.atomic():
        # Nobody reviews the platform.
        changed = Merchant.objects.filter(pk=merchant.pk, is_platform=False).update(
            is_platform=True, reviewed_by_platform=False
        )
        _told(merchant=merchant, type="platform.appointed", changed=changed, by=by, at=at)
    merchant.refresh_from_db()
    return merchant


def dismiss(*, merchant: Merchant, by: str, at: datetime) -> Merchant:
    """Make the platform a merchant like others: its coupons work in its own shop alone.

    What other shops have used of them stays as it is, and can be confirmed and returned.
    """
    with transaction.atomic():
        changed = Merchant.objects.filter(pk=merchant.pk, is_platform=True).update(
            is_platform=False
        )
        _told(merchant=merchant, type="platform.dismissed", changed=changed, by=by, at=at)
    merchant.refresh_from_db()
    return merchant


def set_review(*, merchant: Merchant, reviewed: bool, by: str, at: datetime) -> Merchant:
    """Say whether the platform's staff approve a merchant's coupons before they are published.

    Raises `WrongState` for the platform itself.
    """
    with transaction.atomic():
        rows = Merchant.objects.filter(pk=merchant.pk, is_platform=False)
        if not rows.exists():
            raise WrongState("Nobody reviews the platform.")
        changed = rows.exclude(reviewed_by_platform=reviewed).update(reviewed_by_platform=reviewed)
        told = "platform.review_began" if reviewed else "platform.review_ended"
        _told(merchant=merchant, type=told, changed=changed, by=by, at=at)
    merchant.refresh_from_db()
    return merchant


def _told(*, merchant: Merchant, type: str, changed: int, by: str, at: datetime) -> None:
    """Tell the merchant's journal of a change; of none where it was so already."""
    if changed:
        journal.record(merchant=merchant, type=type, actor=by, at=at)
