from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from coupons.pricing.terms import WEEKDAYS, WeeklyWindow
from coupons.pricing.windows import is_open, opens_at, validity
from tests.unit.pricing.builders import coupon

NEW_YORK = "America/New_York"


def local(text: str, zone: str = NEW_YORK, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


RELATIVE = {
    # name: (zone, valid_days, starts_after_days, claimed, starts, ends), wall clock
    "the same moment a week later": (
        NEW_YORK, 7, 0, "2026-06-01T15:30", "2026-06-01T15:30", "2026-06-08T15:30"),
    "over the end of summer time, by the wall clock": (
        NEW_YORK, 7, 0, "2026-10-28T15:30", "2026-10-28T15:30", "2026-11-04T15:30"),
    "over the start of summer time, by the wall clock": (
        NEW_YORK, 1, 0, "2026-03-07T15:30", "2026-03-07T15:30", "2026-03-08T15:30"),
    "from the next local midnight to a local midnight": (
        NEW_YORK, 7, 1, "2026-06-01T15:30", "2026-06-02T00:00", "2026-06-09T00:00"),
    "midnights over a clock change": (
        NEW_YORK, 2, 1, "2026-10-30T23:59", "2026-10-31T00:00", "2026-11-02T00:00"),
    "three days later": (
        "Asia/Shanghai", 1, 3, "2026-06-01T00:00", "2026-06-04T00:00", "2026-06-05T00:00"),
}  # fmt: skip


@pytest.mark.parametrize("name", RELATIVE)
def test_validity_counts_from_the_claim(name):
    zone, valid_days, after, claimed, starts, ends = RELATIVE[name]
    terms = coupon(time_zone=zone, valid_days=valid_days, starts_after_days=after)
    window = validity(terms=terms, published_at=None, claimed_at=local(claimed, zone))
    assert window == (_instant(starts, zone), _instant(ends, zone))


def _instant(text: str, zone: str) -> datetime:
    return local(text, zone).astimezone(ZoneInfo("UTC"))


def test_a_wall_time_that_is_skipped_ends_after_the_gap():
    terms = coupon(time_zone=NEW_YORK, valid_days=1)
    claimed = local("2026-03-07T02:30")
    _, end = validity(terms=terms, published_at=None, claimed_at=claimed)
    assert end == local("2026-03-08T03:30").astimezone(ZoneInfo("UTC"))


def test_a_midnight_that_is_skipped_starts_when_the_day_does():
    terms = coupon(time_zone="Africa/Cairo", valid_days=1, starts_after_days=1)
    claimed = local("2026-04-23T12:00", "Africa/Cairo")  # clocks jump from 24 April 00:00 to 01:00
    start, _ = validity(terms=terms, published_at=None, claimed_at=claimed)
    assert start == datetime.fromisoformat("2026-04-23T22:00:00+00:00")


def test_the_absolute_window_bounds_the_relative_one():
    terms = coupon(
        starts_at=local("2026-06-02T00:00", "UTC"),
        ends_at=local("2026-06-05T00:00", "UTC"),
        valid_days=7,
    )
    window = validity(terms=terms, published_at=None, claimed_at=local("2026-06-01T12:00", "UTC"))
    assert window == (local("2026-06-02T00:00", "UTC"), local("2026-06-05T00:00", "UTC"))


def test_without_a_claim_only_the_absolute_window_counts():
    published = local("2026-06-01T00:00", "UTC")
    terms = coupon(valid_days=7)
    assert validity(terms=terms, published_at=published, claimed_at=None) == (published, None)


def window(days: str, start: str, end: str) -> WeeklyWindow:
    numbers = frozenset(WEEKDAYS.index(day) for day in days.split())
    minutes = [int(t[:2]) * 60 + int(t[3:]) for t in (start, end)]
    return WeeklyWindow(numbers, *minutes)


OFFICE = window("sat sun", "09:00", "18:00")
NIGHT = window("fri", "22:00", "02:00")
WHOLE = window("mon", "09:00", "09:00")
OPEN = {
    # 2026-11-27 is a Friday
    "from is included": (OFFICE, "2026-11-28T09:00:00", True),
    "a second before": (OFFICE, "2026-11-28T08:59:59", False),
    "to is not included": (OFFICE, "2026-11-28T18:00:00", False),
    "a second before the end": (OFFICE, "2026-11-28T17:59:59", True),
    "another day": (OFFICE, "2026-11-27T12:00:00", False),
    "past midnight belongs to the day it starts on": (NIGHT, "2026-11-28T01:59:59", True),
    "on the evening": (NIGHT, "2026-11-27T22:00:00", True),
    "its end the next day": (NIGHT, "2026-11-28T02:00:00", False),
    "not in the morning of its own day": (NIGHT, "2026-11-27T01:00:00", False),
    "not in the evening of the next day": (NIGHT, "2026-11-28T22:30:00", False),
    "equal is the whole day, its start": (WHOLE, "2026-11-30T00:00:00", True),
    "equal is the whole day, its end": (WHOLE, "2026-11-30T23:59:59", True),
    "equal is not the day after": (WHOLE, "2026-12-01T08:00:00", False),
}


@pytest.mark.parametrize("name", OPEN)
def test_weekly_windows_on_the_local_wall_clock(name):
    hours, wall, expected = OPEN[name]
    assert is_open(windows=(hours,), time_zone=NEW_YORK, at=local(wall)) is expected


def test_no_windows_are_always_open():
    assert is_open(windows=(), time_zone="UTC", at=local("2026-11-27T03:00"))


def test_both_passes_of_a_repeated_hour_count():
    early = window("sun", "01:00", "02:00")
    for fold in (0, 1):
        at = local("2026-11-01T01:30", fold=fold).astimezone(ZoneInfo("UTC"))
        assert is_open(windows=(early,), time_zone=NEW_YORK, at=at)


def test_tells_when_the_next_window_opens():
    at = local("2026-11-28T18:00")
    found = opens_at(windows=(OFFICE, WHOLE), time_zone=NEW_YORK, at=at)
    assert found == local("2026-11-29T09:00")
    later = opens_at(windows=(WHOLE,), time_zone=NEW_YORK, at=local("2026-11-30T00:00"))
    assert later == local("2026-12-07T00:00")
