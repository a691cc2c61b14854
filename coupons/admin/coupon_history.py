"""A coupon's life on its page, and each of its versions as it was."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from coupons import history as told
from coupons.admin.changes_in_words import changes
from coupons.admin.rules_in_words import facts
from coupons.admin.shown import happened, number, when, who
from coupons.models import Coupon, CouponVersion

#: Moments shown at once.
SHOWN = 15


def life(*, coupon: Coupon, at: datetime, before: str | None) -> dict[str, Any]:
    """Tell a page of a coupon's life: who, when, why, and from what to what."""
    start = int(before) if before and before.isdecimal() and len(before) < 19 else None
    page = told.read(coupon=coupon, at=at, before=start, count=SHOWN)
    changed = {m.version for m in page.moments if m.type == "coupon.changed" and m.version}
    rows = told.versions(coupon=coupon, numbers=changed)
    return {
        "moments": [_moment(moment, rows) for moment in page.moments],
        "life_before": page.before,
        "life_is_older": start is not None,
    }


def _moment(moment: told.Moment, rows: dict[int, CouponVersion]) -> dict[str, Any]:
    version = moment.version
    new, old = rows.get(version or 0), rows.get((version or 0) - 1)
    is_change = moment.type == "coupon.changed"
    return {
        "when": when(moment.at),
        "iso": moment.at.isoformat(),
        "who": who(moment.actor) if moment.actor else _("The clock"),
        "what": happened(moment.type),
        "about": _about(moment),
        "reason": moment.data.get("reason", ""),
        "version": version,
        "changes": changes(old.definition, new.definition) if is_change and new and old else [],
    }


def _about(moment: told.Moment) -> str:
    """Say the one particular that matters: how many, or which coupon."""
    data = moment.data
    if moment.type == "codes.moved":
        words = {"count": number(data["count"]), "old": data["from"], "new": data["to"]}
        return _("%(count)s from %(old)s to %(new)s") % words
    if moment.type == "coupon.replaced":
        return _("by %(new)s") % {"new": data["by"]}
    return number(data["count"]) if "count" in data else ""


def version_view(admin: Any, request: HttpRequest, pk: int, version: int) -> HttpResponse:
    """Show one version: the rules as they were, and what changed from the one before."""
    if not admin.has_view_permission(request):
        raise Http404
    coupon = admin.get_object(request, str(pk))
    rows = told.versions(coupon=coupon, numbers={version}) if coupon else {}
    if version not in rows:
        raise Http404
    shown, older = rows[version], rows.get(version - 1)
    definition = shown.definition
    return admin._render(
        request,
        "coupon_version",
        coupon=coupon,
        version=shown,
        when=when(shown.changed_at),
        who=who(shown.changed_by),
        facts=facts(definition, starts_at=None),
        changes=changes(older.definition, definition) if older else [],
        previous=version - 1 if older else None,
        next=version + 1 if version < coupon.version else None,
        is_current=version == coupon.version,
        title=_("%(name)s, version %(n)s") % {"name": definition["name"], "n": version},
    )
