"""What a coupon's page shows: how it stands, its rules in words, its codes, its history."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from coupons import clock, lifecycle
from coupons.admin.rules_in_words import chance, facts
from coupons.admin.shown import badge, happened, money, number, when, who
from coupons.models import (
    Code,
    CodeBatch,
    Coupon,
    CouponCounter,
    CouponVersion,
    JournalEntry,
    Kind,
    Prize,
)
from coupons.prizes import standing

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
    more_label: str = ""


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
        "panels": [panel for make in (prizes, *PANELS) if (panel := make(coupon, request))],
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


def prizes(coupon: Coupon, request: HttpRequest) -> Panel | None:
    """Show a draw's prizes: the chance of each among those left, and how many are gone."""
    rows = Prize.objects.filter(draw=coupon).select_related("coupon").order_by("place")
    if coupon.kind != Kind.DRAW or not rows:
        return None
    named = lifecycle.current_definition(coupon)["prizes"]
    left = [facts.left for facts in standing(draw=coupon, at=clock.now(request))]
    table = list(zip(named, rows, left, strict=False))
    total = sum(prize["weight"] for prize, _row, rest in table if rest != 0)
    return Panel(
        title=_("Prizes"),
        headers=[_("Prize"), _("Coupon"), _("Chance now"), _("Left"), _("Drawn")],
        rows=[
            [
                prize["name"],
                row.coupon.name if row.coupon else "–",
                chance(0 if rest == 0 else prize["weight"], total),
                _("Unlimited") if rest is None else number(rest),
                number(row.drawn),
            ]
            for prize, row, rest in table
        ],
        empty="",
    )


def _limit(limit: int | None) -> str:
    return "" if limit is None else _("of %(limit)s") % {"limit": number(limit)}


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
        if (
            isinstance(value, dict)
            and isinstance(old, dict)
            and key in ("limits", "scope", "customers")
        ):
            names += [f"{key}.{k}" for k in value if value[k] != old.get(k)]
        else:
            names.append(key)
    return ", ".join(names)


def timeline(coupon: Coupon) -> list[dict[str, str]]:
    """Read what happened to the coupon from the journal, newest first."""
    entries = JournalEntry.objects.filter(coupon=coupon).select_related("merchant")
    return [
        {
            "when": when(entry.at),
            # Of another shop, the platform is told no more than which it is.
            "who": who(entry.actor)
            if entry.merchant_id == coupon.merchant_id
            else entry.merchant.name,
            "what": happened(entry.type),
        }
        for entry in entries.order_by("-id")[:SHOWN_ENTRIES]
    ]
