"""Every counter recounted from the ledger, and where they differ. Nothing is mended here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import OperationalError, connection, transaction
from psycopg import errors as pg

from coupons.models import Merchant
from redemption.models import Reconciliation
from redemption.recounts import RECOUNTS, Recount

#: Differences kept with a check; the command shows all of them.
KEPT = 200
#: How long one statement of a check from the console may take.
PATIENCE_MS = 10_000


class TooMuchToCompare(Exception):
    """A check that would take longer than a page may; the command has all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One counter that does not say what its rows add up to; money in minor units.

    `key` is the row whose page shows it (`redemption.recounts`), `merchant` a slug.
    """

    counter: str
    merchant: str
    subject: str
    key: str
    kept: int
    counted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How many numbers of one kind were compared, and how many differ."""

    counter: str
    numbers: int
    different: int


#: The last row of each recount has its totals, and no merchant.
_COMPARE = """
WITH pairs AS MATERIALIZED ({pairs})
SELECT m.slug, p.subject, p.key::text, p.kept, p.counted
  FROM pairs p JOIN coupons_merchant m ON m.id = p.merchant_id
 WHERE p.kept <> p.counted
 UNION ALL
SELECT NULL, NULL, NULL, count(*), count(*) FILTER (WHERE kept <> counted) FROM pairs
"""


def differences(*, merchant: Merchant | None = None) -> list[Difference]:
    """Recount one merchant's counters, or everybody's; return those that differ.

    Raises `RuntimeError` inside a transaction, as `compare` does.
    """
    return [each for each in compare(merchant=merchant) if isinstance(each, Difference)]


def check(*, merchant: Merchant, by: str, at: datetime) -> Reconciliation:
    """Recount a merchant's counters and keep what was found; raise `TooMuchToCompare`."""
    compared: list[Compared] = []
    found: list[Difference] = []
    try:
        for each in compare(merchant=merchant, patience_ms=PATIENCE_MS):
            if isinstance(each, Compared):
                compared.append(each)
            elif len(found) < KEPT:
                found.append(each)
    except OperationalError as error:
        if isinstance(error.__cause__, pg.QueryCanceled):
            raise TooMuchToCompare from error
        raise
    row: Reconciliation = Reconciliation.objects.create(
        merchant=merchant,
        at=at,
        actor=by,
        numbers=sum(each.numbers for each in compared),
        different=sum(each.different for each in compared),
        compared=[asdict(each) for each in compared],
        differences=[asdict(each) for each in found],
    )
    return row


def compare(
    *, merchant: Merchant | None = None, patience_ms: int = 0
) -> Iterator[Difference | Compared]:
    """Yield the differences of each counter as they are found, then its `Compared`.

    One statement for each counter, all of one instant: nothing taken meanwhile is half seen.
    Raises `RuntimeError` inside a transaction, which has an instant of its own.
    `patience_ms` bounds each statement, 0 none.
    """
    with _snapshot(patience_ms=patience_ms):
        for recount in RECOUNTS:
            yield from _compared(recount, merchant=merchant)


@contextmanager
def _snapshot(*, patience_ms: int) -> Iterator[None]:
    if connection.in_atomic_block:
        raise RuntimeError("Counters are compared in a transaction of their own.")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(f"SET LOCAL statement_timeout = {patience_ms:d}")
        yield


def _compared(recount: Recount, *, merchant: Merchant | None) -> Iterator[Difference | Compared]:
    totals = (0, 0)
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            _COMPARE.format(pairs=recount.pairs),
            {"merchant": None if merchant is None else merchant.pk},
        )
        for slug, subject, key, kept, counted in cursor:
            if slug is None:
                totals = (kept, counted)
                continue
            yield Difference(
                counter=recount.counter,
                merchant=slug,
                subject=subject,
                key=key,
                kept=int(kept),
                counted=int(counted),
            )
    numbers, different = totals
    yield Compared(counter=recount.counter, numbers=int(numbers), different=int(different))
