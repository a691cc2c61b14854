"""What is known of a draw's prizes at one moment, and what was drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coupons.pricing.terms import Prize

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


@dataclass(frozen=True, slots=True)
class Drawn:
    """The prize that one code has drawn, and the winner's code of the coupon that it is."""

    code: str
    prize: Prize
    facts: PrizeFacts
    text: str | None


def prize_facts(rows: Sequence[Sequence[Any]] | None) -> tuple[PrizeFacts, ...]:
    """Read the column."""
    return tuple([PrizeFacts(*row) for row in rows or ()])


def prizes_left(prizes: Sequence[PrizeFacts]) -> int | None:
    """Sum up how many prizes can still be given; None is without end, or no draw at all."""
    left = [prize.left for prize in prizes]
    if not left or None in left:
        return None
    return sum(one for one in left if one is not None)
