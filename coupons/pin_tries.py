"""How often somebody may type a wrong PIN or password at a desk.

A try is taken before it is looked at, by one conditional statement, so that no number of
calls at once gets more of them. Valkey counts too and turns a flood away before it reaches
the database; without Valkey the table alone says no.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.crypto import salted_hmac
from redis.client import Pipeline

from coupons import valkey
from coupons.errors import HexiaoError, PinLocked, TooManyTries
from coupons.models import Membership, PinTries

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
#: How long Valkey remembers, in seconds; the table goes on remembering.
_KEPT = 15 * 60

_TAKE = """
INSERT INTO coupons_pintries AS t (merchant_id, membership_id, place, tries, since)
VALUES (%(merchant)s, %(membership)s, %(place)s, 1, %(at)s)
ON CONFLICT (membership_id, place) DO UPDATE
   SET tries = CASE WHEN t.since <= %(over)s THEN 1 ELSE t.tries + 1 END,
       since = CASE WHEN t.since <= %(over)s THEN excluded.since ELSE t.since END
 WHERE t.tries < %(most)s OR t.since <= %(over)s
RETURNING tries
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many tries of one person in one place: for good, or within some time."""

    place: str
    most: int
    within: timedelta | None
    error: type[HexiaoError]

    def since(self, at: datetime) -> datetime:
        """Return before when tries no longer count."""
        return at - self.within if self.within else _EVER


def on_device(*, device: str) -> Limit:
    """Limit the PINs typed on one device; only the password clears them."""
    return Limit(place=device, most=5, within=None, error=PinLocked)


#: PINs typed on whatever device: nobody gets five more by opening another.
ANYWHERE = Limit(place="*", most=20, within=timedelta(days=1), error=PinLocked)
PASSWORD = Limit(place="password", most=10, within=timedelta(minutes=15), error=TooManyTries)


def take(*, membership: Membership, limit: Limit, at: datetime) -> int:
    """Take one try, right or wrong, and return how many that makes.

    Raises the limit's error where there is none left.
    """
    counted = valkey.asked(lambda pipeline: _count(pipeline, _name(membership, limit)))
    values: dict[str, Any] = {
        "merchant": membership.merchant_id,
        "membership": membership.pk,
        "place": limit.place,
        "most": limit.most,
        "at": at,
        "over": limit.since(at),
    }
    if counted is None or counted[1] <= limit.most:
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, values)
            if row := cursor.fetchone():
                return int(row[0])
    raise limit.error(retry_after=int(limit.within.total_seconds()) if limit.within else None)


def clear(*, membership: Membership, limits: tuple[Limit, ...]) -> None:
    """Forget the tries in these places: the person has proven who they are."""
    places = [limit.place for limit in limits]
    PinTries.objects.of(membership.merchant_id).filter(
        membership=membership, place__in=places
    ).delete()
    names = [_name(membership, limit) for limit in limits]

    def fill(pipeline: Pipeline) -> None:
        pipeline.delete(*names)

    valkey.asked(fill)


def forget(*, membership: Membership) -> None:
    """Forget all that were counted of a person, as far as the database has them."""
    PinTries.objects.of(membership.merchant_id).filter(membership=membership).delete()


def _count(pipeline: Pipeline, name: str) -> None:
    pipeline.set(name, 0, ex=_KEPT, nx=True)
    pipeline.incr(name)


def _name(membership: Membership, limit: Limit) -> str:
    place = salted_hmac("coupons.pin_tries", f"{membership.pk} {limit.place}").hexdigest()
    return f"{valkey.PREFIX}pin:{place}"
