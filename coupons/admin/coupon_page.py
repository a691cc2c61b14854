"""What a coupon's page shows: how it stands, its rules in words, its codes, its history."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from coupons.admin.coupon_form import typed
from coupons.admin.shown import badge, happened, money, number, when, who
from coupons.models import Code, CodeBatch, Coupon, CouponCounter, CouponVersion, JournalEntry, Kind
from coupons.pricing.money import parse_amount

SHOWN_BATCHES = 10
SHOWN_VERSIONS = 20
SHOWN_ENTRIES = 30


@dataclass(frozen=True, slots=True)
class Panel:
    """A table that a storey above adds to the page."""

    title: str
    headers: list[str]
    rows: list[list[Any]]
    #: What to say when there is nothing yet.
    empty: str
    more_url: str = ""


#: Makers of panels; the storeys above add theirs when their admin is loaded.
PANELS: list[Callable[[Coupon, HttpRequest], Panel | None]] = []


def page_context(*, coupon: Coupon, at: datetime, request: HttpRequest) -> dict[str, Any]:
    """Gather everything the page shows, in a fixed number of queries."""
    versions = list(
        CouponVersion.objects.filter(coupon=coupon).order_by("-version")[: SHOWN_VERSIONS + 1]
    )
    definition = versions[0].definition
    state = coupon.state_at(at)
    return {
        "coupon": coupon,
        "state": badge(state, state.label),
        "figures": figures(coupon.counter),
        "facts": facts(definition, starts_at=coupon.starts_at),
        "shared_code": Code.objects.filter(coupon=coupon, shared=True).first(),
        "batches": list(
            CodeBatch.objects.filter(coupon=coupon)
            .select_related("job")
            .order_by("-pk")[:SHOWN_BATCHES]
        ),
        "panels": [panel for make in PANELS if (panel := make(coupon, request))],
        "history": history(versions)[:SHOWN_VERSIONS],
        "timeline": timeline(coupon),
    }


def figures(counter: CouponCounter) -> list[dict[str, str]]:
    """Show the counters beside their limits."""
    shown = [
        (_("Codes issued"), number(counter.issued), _limit(counter.max_issued)),
        (_("Claimed"), number(counter.claimed), ""),
        (_("Used"), number(counter.uses), _limit(counter.max_uses)),
    ]
    if counter.budget_minor is not None:
        currency = counter.budget_currency
        of = _("of %(limit)s") % {"limit": money(counter.budget_minor, currency)}
        shown.append((_("Budget used"), money(counter.budget_used_minor, currency), of))
    return [{"label": label, "value": value, "limit": limit} for label, value, limit in shown]


def _limit(limit: int | None) -> str:
    return "" if limit is None else _("of %(limit)s") % {"limit": number(limit)}


def amounts(by_currency: Mapping[str, str] | None) -> str:
    """Write money per currency on one line."""
    pairs = (by_currency or {}).items()
    return " · ".join(money(parse_amount(amount, code), code) for code, amount in pairs)


def facts(definition: Mapping[str, Any], *, starts_at: datetime | None) -> list[tuple[str, str]]:
    """Say the rules in words, those that hold only; `starts_at` is the publication's, if any."""
    if starts_at is not None:
        definition = {**definition, "starts_at": starts_at.replace(second=0).isoformat()}
    form = typed(definition)
    limits = definition["limits"]
    group = definition.get("stacking_group") or "order"
    together = ", ".join(form["stacks_with"] or [])
    found = [
        (_("Gives"), gives(definition)),
        (_("Minimum spend"), amounts(definition.get("min_spend")) or _("None")),
        (_("Valid"), validity(definition)),
        (_("Time zone"), definition["time_zone"]),
        (_("Applies to"), scope_in_words(form)),
        (_("Customer tags"), ", ".join(form["tags"])),
        (_("Uses per customer"), number(limits.get("uses_per_customer"))),
        (_("Uses per code"), "" if definition.get("code") else number(limits["uses_per_code"])),
        (_("Goes together with"), together or _("No other coupon")),
        (_("Stacking group"), group),
    ]
    return [(label, text) for label, text in found if text and text != "–"]


def gives(definition: Mapping[str, Any]) -> str:
    """Say what one use gives."""
    if definition["kind"] == Kind.AMOUNT_OFF:
        return _("%(amount)s off") % {"amount": amounts(definition["value"])}
    if definition["kind"] == Kind.PERCENT_OFF:
        text = _("%(percent)s%% off") % {"percent": definition["percent"]}
        cap = amounts(definition.get("cap"))
        return text + (_(", at most %(cap)s") % {"cap": cap} if cap else "")
    return str(Kind(definition["kind"]).label)


def validity(definition: Mapping[str, Any]) -> str:
    """Say from when to when, in the coupon's own zone; the end as a day that still counts."""
    form = typed(definition)
    start = _day(form.get("starts_on"), form.get("starts_time")) or _("publication")
    end = _day(form.get("ends_on"), form.get("ends_time"))
    if not end:
        return _("From %(start)s, without end") % {"start": start}
    if form.get("ends_time"):
        return _("From %(start)s until %(end)s") % {"start": start, "end": end}
    return _("From %(start)s to the end of %(end)s") % {"start": start, "end": end}


def _day(day: Any, at: Any) -> str:
    if day is None:
        return ""
    return f"{day:%Y-%m-%d} {at:%H:%M}" if at else f"{day:%Y-%m-%d}"


def scope_in_words(form: Mapping[str, Any]) -> str:
    """Say what it applies to; a long list is cut."""
    chosen = form["categories"] or form["products"]
    if not chosen:
        return _("The whole shop")
    shown = ", ".join(chosen[:8])
    rest = len(chosen) - 8
    return shown if rest <= 0 else _("%(shown)s and %(rest)s more") % {"shown": shown, "rest": rest}


def history(versions: list[CouponVersion]) -> list[dict[str, Any]]:
    """Say who changed what when, newest first."""
    rows = []
    for index, version in enumerate(versions):
        older = versions[index + 1] if index + 1 < len(versions) else None
        rows.append(
            {
                "version": version.version,
                "when": when(version.changed_at),
                "who": who(version.changed_by),
                "what": changes(older.definition, version.definition) if older else _("Created"),
            }
        )
    return rows


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Name the fields that differ, those within `limits` and the like by their own name."""
    names = []
    for key, value in after.items():
        old = before.get(key)
        if value == old:
            continue
        if isinstance(value, dict) and isinstance(old, dict) and key in ("limits", "scope"):
            names += [f"{key}.{k}" for k in value if value[k] != old.get(k)]
        else:
            names.append(key)
    return ", ".join(names)


def timeline(coupon: Coupon) -> list[dict[str, str]]:
    """Read what happened to the coupon from the journal, newest first."""
    entries = JournalEntry.objects.filter(coupon=coupon).order_by("-id")[:SHOWN_ENTRIES]
    return [
        {"when": when(entry.at), "who": who(entry.actor), "what": happened(entry.type)}
        for entry in entries
    ]
