"""What a coupon that is only short of its threshold would save, were that just met."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from coupons.pricing.basket import Basket
from coupons.pricing.cart import Line
from coupons.pricing.conditions import Asked
from coupons.pricing.quote import Reason
from coupons.pricing.stacking import combinable
from coupons.pricing.taking import Taken, in_order, take
from coupons.pricing.terms import CouponTerms, Kind

#: Kinds whose saving follows from how much is spent, whatever it is spent on.
_KINDS = (Kind.AMOUNT_OFF, Kind.TIERED)


def tell_near_misses(
    *,
    asked: Sequence[Asked],
    taken: Mapping[int, Taken],
    used_with: Sequence[CouponTerms] = (),
) -> None:
    """Write on each near miss what it would save beside the codes that apply."""
    for one in asked:
        reasons = [refusal.reason for refusal in one.refusals]
        if reasons == [Reason.MIN_SPEND_NOT_MET] and one.terms.kind in _KINDS:
            applied = [other for other in asked if other.position in taken]
            beside = [*used_with, *(other.terms for other in applied)]
            if all(combinable(one.terms, terms) for terms in beside):
                saving = _saving(one, applied, taken)
                one.refusals = [replace(one.refusals[0], would_save=saving)]


def _saving(one: Asked, applied: Sequence[Asked], taken: Mapping[int, Taken]) -> int | None:
    """Put a line worth what is missing into the cart, and see what the coupon takes then."""
    missing = one.refusals[0].missing or 0
    more = Line(id="", sku="", quantity=1, unit_price=missing)
    cart = replace(one.cart, lines=(*one.cart.lines, more))
    basket = Basket(cart)
    for other in in_order([*applied, one]):
        if other is one:
            break
        before = taken[other.position]
        basket.take(parts=before.parts, shipping=before.shipping)
    met = replace(one, cart=cart, basket=basket, eligible=(*one.eligible, len(cart.lines) - 1))
    result = take(met)
    return result.saving if isinstance(result, Taken) else None
