"""Two people change one coupon: what the other did, and both changes put together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from coupons import definition
from coupons.admin.base import field_for
from coupons.admin.coupon_form import CONTRACT_TO_FORM, CouponForm
from coupons.admin.coupon_sections import place_in_form
from coupons.admin.rules_in_words import amounts, listed
from coupons.admin.shown import EMPTY, when, who
from coupons.models import Coupon, CouponVersion

#: Parts of a definition whose fields are changed one by one.
PARTS = ("limits", "scope", "customers")


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that somebody else changed: what it was, what it is now."""

    label: str
    before: str
    after: str
    #: Whether the reader changed it too; then the reader's own stands in the form.
    is_both: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """What happened since a form was opened, and what the two changes are together."""

    by: str
    at: str
    version: int
    differences: list[Difference]
    together: dict[str, Any]


def conflict_of(*, coupon: Coupon, seen: int, form: CouponForm) -> Conflict | None:
    """Say what others changed since version `seen`; None where nobody did.

    `form` holds what was typed, upon that version, and was found valid.
    """
    newest = CouponVersion.objects.get(coupon=coupon, version=coupon.version)
    base = CouponVersion.objects.filter(coupon=coupon, version=seen).first()
    if base is None or seen == coupon.version:
        return None
    before, theirs = base.definition, newest.definition
    mine = definition.parse({**before, **form.definition()}, time_zone=before["time_zone"])
    flat = [flattened(each) for each in (before, theirs, mine)]
    was, now, typed = flat
    places = [place for place in now if now[place] != was.get(place)]
    places.sort(key=lambda place: place_in_form(_name(place, form)))
    return Conflict(
        by=who(newest.changed_by),
        at=when(newest.changed_at),
        version=coupon.version,
        differences=[
            Difference(
                label=_label(place, form),
                before=said(was.get(place)),
                after=said(now[place]),
                is_both=typed[place] not in (was.get(place), now[place]),
            )
            for place in places
        ],
        together=_together(was=was, now=now, typed=typed, whole=theirs),
    )


def _together(
    *, was: Mapping[str, Any], now: Mapping[str, Any], typed: Mapping[str, Any], whole: Any
) -> dict[str, Any]:
    """Put what was typed upon the newest version: only what the reader changed."""
    found = {key: dict(value) if key in PARTS else value for key, value in whole.items()}
    for place, value in typed.items():
        if value == was.get(place) or value == now.get(place):
            continue
        part, _dot, name = place.partition(".")
        if name:
            found[part][name] = value
        else:
            found[part] = value
    return found


def flattened(whole: Mapping[str, Any]) -> dict[str, Any]:
    """Name every field of a definition by its path; parts are opened, lists are not."""
    found: dict[str, Any] = {}
    for key, value in whole.items():
        if key in PARTS:
            found |= {f"{key}.{name}": inner for name, inner in value.items()}
        else:
            found[key] = value
    return found


def said(value: Any) -> str:
    """Write a value on one line; what is too deep for that is only counted."""
    if value is None or value in ("", [], {}):
        return EMPTY
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Mapping) and all(len(key) == 3 and key.isupper() for key in value):
        return amounts(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return listed(value)
    if isinstance(value, list | Mapping):
        return _("%(count)s entries") % {"count": len(value)}
    return str(value)


def _name(place: str, form: CouponForm) -> str | None:
    return field_for(place, form=form, fields=CONTRACT_TO_FORM)


def _label(place: str, form: CouponForm) -> str:
    name = _name(place, form)
    return str(form.fields[name].label) if name else place
