"""A code's page: how it stands, where it comes from, its whole life."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from coupons.admin.coupon_page import Panel
from coupons.admin.shown import EMPTY, badge, happened, number, when, who
from coupons.issuing import UNLIMITED_USES
from coupons.models import Code, CouponVersion, JournalEntry
from coupons.staff import Area, Right, may

SHOWN = 50
#: Makers of panels; the storeys above add theirs when their admin is loaded.
PANELS: list[Callable[[Code, HttpRequest], Panel | None]] = []


def code_context(*, code: Code, request: HttpRequest) -> dict[str, Any]:
    """Gather everything the page shows, in a fixed number of queries."""
    standing = code.standing
    change = may(role=request.role, area=Area.CODES, right=Right.CHANGE)
    return {
        "code": code,
        "state": badge(standing, str(standing.label)),
        "facts": [(label, value) for label, value in _facts(code, request) if value],
        "may_revoke": change and standing == Code.Standing.ACTIVE,
        "panels": [panel for make in PANELS if (panel := make(code, request))],
        **_life(code=code, before=request.GET.get("before", "")),
    }


def _facts(code: Code, request: HttpRequest) -> list[tuple[str, Any]]:
    is_told = may(role=request.role, area=Area.PARTNERS, right=Right.VIEW)
    pool = code.pool if is_told else None
    old = Code.objects.filter(replaced_by=code).first()
    new = code.replaced_by
    return [
        (_("Coupon"), _link("coupon", code.coupon_id, code.coupon.name)),
        (_("Who may use it"), _("Everybody") if code.shared else _("Whoever has it")),
        (_("Uses"), _uses(code)),
        (_("Ends"), when(code.expires_at) if code.expires_at else ""),
        (_("Code batch"), _link("codebatch", code.batch_id, number(code.batch_id))),
        (_("Partner pool"), _link("codepool", pool.pk, str(pool)) if pool else ""),
        (_("Takes the place of"), _link("code", old.pk, old.text) if old else ""),
        (_("Replaced by"), _link("code", new.pk, new.text) if new else ""),
    ]


def _uses(code: Code) -> str:
    if code.shared:
        return _("As the coupon's limits have it")
    if code.max_uses == UNLIMITED_USES:
        return number(code.uses)
    return f"{number(code.uses)} / {number(code.max_uses)}"


def _link(model: str, pk: int | None, text: str) -> str:
    if pk is None:
        return ""
    address = reverse(f"admin:coupons_{model}_change", args=[pk])
    return format_html('<a href="{}">{}</a>', address, text)


def _life(*, code: Code, before: str) -> dict[str, Any]:
    """Tell what happened, the newest first, down to the batch that the code was made in."""
    entries = JournalEntry.objects.of(code.merchant).filter(code=code)
    if before.isdecimal() and len(before) < 19:
        entries = entries.filter(id__lt=int(before))
    found = list(entries.order_by("-id")[: SHOWN + 1])
    moments = [
        {
            **_moment(entry.at, entry.actor, happened(entry.type)),
            "about": entry.data.get("order") or entry.customer_ref,
            "reason": entry.data.get("reason", ""),
        }
        for entry in found[:SHOWN]
    ]
    has_more = len(found) > SHOWN
    if not has_more and (made := _made(code)) is not None:
        moments.append(made)
    return {
        "moments": moments,
        "life_before": found[SHOWN - 1].pk if has_more else None,
        "life_is_older": bool(before),
    }


def _made(code: Code) -> dict[str, Any] | None:
    """Tell when it was made, by its batch or by the coupon's rules."""
    if code.batch:
        by = code.batch.job.created_by
        return _moment(code.batch.created_at, by, _("Made in batch %(n)s") % {"n": code.batch_id})
    first = CouponVersion.objects.filter(coupon=code.coupon_id).order_by("version").first()
    if first is None or not code.shared:
        return None
    return _moment(first.changed_at, first.changed_by, _("Given to the coupon"))


def _moment(at: datetime, actor: str, what: str) -> dict[str, Any]:
    by = who(actor) if actor else EMPTY
    return {"when": when(at), "iso": at.isoformat(), "who": by, "what": what}
