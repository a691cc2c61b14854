"""A coupon that is out can't become another deal; a new one can take its place."""

import re
from datetime import datetime

from django.db import transaction

from coupons import changing, lifecycle
from coupons.constraints import explained
from coupons.errors import WrongState
from coupons.models import Coupon, Replacement, State

#: The longest slug.
MOST = 80
_NUMBERED = re.compile(r"(?P<stem>.+)-(?P<number>[0-9]{1,6})")
#: The states whose coupon can be replaced: before that, it can be changed itself.
REPLACEABLE = (State.LIVE, State.PAUSED, State.ENDED)


def replace(
    *,
    coupon: Coupon,
    by: str,
    at: datetime,
    slug: str | None = None,
    moves_codes: bool = True,
    moves_shared_code: bool = True,
) -> Coupon:
    """Make a draft that copies a coupon and takes its place once it is published.

    The copy has no code and, where the old one has started, starts with its publication;
    without a `slug` it gets the next free one. Raises `WrongState` for a coupon that was
    never out or is replaced already, and what `changing.create` raises.
    """
    coupon = Coupon.objects.select_related("merchant").get(pk=coupon.pk)
    if coupon.state not in REPLACEABLE:
        raise WrongState("It is not out yet: change it instead.")
    definition = lifecycle.current_definition(coupon)
    has_started = coupon.starts_at is not None and coupon.starts_at <= at
    body = {
        **definition,
        "slug": slug or suggested_slug(coupon=coupon),
        "code": None,
        "starts_at": None if has_started else definition["starts_at"],
    }
    with explained(), transaction.atomic():
        new = changing.create(merchant=coupon.merchant, body=body, by=by, at=at)
        Replacement.objects.create(
            merchant=coupon.merchant,
            old=coupon,
            new=new,
            moves_codes=moves_codes,
            moves_shared_code=moves_shared_code,
            created_by=by,
            created_at=at,
        )
    return new


def suggested_slug(*, coupon: Coupon) -> str:
    """Return the first free slug after the coupon's own: `spring`, then `spring-2`."""
    parts = _NUMBERED.fullmatch(coupon.slug)
    stem = parts["stem"] if parts else coupon.slug
    number = int(parts["number"]) + 1 if parts else 2
    stem = stem[: MOST - 8].rstrip("-")
    rows = Coupon.objects.of(coupon.merchant).filter(slug__startswith=f"{stem}-")
    taken = set(rows.values_list("slug", flat=True))
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def replaces(*, coupon: Coupon) -> Coupon | None:
    """Return the coupon whose place this one takes, if any."""
    found = Replacement.objects.filter(new=coupon).select_related("old").first()
    return found.old if found else None


def replaced_by(*, coupon: Coupon) -> Coupon | None:
    """Return the coupon that takes this one's place, if any; it may still be a draft."""
    found = Replacement.objects.filter(old=coupon).select_related("new").first()
    return found.new if found else None
