"""The life of a coupon: created, changed, tested, submitted, published, paused, resumed, ended.

One verb each. Every verb locks the coupon's row first (the only rows this module
locks), checks the state, and writes the journal with the change.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from coupons import coding, definition, journal, platform, prizes, reach, reviewing_rights
from coupons.constraints import explained
from coupons.errors import (
    FieldError,
    FrozenField,
    NotAllowed,
    NotPublishable,
    WrongState,
)
from coupons.models import (
    Code,
    CodeBatch,
    Coupon,
    CouponCounter,
    CouponVersion,
    Kind,
    Merchant,
    State,
)
from coupons.pricing.money import parse_amount
from coupons.references import check_references

#: What may still change once somebody holds the coupon: wording, a later end, more stock.
FREE_AFTER_ISSUE = frozenset(
    {"name", "names", "description", "thank_you", "ends_at", "limits", "prizes"}
)


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

    `seen_version` is the one the author looked at: `WrongState` if somebody changed
    the coupon since. `FrozenField` names what is fixed once codes are out.
    """
    with explained(), transaction.atomic():
        coupon = _lock(coupon)
        if seen_version is not None and seen_version != coupon.version:
            raise WrongState("Somebody else changed this coupon meanwhile; look at it again.")
        if coupon.state == State.ENDED:
            raise WrongState("The coupon has ended.")
        before = current_definition(coupon)
        after = definition.parse(_merged(before, body), time_zone=coupon.merchant.time_zone)
        changed = sorted(key for key in after if after[key] != before.get(key))
        if not changed:
            return coupon
        if "slug" in changed:
            wrong = FieldError("slug", "The slug is the coupon's address; it never changes.")
            raise FrozenField(wrong.message, errors=[wrong])
        if coupon.state not in (State.DRAFT, State.TESTING):
            _refuse_frozen(before=before, after=after, changed=changed)
        _refuse_other_uses(coupon=coupon, before=before, after=after)
        check_references(merchant=coupon.merchant, canonical=after, before=before)
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


def publish(*, coupon: Coupon, by: str, at: datetime) -> Coupon:
    """Make a draft live, from its start on, or from now if it names none.

    Raises `WrongState`, `NotPublishable` with what is missing, `NotAllowed` where the
    merchant wants a second person.
    """
    with transaction.atomic():
        coupon = _lock(coupon)
        if coupon.state not in (State.DRAFT, State.TESTING, State.IN_REVIEW):
            raise WrongState(f"A coupon that is {coupon.state} cannot be published.")
        if coupon.merchant.reviews_required and by.startswith("key:"):
            raise NotPublishable(
                errors=[FieldError("review", "A person has to approve this coupon first.")]
            )
        if coupon.merchant.reviews_required and by == coupon.created_by:
            raise NotAllowed("Another person has to approve this coupon.")
        if coupon.merchant.reviewed_by_platform and not reviewing_rights.actor_may_approve(
            merchant=coupon.merchant, actor=by
        ):
            raise NotPublishable(
                errors=[FieldError("review", "The platform has to approve this coupon first.")]
            )
        missing = _missing_for_publication(coupon=coupon, at=at)
        if missing:
            raise NotPublishable(errors=missing)
        coupon.state = State.LIVE
        coupon.published_at = at
        coupon.starts_at = coupon.starts_at or at
        coupon.updated_at = at
        coupon.save(update_fields=["state", "published_at", "starts_at", "updated_at"])
        _revised(coupon)
        reach.keep(coupon=coupon, definition=current_definition(coupon))
        journal.record(
            merchant=coupon.merchant, type="coupon.published", actor=by, at=at, coupon=coupon
        )
    return coupon


def test(*, coupon: Coupon, by: str, at: datetime) -> Coupon:
    """Open a draft to test customers, and to them alone."""
    return _move(coupon=coupon, allowed=(State.DRAFT,), to=State.TESTING, by=by, at=at)


def submit(*, coupon: Coupon, by: str, at: datetime) -> Coupon:
    """Hand a draft, tested or not, to those who may publish it."""
    allowed = (State.DRAFT, State.TESTING)
    return _move(coupon=coupon, allowed=allowed, to=State.IN_REVIEW, by=by, at=at)


def pause(*, coupon: Coupon, by: str, at: datetime) -> Coupon:
    """Stop new claims and the shared code; claimed codes go on working."""
    return _move(coupon=coupon, allowed=(State.LIVE,), to=State.PAUSED, by=by, at=at)


def resume(*, coupon: Coupon, by: str, at: datetime) -> Coupon:
    """Let a paused coupon go on."""
    return _move(coupon=coupon, allowed=(State.PAUSED,), to=State.LIVE, by=by, at=at)


def end(*, coupon: Coupon, by: str, at: datetime) -> Coupon:
    """End a coupon before its time, for good; claimed codes go on working."""
    return _move(coupon=coupon, allowed=(State.LIVE, State.PAUSED), to=State.ENDED, by=by, at=at)


def current_definition(coupon: Coupon) -> dict[str, Any]:
    """Return the definition of the coupon's present version."""
    newest = CouponVersion.objects.get(coupon=coupon, version=coupon.version)
    definition_of: dict[str, Any] = newest.definition
    return definition_of


_EVENTS = {
    State.TESTING: "coupon.tested",
    State.IN_REVIEW: "coupon.submitted",
    State.PAUSED: "coupon.paused",
    State.LIVE: "coupon.resumed",
    State.ENDED: "coupon.ended",
}


def _move(
    *, coupon: Coupon, allowed: tuple[State, ...], to: State, by: str, at: datetime
) -> Coupon:
    with transaction.atomic():
        coupon = _lock(coupon)
        if coupon.state not in allowed:
            raise WrongState(f"A coupon that is {coupon.state} cannot become {to.value}.")
        coupon.state = to
        coupon.updated_at = at
        coupon.save(update_fields=["state", "updated_at"])
        _revised(coupon)
        reach.keep(coupon=coupon, definition=current_definition(coupon))
        journal.record(merchant=coupon.merchant, type=_EVENTS[to], actor=by, at=at, coupon=coupon)
    return coupon


def _revised(coupon: Coupon) -> None:
    """Let nobody take from the coupon who read it before this change.

    It waits for those who are taking, so once the change is answered none of them is to come.
    """
    CouponCounter.objects.filter(coupon=coupon).update(revision=F("revision") + 1)


def _lock(coupon: Coupon) -> Coupon:
    return (
        Coupon.objects.select_for_update(of=("self",), no_key=True)
        .select_related("merchant")
        .get(pk=coupon.pk)
    )


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


def _refuse_other_uses(*, coupon: Coupon, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Refuse another number of uses per code once there are codes that carry theirs."""
    same = before["limits"]["uses_per_code"] == after["limits"]["uses_per_code"]
    if not same and (
        CodeBatch.objects.filter(coupon=coupon).exists()
        or Code.objects.filter(coupon=coupon, shared=False).exists()
    ):
        wrong = FieldError("limits.uses_per_code", "The codes that are out keep theirs.")
        raise FrozenField(wrong.message, errors=[wrong])


def _refuse_frozen(*, before: dict[str, Any], after: dict[str, Any], changed: list[str]) -> None:
    frozen = [key for key in changed if key not in FREE_AFTER_ISSUE]
    if "ends_at" in changed and not _is_later(before["ends_at"], after["ends_at"]):
        frozen.append("ends_at")
    if "limits" in changed:
        frozen += [
            f"limits.{name}"
            for name, value in after["limits"].items()
            if not _is_more(before["limits"].get(name), value)
        ]
    if "prizes" in changed:
        frozen += prizes.frozen(before=before, after=after)
    if frozen:
        raise FrozenField(
            errors=[FieldError(name, "This is fixed once the coupon is out.") for name in frozen]
        )


def _is_later(before: str | None, after: str | None) -> bool:
    if after is None:
        return True
    return before is not None and datetime.fromisoformat(after) >= datetime.fromisoformat(before)


def _is_more(before: Any, after: Any) -> bool:
    """Say whether a limit is the same or wider; a budget in its own currency only."""
    if before == after or after is None:
        return True
    if before is None:
        return False
    if isinstance(after, dict):
        return list(before) == list(after) and all(
            parse_amount(after[c], c) >= parse_amount(before[c], c) for c in after
        )
    return bool(after >= before)


def _missing_for_publication(*, coupon: Coupon, at: datetime) -> list[FieldError]:
    if coupon.ends_at is not None and coupon.ends_at <= at:
        return [FieldError("ends_at", "The coupon would be over before it starts.")]
    return prizes.unpublished(draw=coupon, at=at) if coupon.kind == Kind.DRAW else []
