"""An order that was paid as one and is split later, say into parcels that come back apart."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from coupons import journal
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid, NotFound
from redemption.models import MergedOrder, Redemption, UseLine
from redemption.shapes import SplitBody


def split(*, caller: Caller, order: str, body: SplitBody, at: datetime) -> list[Redemption]:
    """Put lines of an order under new orders; their refunds then find them there.

    No money moves. Lines that are not named stay. Raises `NotFound`, and `Invalid` for lines
    that the order does not have.
    """
    with transaction.atomic():
        standing = Redemption.Status.HELD, Redemption.Status.REDEEMED, "partly_reversed"
        rows = list(
            Redemption.objects.of_order(caller.merchant, order)
            .filter(status__in=standing)
            .select_for_update(of=("self",), no_key=True)
            .order_by("pk")
        )
        if not rows:
            raise NotFound("Nothing stands on this order.")
        targets = _targets(rows=rows, order=order, body=body)
        for row in rows:
            _relabel(row=row, order=order, targets=targets)
        journal.record(
            merchant=caller.merchant,
            type="order.split",
            actor=caller.actor,
            at=at,
            data={"order": order, "lines": targets},
        )
    return rows


def _targets(*, rows: Sequence[Redemption], order: str, body: SplitBody) -> dict[str, str]:
    """Return the new order of each line that is named."""
    known = {line["id"] for row in rows for line in _lines_of(row=row, order=order)}
    targets: dict[str, str] = {}
    errors = []
    for i, part in enumerate(body.orders):
        for j, line in enumerate(part.lines):
            field = f"orders.{i}.lines.{j}"
            if line not in known:
                errors.append(FieldError(field, "The order has no such line."))
            elif line in targets:
                errors.append(FieldError(field, "This line stands in the list twice."))
            targets[line] = part.order
    if not targets:
        errors.append(FieldError("orders", "Name at least one line."))
    if errors:
        raise Invalid(errors=errors)
    return targets


def _lines_of(*, row: Redemption, order: str) -> list[dict[str, str | None]]:
    return [line for line in row.quote["lines"] if (line["order"] or row.order_ref) == order]


def _relabel(*, row: Redemption, order: str, targets: dict[str, str]) -> None:
    moved = {}
    for line in _lines_of(row=row, order=order):
        if line["id"] in targets:
            line["order"] = moved[line["id"]] = targets[str(line["id"])]
    if not moved:
        return
    row.save(update_fields=["quote"])
    for line_ref, target in moved.items():
        lines = UseLine.objects.filter(use__redemption=row, line_ref=line_ref)
        lines.update(order_ref=target)
    for target in set(moved.values()) - {row.order_ref}:
        MergedOrder.objects.get_or_create(
            merchant_id=row.merchant_id, redemption=row, order_ref=target
        )
