"""What the journal is told of a redemption: one entry for it, and one for each of its codes."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from coupons import journal
from redemption.models import Redemption, Use
from redemption.statements import Statement

_TELL = """
INSERT INTO coupons_journalentry
       (merchant_id, at, type, actor, request_id, coupon_id, customer_ref, redemption_ref, data)
SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb WHERE {after}
"""


@dataclass(frozen=True, slots=True)
class Part:
    """What one use has to do with it; money in minor units of the redemption's currency."""

    coupon_id: int
    code_id: int
    discount: int
    shipping_discount: int
    #: Of a return: what became of the coupon.
    returned: str | None = None


def entries(
    *, verb: str, order: str, currency: str, parts: Sequence[Part], data: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the entries for what happened (`created`, `held`, `released`, `reversed`).

    Each is `type`, `coupon`, `code` (ids, where it is about one) and `data`.
    """
    whole = {
        "order": order,
        "currency": currency,
        **data,
        "uses": [
            {
                "coupon": part.coupon_id,
                "code": part.code_id,
                "discount_minor": part.discount,
                "shipping_discount_minor": part.shipping_discount,
                **({"returned": part.returned} if part.returned else {}),
            }
            for part in parts
        ],
    }
    of_code = "redeemed" if verb == "created" else verb
    return [
        {"type": f"redemption.{verb}", "data": whole},
        *(
            {
                "type": f"code.{of_code}",
                "coupon": part.coupon_id,
                "code": part.code_id,
                "data": {
                    "order": order,
                    "currency": currency,
                    "discount_minor": part.discount,
                    "shipping_discount_minor": part.shipping_discount,
                    **({"returned": part.returned} if part.returned else {}),
                },
            }
            for part in parts
        ),
    ]


def record(
    *,
    verb: str,
    redemption: Redemption,
    parts: Sequence[Part],
    by: str,
    at: datetime,
    data: dict[str, Any] | None = None,
) -> None:
    """Write the entries for a redemption that stands already."""
    told = entries(
        verb=verb,
        order=redemption.order_ref,
        currency=redemption.currency,
        parts=parts,
        data={
            **figures(
                subtotal=redemption.subtotal_minor,
                discount=redemption.discount_minor,
                shipping_discount=redemption.shipping_discount_minor,
                method=redemption.method,
                is_test=redemption.is_test,
            ),
            **(data or {}),
        },
    )
    journal.record_all(
        merchant=redemption.merchant,
        entries=told,
        actor=by,
        at=at,
        customer_ref=redemption.customer.ref if redemption.customer else "",
        redemption=redemption.pk,
    )


def beside(
    *,
    redemption: uuid.UUID,
    type: str,
    merchant: int,
    actor: str,
    at: datetime,
    coupon: int | None,
    customer: str | None,
    data: dict[str, Any],
) -> Statement:
    """Return what tells one thing more of a redemption that is about to be written."""
    values = [
        *(merchant, at, type, actor, journal.current_request_id(), coupon, customer or ""),
        *(redemption, msgspec.json.encode(data).decode()),
    ]
    return _TELL, values


def figures(
    *, subtotal: int, discount: int, shipping_discount: int, method: str, is_test: bool
) -> dict[str, Any]:
    """Return what figures need to know of a redemption; money in minor units."""
    return {
        "subtotal_minor": subtotal,
        "discount_minor": discount,
        "shipping_discount_minor": shipping_discount,
        "method": method,
        "is_test": is_test,
    }


def parts_of(uses: Sequence[Use]) -> list[Part]:
    """Return the parts of uses as they stand."""
    return [
        Part(use.coupon_id, use.code_id, use.discount_minor, use.shipping_discount_minor)
        for use in uses
    ]
