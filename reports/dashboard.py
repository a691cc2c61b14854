"""The console's first page: how is it going, what needs me."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from coupons import clock
from coupons.admin.shown import badge, money, number, when
from coupons.models import Coupon, JournalCursor, Merchant
from coupons.pricing.money import format_amount
from coupons.staff import Area, Right, may
from coupons.tenancy import StaffRequest
from reports import measures, rollups, wording
from reports.attention import waiting
from reports.charts import bars
from reports.measures import Period, Sales, Totals, Week
from reports.periods import DEFAULT, LABELS, CustomPeriod, Preset, Shown, shown

#: Figures older than this mean that no worker folds; they are fresh within seconds.
STALE = timedelta(minutes=5)

EXAMPLE_PRICE_MINOR = 6_000
EXAMPLE_CALL = """curl %s/api/v1/validations \\
  -H "Authorization: Api-Key $KEY" \\
  -H "Content-Type: application/json" \\
  -d '{
    "currency": "%s",
    "lines": [{"id": "1", "sku": "HAT", "quantity": 1, "unit_price": "%s"}],
    "codes": ["WELCOME"]
  }'"""


def first_page(request: StaffRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add to the index page what this person's first page shows (unfold calls this)."""
    merchant, at = request.merchant, clock.now(request)
    context |= {"merchant": merchant}
    if merchant is None or request.role is None:
        return context | {"page": "nowhere"}
    if not may(role=request.role, area=Area.REPORTS, right=Right.VIEW):
        return context | {"page": "start", "role": request.role.label}
    context["attention"] = waiting(merchant=merchant, role=request.role, at=at)
    extent = measures.extent(merchant=merchant)
    if extent is None:
        return context | _empty(request, merchant)
    return context | _figures(request, merchant, extent, at)


def _empty(request: StaffRequest, merchant: Merchant) -> dict[str, Any]:
    """Say what to do first, as far as this role may do it."""
    newest = Coupon.objects.of(merchant).order_by("-pk").first()
    price = format_amount(EXAMPLE_PRICE_MINOR, merchant.currency)
    return {
        "page": "empty",
        "coupon": newest,
        "may_create": may(role=request.role, area=Area.COUPONS, right=Right.CHANGE),
        "may_make_keys": may(role=request.role, area=Area.SETTINGS, right=Right.CHANGE),
        "curl": EXAMPLE_CALL % (settings.HEXIAO_URL, merchant.currency, price),
    }


def _figures(
    request: StaffRequest, merchant: Merchant, extent: Period, at: datetime
) -> dict[str, Any]:
    preset, form = _asked_for(request)
    custom = form.period() if form.is_bound and form.is_valid() else None
    chosen = shown(
        merchant=merchant, extent=extent, today=localdate(at), preset=preset, custom=custom
    )
    if not form.is_bound:
        form = CustomPeriod(
            initial={"first": chosen.period.first, "last": chosen.period.last}, auto_id="period_%s"
        )
    totals = measures.totals(merchant=merchant, period=chosen.period)
    currency = _currency(request, merchant, totals)
    weeks = measures.by_week(merchant=merchant, period=chosen.period, currency=currency)
    top = measures.top_coupons(merchant=merchant, period=chosen.period, currency=currency)
    return {
        "page": "figures",
        "shown": chosen,
        "days": wording.days(chosen.period),
        "asked": LABELS[chosen.preset] if chosen.preset else "",
        "form": form,
        "presets": _presets(chosen, request.GET.get("currency", "")),
        "currency": currency,
        "tiles": _tiles(merchant, chosen, totals, currency),
        "compared_with": wording.days(chosen.previous) if chosen.previous else "",
        "currencies": _currencies(chosen, totals, currency),
        "charts": _charts(weeks, currency),
        "weeks": [_week_row(week, currency) for week in weeks],
        "top": [_top_row(row, currency, at, merchant=merchant) for row in top],
        "nothing": totals.issued == 0 and totals.orders == 0,
        **_freshness(at),
    }


def _asked_for(request: StaffRequest) -> tuple[Preset, CustomPeriod]:
    """Read the address; what can't be read is the default."""
    if "first" in request.GET or "last" in request.GET:
        return DEFAULT, CustomPeriod(request.GET, auto_id="period_%s")
    asked = request.GET.get("period", "")
    return Preset(asked) if asked in set(Preset) else DEFAULT, CustomPeriod()


def _currency(request: StaffRequest, merchant: Merchant, totals: Totals) -> str:
    """Return the currency to show: the one asked for, the merchant's, or the one there is."""
    asked = request.GET.get("currency", "")
    present = [each.currency for each in totals.sales]
    if asked in present:
        return asked
    return present[0] if present else merchant.currency


def _presets(chosen: Shown, currency: str) -> list[dict[str, Any]]:
    kept = {"currency": currency} if currency else {}
    return [
        {
            "label": label,
            "url": f"?{urlencode({'period': preset.value, **kept})}",
            "current": preset == chosen.preset,
        }
        for preset, label in LABELS.items()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number of the first screen, what it says, and how it moved."""

    label: str
    value: str
    unit: str
    hint: str
    change: wording.Change | None


def _tiles(merchant: Merchant, chosen: Shown, totals: Totals, currency: str) -> list[Tile]:
    sales = totals.in_currency(currency)
    before, before_sales = None, None
    if chosen.previous is not None:
        before = measures.totals(merchant=merchant, period=chosen.previous)
        before_sales = before.in_currency(currency)

    def tile(label: str, name: str, hint: str, *, of_codes: bool = False) -> Tile:
        now: Totals | Sales = totals if of_codes else sales
        then: Totals | Sales | None = before if of_codes else before_sales
        value = getattr(now, name)
        change = wording.change(now=value, before=getattr(then, name)) if then else None
        if of_codes or value is None:
            return Tile(label=label, value=number(value), unit="", hint=hint, change=change)
        written = money(value, currency).removesuffix(currency).rstrip()
        return Tile(label=label, value=written, unit=currency, hint=hint, change=change)

    return [
        tile(_("Codes issued"), "issued", "", of_codes=True),
        tile(
            _("Codes redeemed"),
            "redeemed",
            _("on %(orders)s orders") % {"orders": number(totals.orders)},
            of_codes=True,
        ),
        tile(_("Discount given"), "discount_minor", _("shipping included")),
        tile(_("Order value"), "order_value_minor", _("with coupons, before the discount")),
        tile(_("Average order value"), "average_order_minor", _("of orders with coupons")),
    ]


def _currencies(chosen: Shown, totals: Totals, currency: str) -> list[dict[str, Any]]:
    """List the currencies to choose from; one alone is no choice."""
    if len(totals.sales) < 2:
        return []
    period = (
        {"period": chosen.preset.value}
        if chosen.preset
        else {"first": chosen.period.first, "last": chosen.period.last}
    )
    return [
        {
            "code": each.currency,
            "url": f"?{urlencode({**period, 'currency': each.currency})}",
            "current": each.currency == currency,
            "cells": [
                number(each.redeemed),
                number(each.orders),
                money(each.discount_minor, each.currency),
                money(each.order_value_minor, each.currency),
                money(each.average_order_minor, each.currency),
            ],
        }
        for each in totals.sales
    ]


def _charts(weeks: list[Week], currency: str) -> list[dict[str, str]]:
    labels = wording.starts([week.first for week in weeks])
    given = [format_amount(week.discount_minor, currency) for week in weeks]
    return [
        bars(
            title=_("Codes redeemed, by week (%(currency)s)") % {"currency": currency},
            labels=labels,
            values=[str(week.redeemed) for week in weeks],
        ),
        bars(
            title=_("Discount given, by week (%(currency)s)") % {"currency": currency},
            labels=labels,
            values=given,
        ),
    ]


def _week_row(week: Week, currency: str) -> dict[str, Any]:
    return {
        "days": wording.days(Period(first=week.first, last=week.last)),
        "cells": [
            number(week.issued),
            number(week.redeemed),
            number(week.orders),
            money(week.discount_minor, currency),
            money(week.order_value_minor, currency),
        ],
    }


def _top_row(
    row: measures.CouponFigures, currency: str, at: datetime, *, merchant: Merchant
) -> dict[str, Any]:
    """Write a row; the platform's coupons have no page here."""
    state, is_own = row.coupon.state_at(at), row.coupon.merchant_id == merchant.pk
    page = reverse("admin:coupons_coupon_change", args=[row.coupon.pk])
    return {
        "name": row.coupon.name,
        "url": page if is_own else "",
        "badge": badge(state, str(state.label)) if is_own else badge("note", _("platform coupon")),
        "cells": [
            number(row.redeemed),
            number(row.orders),
            money(row.discount_minor, currency),
            money(row.order_value_minor, currency),
        ],
    }


def _freshness(at: datetime) -> dict[str, Any]:
    """Say how old the figures are; a stopped worker shows nowhere else."""
    place = JournalCursor.objects.filter(reader=rollups.READER).first()
    as_of = place.caught_up_at if place else None
    return {
        "as_of": when(as_of) if as_of else "",
        "stale": as_of is None or at - as_of > STALE,
    }
