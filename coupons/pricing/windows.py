"""When a coupon may be used: validity and weekly windows, on the coupon's own wall clock."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from coupons.pricing.terms import CouponTerms, WeeklyWindow

_MIDNIGHT = time(0)


def validity(
    *, terms: CouponTerms, published_at: datetime | None, claimed_at: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Return from when (included) to when (not included) a coupon runs, in UTC.

    None is an open side. A claim narrows the absolute window where the coupon counts days
    from it; without a claim only the absolute window counts.
    """
    start = terms.starts_at or published_at
    end = terms.ends_at
    if claimed_at is not None and (terms.valid_days or terms.starts_after_days):
        claim_start, claim_end = _from_claim(terms, claimed_at)
        start = claim_start if start is None else max(start, claim_start)
        if claim_end is not None:
            end = claim_end if end is None else min(end, claim_end)
    return _utc(start), _utc(end)


def _from_claim(terms: CouponTerms, claimed_at: datetime) -> tuple[datetime, datetime | None]:
    zone = ZoneInfo(terms.time_zone)
    local = claimed_at.astimezone(zone)
    if terms.starts_after_days:
        day = local.date() + timedelta(days=terms.starts_after_days)
        wall = datetime.combine(day, _MIDNIGHT)
        start = _instant(wall, zone)
    else:
        wall = local.replace(tzinfo=None, fold=0)
        start = claimed_at.astimezone(UTC)
    if terms.valid_days is None:
        return start, None
    return start, _instant(wall + timedelta(days=terms.valid_days), zone)


def is_open(*, windows: Sequence[WeeklyWindow], time_zone: str, at: datetime) -> bool:
    """Say whether `at` lies in one of the weekly windows; no windows are always open."""
    if not windows:
        return True
    local = at.astimezone(ZoneInfo(time_zone))
    today, minute = local.weekday(), local.hour * 60 + local.minute
    return any(_covers(window, today, minute) for window in windows)


def _covers(window: WeeklyWindow, today: int, minute: int) -> bool:
    if window.start == window.end:
        return today in window.days
    if window.start < window.end:
        return today in window.days and window.start <= minute < window.end
    # Past midnight the window still belongs to the day it started on.
    if today in window.days and minute >= window.start:
        return True
    return (today - 1) % 7 in window.days and minute < window.end


def opens_at(*, windows: Sequence[WeeklyWindow], time_zone: str, at: datetime) -> datetime | None:
    """Return the next moment a weekly window starts, in UTC."""
    zone = ZoneInfo(time_zone)
    today = at.astimezone(zone).date()
    starts = (
        _start_on(today + timedelta(days=ahead), window, zone)
        for ahead in range(8)
        for window in windows
        if (today.weekday() + ahead) % 7 in window.days
    )
    return min((start for start in starts if start > at), default=None)


def _start_on(day: date, window: WeeklyWindow, zone: ZoneInfo) -> datetime:
    minute = 0 if window.start == window.end else window.start
    return _instant(datetime.combine(day, time(minute // 60, minute % 60)), zone)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    # Of a wall time that comes twice the first is meant; one that is skipped lands after the gap.
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
