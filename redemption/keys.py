"""API keys: made once, looked up at every request."""

import hashlib
import select
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from coupons import journal
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid
from coupons.models import Channel, Merchant
from redemption.models import ApiKey, KeyMethod, Scope
from redemption.models.api_key import GENERATOR

PREFIX_LENGTH = 8
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
) -> tuple[ApiKey, str]:
    """Make a key; returns its row and the key itself, which nobody can read again.

    Raises `Invalid` for a scope or method that does not exist.
    """
    wanted = sorted(set(scopes))
    if not wanted or (unknown := set(wanted) - set(Scope.values)):
        detail = f"Unknown: {', '.join(sorted(unknown))}." if wanted else "Name at least one."
        raise Invalid(errors=[FieldError("scopes", detail)])
    if method not in KeyMethod.values:
        raise Invalid(errors=[FieldError("method", "automatic or api.")])
    with transaction.atomic():
        key, prefix, hashed = GENERATOR.generate()
        row = ApiKey.objects.create(
            merchant=merchant,
            name=name,
            prefix=prefix,
            hashed_key=hashed,
            scopes=wanted,
            method=method,
            channel=channel,
            created_at=at,
        )
        journal.record(
            merchant=merchant,
            type="api_key.created",
            actor=by,
            at=at,
            data={"prefix": row.prefix, "name": name, "scopes": wanted},
        )
    return row, key


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
    hashed, revoked_at, expires_at, scopes, method, channel_id, channel, stamp, *merchant = row
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


def close_if_cut() -> None:
    """Close the kept connection if the server has closed it, so that the next query opens one.

    An idle connection has nothing to read; one that has is at its end. Asks the kernel,
    not the server.
    """
    if connection.connection is not None and not connection.in_atomic_block:
        waiting = select.poll()
        waiting.register(connection.connection.pgconn.socket, select.POLLIN)
        if waiting.poll(0):
            connection.close()


def on_a_living_connection(*, ask: Callable[[], T]) -> T:
    """Ask the first query of a request, a read; once more if the kept connection has died."""
    try:
        return ask()
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
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
SELECT k.hashed_key, k.revoked_at, k.expires_at, k.scopes, k.method, c.id, c.slug, {STAMP},
       {", ".join(f"m.{name}" for name in _MERCHANT_FIELDS)}
  FROM {CALLER_ROWS}
 WHERE k.prefix = %s
"""  # noqa: S608  (our own column names)


def _find(prefix: str) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [prefix])
        return cursor.fetchone()
