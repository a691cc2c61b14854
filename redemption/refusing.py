"""Refused attempts: kept for a while, so that somebody can be told why."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import Error, transaction

from coupons.caller import Caller
from coupons.pricing.case import Case
from coupons.pricing.quote import Quote
from redemption import evidence
from redemption.errors import CouponRejected
from redemption.models import RefusedAttempt

log = structlog.get_logger(__name__)

#: Rows removed by one statement: few enough to hold nobody up.
CHUNK = 1_000

#: Each code refused, as far as it may be kept, with its reasons.
Told = list[list[str | list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A redemption that was asked for and refused."""

    caller: Caller
    order: str
    case: Case
    quote: Quote
    #: When it was asked, where it was judged as of another time.
    asked_at: datetime | None = None


class Noted(AbstractContextManager[None]):
    """Notes each attempt that is refused in it."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, CouponRejected) and error.attempt is not None:
            self.attempts.append(error.attempt)


@contextmanager
def kept() -> Iterator[Noted]:
    """Keep the attempts that were refused in what is yielded, once all is over.

    What wraps them may turn the refusal into an answer, and has rolled back by then.
    """
    noted = Noted()
    try:
        yield noted
    finally:
        for attempt in noted.attempts:
            keep(attempt=attempt)


def keep(*, attempt: Attempt) -> None:
    """Keep an attempt: one insert, after the transaction of the attempt has been rolled back.

    A refusal is an answer even where it cannot be kept, so nothing is raised.
    """
    with _may_fail():
        _row(attempt).save(force_insert=True)


def keep_all(*, attempts: Sequence[Attempt]) -> None:
    """Keep many attempts by one statement, with what the caller's transaction writes.

    Nothing is raised, as of `keep`, and nothing else of the transaction is lost.
    """
    if attempts:
        with _may_fail(), transaction.atomic():
            RefusedAttempt.objects.bulk_create([_row(attempt) for attempt in attempts])


@contextmanager
def _may_fail() -> Iterator[None]:
    try:
        yield
    except Error:
        log.exception("refused_attempt_not_kept")


def _row(attempt: Attempt) -> RefusedAttempt:
    case, quote = attempt.case, attempt.quote
    known = [each.terms for each in case.candidates if each.terms]
    return RefusedAttempt(
        merchant=attempt.caller.merchant,
        at=attempt.asked_at or case.at,
        order_ref=attempt.order,
        customer_ref=case.cart.shopper.ref or "",
        actor=attempt.caller.actor,
        method=case.method,
        reason=quote.rejected[0].reason.value,
        coupons=sorted({terms.coupon_id for terms in known}),
        codes=[
            evidence.told_of(code=each.code, known=each.terms is not None)
            for each in case.candidates
        ],
        told=told_of(quote=quote),
        evidence=evidence.plain(case=case),
    )


def told_of(*, quote: Quote) -> Told:
    """List the codes that a quote refuses, each with its reasons in their order."""
    return [
        [
            evidence.told_of(code=each.code, known=each.slug is not None),
            [refusal.reason.value for refusal in each.refusals],
        ]
        for each in quote.rejected
    ]


def forget(*, at: datetime, chunks: int) -> int:
    """Remove attempts past their time, at most `chunks` thousand; return how many."""
    before = at - timedelta(days=settings.HEXIAO_KEEP_REFUSALS_DAYS)
    gone = 0
    for _ in range(chunks):
        rows = RefusedAttempt.objects.filter(at__lt=before).order_by("at")
        old = list(rows.values_list("pk", flat=True)[:CHUNK])
        removed, _by_model = RefusedAttempt.objects.filter(pk__in=old).delete()
        gone += removed
        if removed < CHUNK:
            break
    return gone
