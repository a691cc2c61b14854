"""What of a coupon is fixed: nothing before anyone can hold it, the deal afterwards.

Nobody can tell who has seen a code: a list is read, printed, sent on. So a published coupon
is held as soon as it has a code at all. Where the merchant wants a second person's approval,
what was approved is fixed once it is out; before that, a change takes it back to a draft.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from coupons import handing_out, prizes
from coupons.errors import FieldError, FrozenField
from coupons.lifecycle import current_definition
from coupons.models import Code, CodeBatch, Coupon, CouponCounter, State
from coupons.pricing.money import parse_amount
from coupons.states import UNPUBLISHED

#: What is never fixed while the coupon lives.
WORDING = frozenset({"name", "names", "description", "thank_you", "texts", "face", "follow_up"})
#: What may only grow once the coupon is held; null, where a limit is without end, is the most.
GROWING = frozenset({"ends_at", "limits", "prizes"})


def is_held(*, coupon: Coupon) -> bool:
    """Say whether somebody may hold the coupon, or a second person has its word on it."""
    if coupon.state in UNPUBLISHED:
        return False
    if coupon.merchant.reviews_required:
        return True
    counter = CouponCounter.objects.get(coupon=coupon)
    return bool(counter.issued or counter.claimed or counter.uses)


def frozen_fields(*, coupon: Coupon) -> frozenset[str]:
    """Name what can't be changed now, as paths of the contract such as `limits.uses_per_code`.

    What may only grow is not among them; `may_only_grow` names that.
    """
    definition = current_definition(coupon)
    if coupon.state == State.ENDED:
        return frozenset(definition)
    fixed = {"slug"}
    if _has_unique_codes(coupon):
        fixed.add("limits.uses_per_code")
    if is_held(coupon=coupon):
        deal = definition.keys() - WORDING - GROWING
        fixed |= set(handing_out.without_methods(coupon=coupon, changed=sorted(deal)))
        fixed |= {
            f"prizes.{place}.{name}"
            for place in range(len(definition["prizes"]))
            for name in prizes.FIXED
        }
    return frozenset(fixed)


def may_only_grow(*, coupon: Coupon) -> frozenset[str]:
    """Name what may become more or later, not less, as paths of the contract."""
    if coupon.state == State.ENDED or not is_held(coupon=coupon):
        return frozenset()
    definition = current_definition(coupon)
    paths = {"ends_at"} | {f"limits.{name}" for name in definition["limits"]}
    paths |= {f"prizes.{place}.stock" for place in range(len(definition["prizes"]))}
    return frozenset(paths) - frozen_fields(coupon=coupon)


def refuse_frozen(
    *, coupon: Coupon, before: Mapping[str, Any], after: Mapping[str, Any], changed: Sequence[str]
) -> None:
    """Raise `FrozenField` with every field that a change touches though it is fixed.

    Call it under the lock of the coupon's row.
    """
    if "slug" in changed:
        wrong = FieldError("slug", "The slug is the coupon's address; it never changes.")
        raise FrozenField(wrong.message, errors=[wrong])
    if is_held(coupon=coupon):
        deal = handing_out.without_methods(coupon=coupon, changed=changed)
        _refuse_another_deal(before=before, after=after, changed=deal)
    same_uses = before["limits"]["uses_per_code"] == after["limits"]["uses_per_code"]
    if not same_uses and _has_unique_codes(coupon):
        wrong = FieldError("limits.uses_per_code", "The codes that are out keep theirs.")
        raise FrozenField(wrong.message, errors=[wrong])


def _refuse_another_deal(
    *, before: Mapping[str, Any], after: Mapping[str, Any], changed: Sequence[str]
) -> None:
    frozen = [key for key in changed if key not in WORDING | GROWING]
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


def _has_unique_codes(coupon: Coupon) -> bool:
    """Say whether there are codes that carry their number of uses, or are being made."""
    return (
        CodeBatch.objects.filter(coupon=coupon).exists()
        or Code.objects.filter(coupon=coupon, shared=False).exists()
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
