"""A clerk's day: the list, the workbook, and the same on paper."""

import io
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

from coupons import clock
from coupons.admin.shown import money, when, who
from coupons.errors import NotFound
from redemption import clerk_day
from redemption.clerk_day import Day
from redemption.desk import may_supervise
from redemption.models import Redemption
from redemption.views.pages import DeskView

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class _OfADay(DeskView):
    def day(self) -> Day:
        """Return the day asked for; 404 for one that is not the person's to see."""
        asked = self.request.GET.get("on", "")
        who_asked = self.request.GET.get("clerk", "")
        try:
            on = date.fromisoformat(asked) if asked else None
            if on and not 1970 <= on.year <= 9000:
                raise Http404
            person = int(who_asked[:9]) if who_asked else None
            return clerk_day.day_of(
                clerk=self.clerk, on=on, person=person, at=clock.now(self.request)
            )
        except (ValueError, OverflowError, NotFound) as error:
            raise Http404 from error

    def query(self, day: Day) -> str:
        """Return what leads to that day again."""
        named: dict[str, str | int] = {"on": day.day.isoformat()}
        return urlencode({**named, "clerk": day.of.pk if day.of else 0})


class DayPage(_OfADay):
    """What one has redeemed today."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show it."""
        day = self.day()
        shown: dict[str, Any] = {
            "day": day,
            "totals": [_total(each) for each in day.totals],
            "rows": [_row(row) for row in day.rows],
            "sheet": f"{reverse('desk:day_sheet')}?{self.query(day)}",
            "team": clerk_day.team(clerk=self.clerk),
            "supervises": may_supervise(clerk=self.clerk),
            "most": clerk_day.SHOWN,
            "printed": when(clock.now(request)),
        }
        return self.page("day", shown)


class SheetPage(_OfADay):
    """The same as a workbook."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Send it."""
        day, file = self.day(), io.BytesIO()
        clerk_day.write_sheet(clerk=self.clerk, day=day, file=file)
        name = f"desk-{day.day.isoformat()}.xlsx"
        told = {"Content-Disposition": f'attachment; filename="{name}"'}
        return HttpResponse(file.getvalue(), content_type=SHEET, headers=told)


def _total(total: clerk_day.Total) -> dict[str, Any]:
    return {
        "currency": total.currency,
        "count": total.count,
        "undone": total.undone,
        "order_value": money(total.order_value, total.currency),
        "discount": money(total.discount, total.currency),
    }


def _row(row: Redemption) -> dict[str, Any]:
    uses = list(row.uses.all())
    return {
        "address": reverse("desk:redeemed", args=[row.pk]),
        "when": when(row.created_at),
        "who": who(row.actor),
        "order": row.order_ref,
        "coupons": ", ".join(use.coupon.name for use in uses),
        "codes": ", ".join(use.code.text for use in uses),
        "status": Redemption.Status(row.status).label,
        "is_undone": row.status == Redemption.Status.REVERSED,
        "discount": money(row.discount_minor + row.shipping_discount_minor, row.currency),
    }
