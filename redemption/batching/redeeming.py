"""A piece of a batch redeemed, or held: many rows at once where they allow it, else one.

The quick way takes the sums of many rows. Where they don't fit, or somebody was quicker, it
has written nothing; the same rows then go one by one through the ordinary checkout.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import IntegrityError, OperationalError
from psycopg import errors as pg

from coupons import jobs
from coupons.caller import Caller
from coupons.constraints import broken_constraint
from coupons.errors import Invalid
from redemption import checkout
from redemption.batching import outcomes
from redemption.batching.judging import Outcome, Verdict, body_of, judged, refused
from redemption.batching.taking import take
from redemption.errors import CouponRejected, OrderAlreadyRedeemed, TakeLost, TryAgain
from redemption.models import Method, RedemptionBatch

#: Rows redeemed in one transaction.
CHUNK = 500
#: How long all or nothing may take, in minutes: as long as a hold may last at all.
HOLD_MINUTES = 10_080


def redeem_piece(*, batch: RedemptionBatch, caller: Caller, at: datetime) -> int | None:
    """Redeem the next rows, or hold them; return how many, None where there are no more.

    Of a batch that is all or nothing they are held. Zero means that the next piece tries the
    rows one by one. Raises `jobs.Again` where others locked the rows.
    """
    alone = batch.done_to < batch.one_by_one_to
    rows = outcomes.next_rows(batch=batch, outcomes=_OPEN, most=1 if alone else CHUNK)
    if not rows:
        return None
    ends = at + timedelta(minutes=HOLD_MINUTES) if batch.all_or_nothing else None
    found = judged(batch=batch, caller=caller, rows=rows, at=at, held_until=ends)
    if alone or found[0].is_alone:
        done = [_alone(batch=batch, caller=caller, verdict=found[0], at=at)]
        outcomes.write(batch=batch, verdicts=done)
    else:
        done = [_done(verdict) for verdict in _together(found)]
        if not _taken(batch, done):
            batch.one_by_one_to = done[-1].row.number
            return 0
    outcomes.count(batch=batch, verdicts=done)
    batch.done_to = done[-1].row.number
    return len(done)


_OPEN = (Outcome.WAITING, Outcome.READY)


def _together(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return the first rows, as far as none has to know what became of one before it."""
    found: list[Verdict] = []
    taken = set[str]()
    for verdict in verdicts:
        order, code = f"order {verdict.row.order}", f"code {verdict.row.code}"
        if verdict.is_alone or taken & {order, code}:
            break
        if verdict.entry:
            taken.add(order)
            taken |= {code for facts, _ in verdict.entry.uses if not facts.shared}
        found.append(verdict)
    return found


def _done(verdict: Verdict) -> Verdict:
    """Say what a row has become once it is written."""
    entry = verdict.entry
    if entry is None:
        return verdict
    outcome = Outcome.HELD if entry.held_until else Outcome.REDEEMED
    return replace(verdict, outcome=outcome, redemption=entry.id)


def _taken(batch: RedemptionBatch, done: Sequence[Verdict]) -> bool:
    """Take and write all of them; False where something came between, and nothing is written."""
    write = partial(outcomes.write, batch=batch, verdicts=done)
    entries = [verdict.entry for verdict in done if verdict.entry]
    if not entries:
        write()
        return True
    try:
        take(entries=entries, before_counters=write)
    except TakeLost:
        return False
    except OperationalError as error:
        if isinstance(error.__cause__, pg.LockNotAvailable | pg.DeadlockDetected):
            raise jobs.Again from error
        raise
    except IntegrityError as error:
        # Somebody has just used a code on the same order.
        if broken_constraint(error) != "use_stands_once_per_order_and_code":
            raise
        return False
    return True


def _alone(*, batch: RedemptionBatch, caller: Caller, verdict: Verdict, at: datetime) -> Verdict:
    """Redeem one row as a checkout does, and say what became of it."""
    row = verdict.row
    if verdict.entry is None:
        return verdict
    minutes = HOLD_MINUTES if batch.all_or_nothing else 0
    body = body_of(batch=batch, row=row, hold_minutes=minutes)
    redeem = partial(
        checkout.redeem,
        caller=caller,
        body=body,
        at=at,
        method=Method.BATCH.value,
        judged_at=row.redeemed_at,
    )
    failed = partial(Verdict, row=row, outcome=Outcome.FAILED)
    try:
        redeemed = checkout.retried(redeem, at=at)
    except CouponRejected as error:
        told = error.extra["rejected"][0]
        attempt = error.attempt and replace(error.attempt, asked_at=at)
        return failed(reason=told["reason"], message=told["message"], attempt=attempt)
    except OrderAlreadyRedeemed:
        return Verdict(row=row, outcome=Outcome.ALREADY)
    except Invalid as error:
        return refused(row=row, error=error)
    except TryAgain as error:
        return failed(reason=error.code, message=f"|{error.title}")
    if not redeemed.created:
        return Verdict(row=row, outcome=Outcome.ALREADY, redemption=UUID(redeemed.answer.id))
    return replace(_done(verdict), redemption=UUID(redeemed.answer.id))
