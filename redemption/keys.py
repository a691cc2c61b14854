"""API keys: made once, replaced by a successor, looked up at every request."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import Error, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Least

from coupons import journal
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid, WrongState
from coupons.models import Channel, Merchant
from coupons.outages import is_outage
from redemption import networks
from redemption.models import ApiKey, KeyMethod, Scope
from redemption.models.api_key import GENERATOR

PREFIX_LENGTH = 8
#: The longest that an old key may work beside its successor.
LONGEST_OVERLAP_HOURS = 30 * 24
MOST_A_MINUTE = 1_000_000
T = TypeVar("T")


def create(
    *,
    merchant: Merchant,
    name: str,
    scopes: Iterable[str],
    by: str,
    at: datetime,
    method: str = KeyMethod.AUTOMATIC,
    channel: Channel | None = None,
    allowed_networks: Iterable[str] = (),
    rate_per_minute: int | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; returns its row and the key itself, which nobody can read again.

    Raises `Invalid` for a scope or method that does not exist, a network that is none, or
    a rate (calls a minute; None for the usual one) out of bounds.
    """
    wanted = sorted(set(scopes))
    if not wanted or (unknown := set(wanted) - set(Scope.values)):
        detail = f"Unknown: {', '.join(sorted(unknown))}." if wanted else "Name at least one."
        raise Invalid(errors=[FieldError("scopes", detail)])
    if method not in KeyMethod.values:
        raise Invalid(errors=[FieldError("method", "automatic or api.")])
    limits = _limits(allowed_networks=allowed_networks, rate_per_minute=rate_per_minute)
    row, key = _drawn(merchant=merchant, at=at)
    row.name, row.scopes, row.method, row.channel = name, wanted, method, channel
    row.allowed_networks, row.rate_per_minute = limits
    with transaction.atomic():
        row.save(force_insert=True)
        journal.record(
            merchant=merchant,
            type="api_key.created",
            actor=by,
            at=at,
            data={"prefix": row.prefix, "name": name, "scopes": wanted},
        )
    return row, key


def rotate(*, key: ApiKey, overlap_hours: int, by: str, at: datetime) -> tuple[ApiKey, str]:
    """Make a key's successor, which may do the same; the old key ends after the overlap.

    Returns the successor's row and the new key itself. Raises `Invalid` for an overlap out
    of bounds, and `WrongState` for a key that has a successor or has ended.
    """
    if not 0 <= overlap_hours <= LONGEST_OVERLAP_HOURS:
        detail = f"Send a whole number from 0 to {LONGEST_OVERLAP_HOURS}."
        raise Invalid(errors=[FieldError("overlap_hours", detail)])
    row, new = _drawn(merchant=key.merchant, at=at)
    for name in SAME:
        setattr(row, name, getattr(key, name))
    row.origin = key.line
    ends = at + timedelta(hours=overlap_hours)
    with transaction.atomic():
        row.save(force_insert=True)
        rotated = _unreplaced(_working(key=key, at=at)).update(
            # The least of an end and none is the end.
            successor=row,
            expires_at=Least(F("expires_at"), ends),
        )
        if not rotated:
            raise WrongState("The key has a successor already, is revoked or past its end.")
        journal.record(
            merchant=key.merchant,
            type="api_key.rotated",
            actor=by,
            at=at,
            data={"prefix": key.prefix, "successor": row.prefix, "name": key.name},
        )
    key.refresh_from_db()
    return row, new


def limit(
    *,
    key: ApiKey,
    allowed_networks: Iterable[str],
    rate_per_minute: int | None,
    by: str,
    at: datetime,
) -> ApiKey:
    """Say from where and how often a key may call; it counts from the next call on.

    Raises `Invalid`, and `WrongState` for a key that is revoked or has ended.
    """
    allowed, rate = _limits(allowed_networks=allowed_networks, rate_per_minute=rate_per_minute)
    with transaction.atomic():
        changed = _working(key=key, at=at).update(allowed_networks=allowed, rate_per_minute=rate)
        if not changed:
            raise WrongState("The key is revoked or past its end.")
        journal.record(
            merchant=key.merchant,
            type="api_key.changed",
            actor=by,
            at=at,
            data={"prefix": key.prefix, "from": allowed, "rate_per_minute": rate},
        )
    key.refresh_from_db()
    return key


#: What a successor has from its predecessor.
SAME = (
    *("name", "scopes", "method", "channel_id"),
    *("allowed_networks", "rate_per_minute", "expires_at"),
)


def _drawn(*, merchant: Merchant, at: datetime) -> tuple[ApiKey, str]:
    key, prefix, hashed = GENERATOR.generate()
    return ApiKey(merchant=merchant, prefix=prefix, hashed_key=hashed, created_at=at), key


def _working(*, key: ApiKey, at: datetime) -> QuerySet[ApiKey]:
    unended = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    return ApiKey.objects.filter(unended, pk=key.pk, revoked_at__isnull=True)


def _unreplaced(rows: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    return rows.filter(successor__isnull=True)


def _limits(
    *, allowed_networks: Iterable[str], rate_per_minute: int | None
) -> tuple[list[str], int | None]:
    allowed = networks.normal(allowed_networks)
    if rate_per_minute is not None and not 1 <= rate_per_minute <= MOST_A_MINUTE:
        detail = f"Send a whole number from 1 to {MOST_A_MINUTE}."
        raise Invalid(errors=[FieldError("rate_per_minute", detail)])
    return allowed, rate_per_minute


def revoke(*, key: ApiKey, by: str, at: datetime) -> ApiKey:
    """Close a key for good, from this instant on; a revoked one stays as it was."""
    with transaction.atomic():
        closed = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=at)
        if closed:
            key.revoked_at = at
            journal.record(
                merchant=key.merchant,
                type="api_key.revoked",
                actor=by,
                at=at,
                data={"prefix": key.prefix, "name": key.name},
            )
    return key


def caller_for(*, key: str, at: datetime) -> Caller | None:
    """Return whom a key stands for at that instant, or None.

    Asks the database, so a revocation works at once on every process.
    """
    prefix = key[:PREFIX_LENGTH]
    if not (prefix.isalnum() and prefix.isascii()):
        return None
    row = on_a_living_connection(ask=lambda: _find(prefix))
    if row is None:
        return None
    (
        hashed, revoked_at, expires_at, scopes, method, origin, allowed, rate,
        channel_id, channel, stamp, *merchant,
    ) = row  # fmt: skip
    usable = revoked_at is None and (expires_at is None or at < expires_at)
    if not usable or not GENERATOR.verify(key, hashed):
        return None
    caller = Caller(
        merchant=Merchant.from_db(connection.alias, _MERCHANT_FIELDS, merchant),
        actor=f"key:{prefix}",
        scopes=frozenset(scopes),
        channel_id=channel_id,
        channel=channel,
        method=method,
        key=origin or prefix,
        networks=networks.parsed(allowed),
        rate_per_minute=rate,
    )
    _remember(caller=replace(caller, stamp=stamp, digest=_digest(key)), expires_at=expires_at)
    return caller


def remembered(*, key: str, at: datetime) -> Caller | None:
    """Return the caller that this process met under that key before, unless it has expired.

    It has a `stamp`, and counts only once the database has confirmed it: whoever gets such
    a caller must read `STAMP` with its first query, and `forget` the caller if it differs.
    So a revocation still works at once on every process, without a query of its own.
    """
    caller, expires_at = _met.get(_digest(key), (None, None))
    return caller if expires_at is None or at < expires_at else None


def forget(*, caller: Caller) -> None:
    """Drop a remembered caller whose rows have changed."""
    _met.pop(caller.digest, None)


def on_a_living_connection(*, ask: Callable[[], T]) -> T:
    """Ask the first queries of a request, reads; once more if the kept connection has died."""
    try:
        return ask()
    except Error as error:
        if connection.in_atomic_block or not is_outage(error):
            raise
        connection.close()
        return ask()


#: Callers that one process remembers.
KEPT = 1_000
_met: dict[bytes, tuple[Caller, datetime | None]] = {}


def _remember(*, caller: Caller, expires_at: datetime | None) -> None:
    while len(_met) >= KEPT:
        _met.pop(next(iter(_met)), None)
    _met[caller.digest] = (caller, expires_at)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


#: Which versions of the rows of key `k`, merchant `m` and channel `c` were read.
STAMP = "concat_ws(' ', k.xmin, m.xmin, c.xmin)"
CALLER_ROWS = """
       redemption_apikey k
  JOIN coupons_merchant m ON m.id = k.merchant_id
  LEFT JOIN coupons_channel c ON c.id = k.channel_id
"""
_MERCHANT_FIELDS = [field.attname for field in Merchant._meta.concrete_fields]
# Written out: every request asks this, and building it anew costs more than asking.
_SQL = f"""
SELECT k.hashed_key, k.revoked_at, k.expires_at, k.scopes, k.method, k.origin, k.allowed_networks,
       k.rate_per_minute, c.id, c.slug, {STAMP},
       {", ".join(f"m.{name}" for name in _MERCHANT_FIELDS)}
  FROM {CALLER_ROWS}
 WHERE k.prefix = %s
"""  # noqa: S608  (our own column names)


def _find(prefix: str) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [prefix])
        return cursor.fetchone()
