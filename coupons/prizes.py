"""The prizes of a draw: kept beside its definition, what may change of them, what is left."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from coupons.models import Coupon, Prize

#: What is fixed of a prize once the draw is out: its chance, and what it is.
FIXED = ("coupon", "weight")


# The prizes of the draw `k`, in the order of its definition; none for any other kind. Only
# a coupon that is out can be given, by its shared code or by a fresh one.
COLUMN = """
    CASE WHEN k.kind = 'draw' THEN
        (SELECT json_agg(json_build_array(
                    z.id, z.stock - z.drawn, z.coupon_id, o.text, m.max_issued - m.issued,
                    z.coupon_id IS NULL OR (
                        y.state = 'live' AND (y.ends_at IS NULL OR y.ends_at > %(at)s)
                        AND (o.state IS NULL OR o.state = 'active')))
                ORDER BY z.place)
           FROM coupons_prize z
           LEFT JOIN coupons_coupon y ON y.id = z.coupon_id
           LEFT JOIN coupons_couponcounter m ON m.coupon_id = z.coupon_id
           LEFT JOIN coupons_code o ON o.coupon_id = z.coupon_id AND o.shared
          WHERE z.draw_id = k.id) END
"""


@dataclass(frozen=True, slots=True)
class PrizeFacts:
    """One prize as the ledger has it; `stock` and `issuable` None are unlimited.

    `coupon_id` is None for a blank, `shared_code` where each winner gets a code of their
    own; then `issuable` says how many more there may be.
    """

    id: int
    stock: int | None
    coupon_id: int | None
    shared_code: str | None
    issuable: int | None
    available: bool

    @property
    def is_issued(self) -> bool:
        """Say whether the winner gets a fresh code."""
        return self.coupon_id is not None and self.shared_code is None

    @property
    def left(self) -> int | None:
        """Return how often it can still be given; None is without end."""
        if not self.available:
            return 0
        bounds = [self.stock, self.issuable if self.is_issued else None]
        return min((max(bound, 0) for bound in bounds if bound is not None), default=None)


def keep(*, draw: Coupon, definition: Mapping[str, Any]) -> None:
    """Write the prizes of a definition; what has been drawn of each stays counted.

    Called under the lock of the coupon's row, before its counter is touched: a redemption
    takes in that order too.
    """
    prizes = definition["prizes"]
    slugs = {prize["coupon"] for prize in prizes}
    coupons = Coupon.objects.of(draw.merchant).filter(slug__in=slugs)
    ids = dict(coupons.values_list("slug", "pk")) if prizes else {}
    Prize.objects.filter(draw=draw, place__gte=len(prizes)).delete()
    Prize.objects.bulk_create(
        [
            Prize(
                merchant=draw.merchant,
                draw=draw,
                place=place,
                coupon_id=ids.get(prize["coupon"]),
                stock=prize["stock"],
            )
            for place, prize in enumerate(prizes)
        ],
        update_conflicts=True,
        unique_fields=["draw", "place"],
        update_fields=["coupon", "stock"],
    )


def frozen(*, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name what a change touches though it is fixed: all but the wording and more stock."""
    old, new = before["prizes"], after["prizes"]
    if len(old) != len(new):
        return ["prizes"]
    return [
        f"prizes.{place}.{name}"
        for place, (was, now) in enumerate(zip(old, new, strict=True))
        for name in (*FIXED, "stock")
        if was[name] != now[name] and not (name == "stock" and _is_more(was[name], now[name]))
    ]


def _is_more(before: int | None, after: int | None) -> bool:
    return after is None or (before is not None and after >= before)


def prize_facts(rows: Sequence[Sequence[Any]] | None) -> tuple[PrizeFacts, ...]:
    """Read the column."""
    return tuple([PrizeFacts(*row) for row in rows or ()])


def prizes_left(prizes: Sequence[PrizeFacts]) -> int | None:
    """Sum up how many prizes can still be given; None is without end, or no draw at all."""
    left = [prize.left for prize in prizes]
    if not left or None in left:
        return None
    return sum(one for one in left if one is not None)


def standing(*, draw: Coupon, at: datetime) -> tuple[PrizeFacts, ...]:
    """Read what a draw may give at that instant, as a redemption would; none for other kinds."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {COLUMN} FROM coupons_coupon k WHERE k.id = %(draw)s",  # noqa: S608
            {"at": at, "draw": draw.pk},
        )
        (rows,) = cursor.fetchone()
    return prize_facts(json.loads(rows) if isinstance(rows, str) else rows)
