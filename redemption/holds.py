"""Holds that end: let go by whoever made them, or past their time.

A hold past its time is free at once: facts leave it out of every count (`redemption.facts`).
Its rows are tidied up when they stand in a taker's way, and now and then by a task; nothing
depends on that task.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import Case, Q, Value, When

from coupons.caller import SYSTEM, Caller
from coupons.errors import NotFound, WrongState
from redemption import recording
from redemption.errors import LapsedHolds, TakeLost
from redemption.facts import Facts
from redemption.models import Redemption, Use
from redemption.taking import give_back

#: Holds released in one transaction.
CHUNK = 200


def locked(*, caller: Caller, redemption_id: uuid.UUID) -> Redemption:
    """Return a redemption, its row locked first of all rows; raise `NotFound`."""
    row: Redemption | None = (
        Redemption.objects.of(caller.merchant)
        .select_for_update(of=("self",), no_key=True)
        .select_related("merchant", "customer")
        .filter(pk=redemption_id)
        .first()
    )
    if row is None:
        raise NotFound("There is no such redemption.")
    return row


def release(*, caller: Caller, redemption_id: uuid.UUID, at: datetime) -> Redemption:
    """Let a held redemption go; one that is released already stays so.

    Raises `NotFound`, and `WrongState` for one that is redeemed.
    """
    with transaction.atomic():
        row = locked(caller=caller, redemption_id=redemption_id)
        if row.status == Redemption.Status.HELD:
            _release([row], by=caller.actor, at=at)
        elif row.status != Redemption.Status.RELEASED:
            raise WrongState("It is no hold any more; goods come back by a reversal.")
    return row


def release_all(*, caller: Caller, redemptions: Sequence[uuid.UUID], at: datetime) -> None:
    """Let those of some redemptions go that are held; the others stay as they are."""
    with transaction.atomic():
        held = Redemption.Status.HELD
        rows = locked_all(caller=caller, redemptions=redemptions)
        _release([row for row in rows if row.status == held], by=caller.actor, at=at)


def locked_all(*, caller: Caller, redemptions: Sequence[uuid.UUID]) -> list[Redemption]:
    """Return redemptions in the order of their ids, their rows locked first of all rows."""
    return list(
        Redemption.objects.of(caller.merchant)
        .select_for_update(of=("self",), no_key=True)
        .select_related("merchant", "customer")
        .filter(pk__in=redemptions)
        .order_by("pk")
    )


def release_lapsed(*, at: datetime, first: LapsedHolds | None = None) -> int:
    """Release some holds past their time, those in somebody's way first; return how many.

    Those that another transaction works on are left to it.
    """
    uses = Use.objects.filter(held_until__lte=at)
    if first is not None:
        wanted = Q(code__in=first.codes) | Q(redemption__in=first.redemptions)
        if first.customer is not None:
            wanted |= Q(customer=first.customer)
        uses = uses.filter(coupon__in=first.coupons).order_by(
            Case(When(wanted, then=Value(0)), default=Value(1)), "held_until"
        )
    with transaction.atomic():
        found = set(uses.values_list("redemption", flat=True)[:CHUNK])
        rows = list(
            Redemption.objects.filter(pk__in=found, status=Redemption.Status.HELD)
            .select_for_update(of=("self",), no_key=True, skip_locked=True)
            .select_related("merchant", "customer")
            .order_by("pk")
        )
        _release(rows, by=SYSTEM, at=at)
    return len(rows)


@contextmanager
def told_of_lapsed(*, facts: Facts | None) -> Iterator[None]:
    """Let a lost take say which holds past their time may have stood in its way."""
    try:
        if facts and facts.lapsed:
            raise TakeLost  # the order's own: their rows are in the way of new ones
        yield
    except TakeLost as lost:
        if facts is None:
            raise
        lapsed = [code for code in facts.codes.values() if code.has_lapsed_holds]
        if lapsed:
            lost.in_the_way = LapsedHolds(
                coupons=[code.coupon_id for code in lapsed],
                codes=[code.code_id for code in lapsed if not code.shared],
                redemptions=sorted(facts.lapsed),
                customer=facts.customer_id,
            )
        raise


def _release(rows: Sequence[Redemption], *, by: str, at: datetime) -> None:
    of_all = Use.objects.filter(redemption__in=rows, standing=True)
    uses = list(of_all)
    of_all.update(standing=False, taken=False, held_until=None)
    Redemption.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=Redemption.Status.RELEASED
    )
    for row in rows:
        row.status = Redemption.Status.RELEASED
        parts = recording.parts_of([use for use in uses if use.redemption_id == row.pk])
        recording.record(verb="released", redemption=row, parts=parts, by=by, at=at)
    give_back(uses=uses)
