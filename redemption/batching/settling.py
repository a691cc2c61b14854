"""What was held for all or nothing is redeemed in the end, or let go; a batch is undone.

Each goes by the redemptions of the next rows, whose rows are locked first, as everywhere.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from coupons.caller import Caller
from redemption import confirming, holds, reversing
from redemption.batching import outcomes
from redemption.batching.judging import AskedRow, Outcome, Verdict
from redemption.models import RedemptionBatch

#: Redemptions settled in one transaction.
CHUNK = 100

#: Why a row that was held is not redeemed.
GONE = "hold_expired"


def confirm_piece(*, batch: RedemptionBatch, caller: Caller, at: datetime) -> int | None:
    """Redeem what the next rows hold; return how many rows, None where there are no more."""
    rows = _next(batch, Outcome.HELD)
    if rows is None:
        return None
    stand = confirming.confirm_all(caller=caller, redemptions=_named(rows), at=at)
    return _settled(
        batch,
        [
            Verdict(row=row, outcome=Outcome.REDEEMED)
            if row.redemption_ref in stand
            else Verdict(row=row, outcome=Outcome.FAILED, reason=GONE, message=_GONE)
            for row in rows
        ],
    )


_GONE = "|The hold was released before the other rows were done."


def release_piece(*, batch: RedemptionBatch, caller: Caller, at: datetime) -> int | None:
    """Let go what the next rows hold; return how many rows, None where there are no more."""
    rows = _next(batch, Outcome.HELD)
    if rows is None:
        return None
    holds.release_all(caller=caller, redemptions=_named(rows), at=at)
    return _settled(batch, [Verdict(row=row, outcome=Outcome.READY) for row in rows])


def undo_piece(*, batch: RedemptionBatch, caller: Caller, at: datetime) -> int | None:
    """Return what the next rows redeemed; return how many rows, None where there are no more."""
    rows = _next(batch, Outcome.REDEEMED)
    if rows is None:
        return None
    reversing.reverse_all(caller=caller, redemptions=_named(rows), reason=UNDONE, at=at)
    return _settled(batch, [Verdict(row=row, outcome=Outcome.UNDONE) for row in rows])


#: The reason that is kept with the returns.
UNDONE = "batch undone"


def _next(batch: RedemptionBatch, outcome: Outcome) -> list[AskedRow] | None:
    return outcomes.next_rows(batch=batch, outcomes=(outcome,), most=CHUNK) or None


def _named(rows: Sequence[AskedRow]) -> list[UUID]:
    return [row.redemption_ref for row in rows if row.redemption_ref]


def _settled(batch: RedemptionBatch, verdicts: Sequence[Verdict]) -> int:
    outcomes.write(batch=batch, verdicts=verdicts)
    outcomes.count(batch=batch, verdicts=verdicts)
    batch.done_to = verdicts[-1].row.number
    return len(verdicts)
