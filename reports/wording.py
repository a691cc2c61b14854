"""Figures in words: spans of days, and how a number moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from babel.dates import format_interval, format_skeleton
from django.utils.formats import number_format
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from coupons.pricing.money import round_half_up
from reports.measures import Period

#: Chart labels name months and years, not days, where the chart is longer than this.
DAYS_NAMED_BY_DAY = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A movement against an earlier number: an arrow, and the same in words."""

    arrow: str
    text: str


def days(period: Period) -> str:
    """Write a period in the reader's language, both days included."""
    if period.first == period.last:
        return str(format_skeleton("yMMMd", period.first, locale=_locale()))
    return str(format_interval(period.first, period.last, "yMMMd", locale=_locale()))


def starts(first_days: Sequence[date]) -> list[str]:
    """Write the first days of weeks, short, for the axis of a chart."""
    long = first_days and (first_days[-1] - first_days[0]).days > DAYS_NAMED_BY_DAY
    skeleton = "yMMM" if long else "MMMd"
    return [str(format_skeleton(skeleton, day, locale=_locale())) for day in first_days]


def change(*, now: int | None, before: int | None) -> Change | None:
    """Compare with an earlier number in whole percent; None where there was nothing."""
    if now is None or not before:
        return None
    percent = round_half_up(100 * (now - before), before)
    if percent == 0:
        return Change(arrow="→", text=_("about the same"))
    size = number_format(abs(percent), 0, force_grouping=True)
    if percent > 0:
        return Change(arrow="↑", text=_("%(percent)s%% more") % {"percent": size})
    return Change(arrow="↓", text=_("%(percent)s%% less") % {"percent": size})


def _locale() -> str:
    return to_locale(get_language() or "en")
