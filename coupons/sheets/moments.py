"""Dates and times in cells: real ones, a spreadsheet's day numbers, and those typed as text."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from coupons.sheets.cell_text import Cell, narrow

#: Where a spreadsheet's days are counted from.
DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001
#: Numbers that are taken for days: 2000 to 2099. Others, such as 2026, are mistakes.
DAYS = range(36_526, 73_051)

_WRITE_DATE = "Write a date such as 2026-03-04."
_WRITE_MOMENT = "Write a time such as 2026-03-04 12:00."
_DATE = r"(?P<year>\d{4})\s?[-/.年]\s?(?P<month>\d{1,2})\s?[-/.月]\s?(?P<day>\d{1,2})\s?日?"
_PACKED = r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
_TIME = (
    r"(?P<hour>\d{1,2})[:时点](?P<minute>\d{2})?(?:[:分](?P<second>\d{1,2})(?:\.(?P<fraction>\d{1,6}))?秒?|分)?"
    r"\s?(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?"
)
_DATES = (re.compile(_DATE), re.compile(_PACKED))
_MOMENTS = (
    re.compile(rf"{_DATE}(?:(?:\s+|\s?T\s?|(?<=日)){_TIME})?", re.IGNORECASE),
    re.compile(rf"{_PACKED}(?:(?:\s+|T){_TIME})?", re.IGNORECASE),
)


def day(*, cell: Cell) -> date:
    """Return the date that a cell names."""
    if isinstance(cell, datetime):
        if cell.time() != datetime.min.time():
            raise ValueError(_WRITE_DATE)
        return cell.date()
    if isinstance(cell, date):
        return cell
    named = _counted(cell)
    if named is not None:
        return day(cell=named)
    found = _found(cell, _DATES, _WRITE_DATE)
    return _built(found, _WRITE_DATE).date()


def moment(*, cell: Cell, zone: ZoneInfo) -> datetime:
    """Return the moment that a cell names, in `zone` where it names none."""
    if isinstance(cell, datetime):
        return _placed(cell, zone) if cell.tzinfo is None else cell
    if isinstance(cell, date):
        return _placed(datetime(cell.year, cell.month, cell.day), zone)  # noqa: DTZ001
    named = _counted(cell)
    if named is not None:
        return _placed(named, zone)
    found = _found(cell, _MOMENTS, _WRITE_MOMENT)
    built = _built(found, _WRITE_MOMENT)
    said = found["zone"]
    built = built.replace(microsecond=int((found["fraction"] or "0").ljust(6, "0")))
    return built.replace(tzinfo=_offset(said)) if said else _placed(built, zone)


def _counted(cell: Cell) -> datetime | None:
    """Read a day's number, as a number or as CSV has it; None when it is none."""
    if isinstance(cell, str):
        if not re.fullmatch(r"\s*\d{5}(\.\d+)?\s*", cell):
            return None
        cell = float(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    if not DAYS.start <= cell < DAYS.stop:
        return None
    return DAY_ZERO + timedelta(seconds=round(cell * 86_400))


def _found(cell: Cell, patterns: tuple[re.Pattern[str], ...], instead: str) -> re.Match[str]:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = narrow(str(cell))
    for pattern in patterns:
        if found := pattern.fullmatch(text):
            return found
    raise ValueError(instead)


def _built(found: re.Match[str], instead: str) -> datetime:
    parts = found.groupdict()
    names = ("year", "month", "day", "hour", "minute", "second")
    try:
        return datetime(*(int(parts.get(name) or 0) for name in names))  # type: ignore[arg-type] # noqa: DTZ001
    except ValueError as error:
        raise ValueError(instead) from error


def _offset(said: str) -> tzinfo:
    if said.upper() in {"Z", "UTC"}:
        return UTC
    sign = -1 if said[0] == "-" else 1
    hours, minutes = int(said[1:3]), int(said[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError(_WRITE_MOMENT)
    return timezone(sign * timedelta(hours=hours, minutes=minutes))


def _placed(naive: datetime, zone: ZoneInfo) -> datetime:
    placed = naive.replace(tzinfo=zone)
    if placed.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
        raise ValueError("The clocks skip that hour; choose another time.")
    return placed
