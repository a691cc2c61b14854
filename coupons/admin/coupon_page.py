"""What a coupon's page shows: how it stands, its rules in words, its codes, its life."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from coupons import clock, lifecycle, replacing
from coupons.admin.coupon_history import life
from coupons.admin.rules_in_words import facts
from coupons.admin.shown import badge, number
from coupons.admin.words import sentence
from coupons.face import faces
from coupons.models import (
    Code,
    CodeBatch,
    Coupon,
    Kind,
    Prize,
    Replacement,
)
from coupons.plain_words.wording import chance
from coupons.prizes import standing

SHOWN_BATCHES = 10


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


@dataclass(frozen=True, slots=True)
class Figure:
    """A number at the page's head, with what it is out of; `place` orders them."""

    place: int
    label: str
    value: str
    limit: str = ""


#: Makers of figures; the storeys above add theirs when their admin is loaded.
FIGURES: list[Callable[[Coupon, datetime], list[Figure]]] = []

#: Makers of panels; the storeys above add theirs when their admin is loaded.
PANELS: list[Callable[[Coupon, HttpRequest], Panel | None]] = []
#: Pages below a coupon's own: (address, name, view of the request, `pk` and `model_admin`).
PAGES: list[tuple[str, str, Callable[..., HttpResponse]]] = []


def page_context(*, coupon: Coupon, at: datetime, request: HttpRequest) -> dict[str, Any]:
    """Gather everything the page shows, in a fixed number of queries."""
    definition = lifecycle.current_definition(coupon)
    old, new = replacing.replaces(coupon=coupon), replacing.replaced_by(coupon=coupon)
    state = coupon.state_at(at)
    move = moving(coupon)
    return {
        "coupon": coupon,
        "state": badge(state, state.label),
        "figures": figures(coupon, at),
        "replaces": old,
        "replaced_by": new,
        "may_be_replaced": coupon.state in replacing.REPLACEABLE and new is None,
        "moving": move,
        "moving_problem": sentence(move.job.problem) if move and move.job else "",
        "facts": facts(definition, starts_at=coupon.starts_at),
        "faces": faces(merchant=coupon.merchant, shown=_published(definition, coupon)),
        "shared_code": Code.objects.filter(coupon=coupon, shared=True).first(),
        "batches": list(
            CodeBatch.objects.filter(coupon=coupon)
            .select_related("job")
            .order_by("-pk")[:SHOWN_BATCHES]
        ),
        "panels": [panel for make in (prizes, *PANELS) if (panel := make(coupon, request))],
        **life(coupon=coupon, at=at, before=request.GET.get("before")),
    }


def _published(definition: Mapping[str, Any], coupon: Coupon) -> dict[str, Any]:
    """Return a definition with the start that its publication gave it."""
    starts_at = coupon.starts_at.isoformat() if coupon.starts_at else None
    return {**definition, "starts_at": starts_at}


def figures(coupon: Coupon, at: datetime) -> list[Figure]:
    """Show the counters beside their limits, and what the storeys above count."""
    counter = coupon.counter
    shown = [
        Figure(10, _("Codes issued"), number(counter.issued), of_limit(counter.max_issued)),
        Figure(20, _("Claimed"), number(counter.claimed)),
        *(figure for make in FIGURES for figure in make(coupon, at)),
    ]
    return sorted(shown, key=lambda figure: figure.place)


def moving(coupon: Coupon) -> Replacement | None:
    """Return the moving of codes from or to this coupon, if there is one."""
    rows = Replacement.objects.filter(Q(old=coupon) | Q(new=coupon), job__isnull=False)
    return rows.select_related("job", "old", "new").order_by("-pk").first()


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


def of_limit(limit: int | None) -> str:
    """Say what a number is out of."""
    return "" if limit is None else _("of %(limit)s") % {"limit": number(limit)}
