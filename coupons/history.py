"""The life of one coupon as its journal tells it, newest first, page by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coupons.models import LIFE, Coupon, CouponVersion, JournalEntry, State

#: Entries in one page of a history.
PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened to a coupon; `entry` None is the clock's doing."""

    at: datetime
    type: str
    actor: str = ""
    entry: int | None = None
    data: dict[str, Any]

    @property
    def version(self) -> int | None:
        """Return the version that it made, if it made one."""
        version: int | None = self.data.get("version")
        return version


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some moments, and the entry that the next page begins before, if there is one."""

    moments: list[Moment]
    before: int | None


def read(*, coupon: Coupon, at: datetime, before: int | None = None, count: int = PAGE) -> Page:
    """Read up to `count` entries of a coupon's life, older than the entry `before`.

    Where the clock opened or closed it, that stands among them.
    """
    rows = JournalEntry.objects.of(coupon.merchant).filter(LIFE, coupon=coupon)
    newer = None
    if before is not None:
        newer = rows.filter(pk=before).values_list("at", flat=True).first()
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-id")[: count + 1])
    entries = found[:count]
    moments = [
        Moment(at=row.at, type=row.type, actor=row.actor, entry=row.pk, data=_data(row))
        for row in entries
    ]
    has_more = len(found) > count
    oldest = entries[-1].at if entries and has_more else None
    for moment in _by_the_clock(coupon=coupon, at=at):
        is_older = newer is None or moment.at <= newer
        if is_older and (oldest is None or moment.at > oldest):
            place = sum(each.at > moment.at for each in moments)
            moments.insert(place, moment)
    return Page(moments=moments, before=entries[-1].pk if has_more else None)


def described(*, coupon: Coupon, at: datetime) -> list[dict[str, Any]]:
    """Return the newest of a coupon's history as the API tells it."""
    told = []
    for moment in read(coupon=coupon, at=at).moments:
        entry: dict[str, Any] = {
            "at": moment.at.isoformat(),
            "actor": moment.actor or "system",
            "type": moment.type,
        }
        entry |= {key: moment.data[key] for key in ("version", "fields") if key in moment.data}
        if reason := moment.data.get("reason"):
            entry["reason"] = reason
        told.append(entry)
    return told


def versions(*, coupon: Coupon, numbers: set[int]) -> dict[int, CouponVersion]:
    """Read these versions of a coupon and the one before each, by number."""
    wanted = numbers | {number - 1 for number in numbers}
    rows = CouponVersion.objects.filter(coupon=coupon, version__in=wanted)
    return {row.version: row for row in rows}


def _data(row: JournalEntry) -> dict[str, Any]:
    return {**row.data, "version": 1} if row.type == "coupon.created" else dict(row.data)


def _by_the_clock(*, coupon: Coupon, at: datetime) -> list[Moment]:
    """Tell what no verb did: the start that came after the publication, and the end."""
    moments = []
    published, starts, ends = coupon.published_at, coupon.starts_at, coupon.ends_at
    if published and starts and published < starts <= at:
        moments.append(Moment(at=starts, type="coupon.started", data={}))
    if published and ends and ends <= at and coupon.state != State.ENDED:
        moments.append(Moment(at=ends, type="coupon.expired", data={}))
    return moments
