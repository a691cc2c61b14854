"""The page before a coupon is published: what the checks found, each warning to be accepted."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from coupons import checking, clock, lifecycle
from coupons.admin.coupon_form import CONTRACT_TO_FORM, CouponForm
from coupons.admin.money_rows import MoneyByCurrency
from coupons.caller import staff_actor
from coupons.checking.finding import said
from coupons.errors import NotPublishable
from coupons.models import Coupon
from coupons.staff import Area, Right, may
from coupons.states import UNPUBLISHED

#: Where the first control of a field of several entries stands.
_FIRST = {"names": "-0-language", "gifts": "-0-sku", "prizes": "-0-name", "tiers": "-0-min_spend_0"}


def publish(*, coupon: Coupon, request: HttpRequest) -> bool:
    """Publish with the warnings ticked on the page; False where it has to be shown again.

    Raises what `lifecycle.publish` raises, but for what the page itself shows.
    """
    at = clock.now(request)
    try:
        lifecycle.publish(
            coupon=coupon,
            by=staff_actor(request.user),
            at=at,
            accepted=request.POST.getlist("accepted"),
        )
    except NotPublishable as error:
        # A missing approval, or a code without room, is nothing that the checks find.
        shown = {each.english for each in checking.findings(coupon=coupon, at=at)}
        if not all(each.message in shown for each in error.errors):
            raise
        return False
    return True


def checks(*, coupon: Coupon, request: HttpRequest, at: datetime) -> dict[str, Any] | None:
    """Show what the checks find of a coupon that is not out; None of any other."""
    if coupon.state_at(at) not in UNPUBLISHED:
        return None
    found = checking.findings(coupon=coupon, at=at)
    ticked = request.POST.getlist("accepted")
    may_change = may(role=request.role, area=Area.COUPONS, right=Right.CHANGE)
    shown = [_shown(each, ticked=ticked, linked=may_change) for each in found]
    return {
        "errors": [row for row in shown if row["is_error"]],
        "warnings": [row for row in shown if not row["is_error"]],
        "coupon": coupon,
    }


def accepted(data: Mapping[str, Any]) -> list[str]:
    """Say which warnings were accepted with a publication, by its entry in the journal."""
    kept: list[Mapping[str, Any]] = data.get("accepted") or []
    return [
        said(code=each["code"], details=each["details"], otherwise=each["message"]) for each in kept
    ]


def form_field(path: str) -> str:
    """Name the form's field for a place in the contract: the longest name that fits."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        start = ".".join(parts[:length])
        name = CONTRACT_TO_FORM.get(start, start)
        if name in CouponForm.base_fields:
            return name
    return ""


def _anchor(name: str) -> str:
    """Return the address, within the form, of a field's first control."""
    is_money = isinstance(CouponForm.base_fields[name], MoneyByCurrency)
    return f"#id_{name}{_FIRST.get(name, '_0' if is_money else '')}"


def _shown(found: checking.Finding, *, ticked: Collection[str], linked: bool) -> dict[str, Any]:
    name = form_field(found.field)
    label = CouponForm.base_fields[name].label if name else ""
    return {
        "is_error": found.severity == checking.Severity.ERROR,
        "message": found.message,
        "tick": found.tick,
        "is_ticked": found.tick in ticked,
        "source": found.source,
        "anchor": _anchor(name) if name else "",
        "fix": _("Change “%(field)s”") % {"field": label} if linked and label else "",
    }
