"""Every counter recounted from the ledger, and where they differ. Nothing is mended here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from coupons.models import Merchant
from redemption.recounts import RECOUNTS, Recount


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


def compare(*, merchant: Merchant | None = None) -> Iterator[Difference | Compared]:
    """Yield the differences of each counter as they are found, then its `Compared`.

    One statement for each counter, all of one instant: nothing taken meanwhile is half seen.
    Raises `RuntimeError` inside a transaction, which has an instant of its own.
    """
    with _snapshot():
        for recount in RECOUNTS:
            yield from _compared(recount, merchant=merchant)


@contextmanager
def _snapshot() -> Iterator[None]:
    if connection.in_atomic_block:
        raise RuntimeError("Counters are compared in a transaction of their own.")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
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
