"""The prizes of a draw: kept beside its definition, and what may still change of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from coupons.errors import FieldError
from coupons.models import Coupon, Prize, State

#: What is fixed of a prize once the draw is out: its chance, and what it is.
FIXED = ("coupon", "weight")


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


def unpublished(*, draw: Coupon, at: datetime) -> list[FieldError]:
    """Name the prizes that nobody could use: their coupons are not out, or over."""
    rows = Prize.objects.filter(draw=draw).select_related("coupon").order_by("place")
    return [
        FieldError(f"prizes.{row.place}.coupon", f"Publish the coupon {row.coupon.slug} first.")
        for row in rows
        if row.coupon and row.coupon.state_at(at) not in (State.LIVE, State.SCHEDULED)
    ]
