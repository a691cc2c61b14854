"""A coupon's rules: written down as a draft, and changed, a version for each change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from coupons import coding, definition, freezing, journal, platform, prizes, reach
from coupons.constraints import explained
from coupons.errors import WrongState
from coupons.lifecycle import current_definition, locked
from coupons.models import Code, Coupon, CouponCounter, CouponVersion, Merchant, State
from coupons.pricing.money import parse_amount
from coupons.references import check_references
from coupons.states import REVIEWED


def create(*, merchant: Merchant, body: Mapping[str, Any], by: str, at: datetime) -> Coupon:
    """Create a draft from a definition in the form of the contract.

    Raises `Invalid` with every wrong field, `AlreadyExists` for a taken slug or code.
    """
    body = platform.with_payer(merchant=merchant, body=body)
    canonical = definition.parse(body, time_zone=merchant.time_zone)
    check_references(merchant=merchant, canonical=canonical)
    with explained(), transaction.atomic():
        coupon = Coupon(
            merchant=merchant,
            slug=canonical["slug"],
            created_by=by,
            created_at=at,
            version=0,
        )
        _write(coupon=coupon, canonical=canonical, by=by, at=at)
        journal.record(merchant=merchant, type="coupon.created", actor=by, at=at, coupon=coupon)
    # Read anew: the counter that was made first knows nothing of the shared code.
    return Coupon.objects.select_related("merchant", "counter").get(pk=coupon.pk)


def change(
    *,
    coupon: Coupon,
    body: Mapping[str, Any],
    by: str,
    at: datetime,
    seen_version: int | None = None,
) -> Coupon:
    """Change the fields of `body`; the rest stays. Writes a new version.

    One that is in review or approved becomes a draft again. `seen_version` is the one the
    author looked at: `WrongState` if somebody changed the coupon since. `FrozenField` names
    what is fixed once codes are out.
    """
    with explained(), transaction.atomic():
        coupon = locked(coupon=coupon)
        if seen_version is not None and seen_version != coupon.version:
            raise WrongState("Somebody else changed this coupon meanwhile; look at it again.")
        if coupon.state == State.ENDED:
            raise WrongState("The coupon has ended.")
        before = current_definition(coupon)
        after = definition.parse(_merged(before, body), time_zone=coupon.merchant.time_zone)
        changed = sorted(key for key in after if after[key] != before.get(key))
        if not changed:
            return coupon
        freezing.refuse_frozen(coupon=coupon, before=before, after=after, changed=changed)
        check_references(merchant=coupon.merchant, canonical=after, before=before)
        if coupon.state in REVIEWED:
            coupon.state = State.DRAFT
        _write(coupon=coupon, canonical=after, by=by, at=at)
        reach.keep(coupon=coupon, definition=after)
        journal.record(
            merchant=coupon.merchant,
            type="coupon.changed",
            actor=by,
            at=at,
            coupon=coupon,
            data={"fields": changed, "version": coupon.version},
        )
    return coupon


def _write(*, coupon: Coupon, canonical: dict[str, Any], by: str, at: datetime) -> None:
    """Write the definition as the next version, with the columns, counters and code it rules."""
    coupon.name = canonical["name"]
    coupon.kind = canonical["kind"]
    coupon.starts_at = _instant(canonical["starts_at"]) or coupon.published_at
    coupon.ends_at = _instant(canonical["ends_at"])
    coupon.time_zone = canonical["time_zone"]
    coupon.updated_at = at
    coupon.version += 1
    coupon.save()
    CouponVersion.objects.create(
        merchant=coupon.merchant,
        coupon=coupon,
        version=coupon.version,
        definition=canonical,
        changed_by=by,
        changed_at=at,
    )
    prizes.keep(draw=coupon, definition=canonical)
    limits = canonical["limits"]
    currency, amount = next(iter((limits["budget"] or {}).items()), ("", None))
    CouponCounter.objects.update_or_create(
        coupon=coupon,
        defaults={
            "max_issued": limits["issued"],
            "max_uses": limits["uses"],
            "budget_minor": parse_amount(amount, currency) if amount else None,
            "budget_currency": currency,
            "revision": F("revision") + 1,
        },
        create_defaults={
            "merchant": coupon.merchant,
            "max_issued": limits["issued"],
            "max_uses": limits["uses"],
            "budget_minor": parse_amount(amount, currency) if amount else None,
            "budget_currency": currency,
        },
    )
    _write_shared_code(coupon=coupon, text=canonical["code"], by=by, at=at)


def _write_shared_code(*, coupon: Coupon, text: str | None, by: str, at: datetime) -> None:
    standing = Code.objects.filter(coupon=coupon, shared=True).first()
    if text is None:
        if standing:
            standing.delete()
            CouponCounter.objects.filter(coupon=coupon).update(issued=F("issued") - 1)
        return
    normal = coding.normal_form(text)
    if standing is None:
        Code.objects.create(
            merchant=coupon.merchant, coupon=coupon, text=normal, shared=True, max_uses=None
        )
        CouponCounter.objects.filter(coupon=coupon).update(issued=F("issued") + 1)
        journal.record(
            merchant=coupon.merchant,
            type="codes.issued",
            actor=by,
            at=at,
            coupon=coupon,
            data={"batch": None, "count": 1, "pattern": ""},
        )
    elif standing.text != normal:
        standing.text = normal
        standing.save(update_fields=["text"])


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _merged(before: dict[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a change over a definition, and its limits one by one.

    Who raises one limit has not lifted the others, the budget least of all.
    """
    whole = {**before, **body}
    if isinstance(body.get("limits"), Mapping):
        whole["limits"] = {**before["limits"], **body["limits"]}
    return whole
