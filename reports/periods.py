"""Which days a page of figures is about: asked for in the address, or by default."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django import forms
from django.utils.translation import gettext_lazy as _

from coupons.models import Merchant
from reports import measures
from reports.measures import Period


class Preset(StrEnum):
    """The periods that are one click away."""

    MONTH = "30d"
    QUARTER = "90d"
    YEAR = "12m"
    ALL = "all"


DAYS = {Preset.MONTH: 30, Preset.QUARTER: 90, Preset.YEAR: 365}
LABELS = {
    Preset.MONTH: _("30 days"),
    Preset.QUARTER: _("90 days"),
    Preset.YEAR: _("12 months"),
    Preset.ALL: _("All time"),
}
DEFAULT = Preset.QUARTER
#: More than this draws more weeks than a chart can show.
MAX_DAYS = 3_660


class DayInput(forms.DateInput):
    """The browser's own calendar, which speaks ISO 8601 whatever the page's language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class CustomPeriod(forms.Form):
    """Two days, both included."""

    first = forms.DateField(label=_("From"), widget=DayInput)
    last = forms.DateField(label=_("To"), widget=DayInput)

    def clean(self) -> None:
        """Want the days in order and not too many."""
        if self.errors:
            return
        days = self.period().days
        if days < 1:
            raise forms.ValidationError(_("The last day lies before the first."))
        if days > MAX_DAYS:
            raise forms.ValidationError(_("That is longer than ten years."))

    def period(self) -> Period:
        """Return the days typed; call it once they are known to be days."""
        return Period(first=self.cleaned_data["first"], last=self.cleaned_data["last"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The period shown, how it came about, and the one it is compared with."""

    period: Period
    #: None: typed as two days.
    preset: Preset | None
    #: Nothing happened in the days asked for, so the newest that have figures are shown.
    moved: bool = False
    previous: Period | None = None


def shown(
    *, merchant: Merchant, extent: Period, today: date, preset: Preset, custom: Period | None
) -> Shown:
    """Choose the days to show; `extent` is what there are figures for.

    A preset without any figures slides back to the newest ones. Two typed days stay.
    """
    if custom is not None:
        return Shown(period=custom, preset=None, previous=_previous(custom, extent))
    if preset == Preset.ALL:
        return Shown(period=extent, preset=preset)
    period = measures.ending(on=today, days=DAYS[preset])
    moved = not measures.has_figures(merchant=merchant, period=period)
    if moved:
        period = measures.ending(on=extent.last, days=DAYS[preset])
    return Shown(period=period, preset=preset, moved=moved, previous=_previous(period, extent))


def _previous(period: Period, extent: Period) -> Period | None:
    """Return the days before, where figures cover all of them: half a period compares badly."""
    previous = period.previous
    return previous if previous.first >= extent.first else None
