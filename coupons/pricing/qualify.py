"""Many coupons on one cart, each by itself."""

from collections.abc import Sequence
from datetime import datetime

from coupons.pricing.candidate import Candidate
from coupons.pricing.cart import Cart
from coupons.pricing.evaluate import as_applied, as_rejected, examined
from coupons.pricing.exchange import NO_RATES, Rates
from coupons.pricing.nearness import tell_near_misses
from coupons.pricing.quote import Applied, Rejected
from coupons.pricing.taking import Taken, take


def qualify(
    *,
    cart: Cart,
    candidates: Sequence[Candidate],
    at: datetime,
    method: str = "automatic",
    rates: Rates = NO_RATES,
) -> tuple[list[Applied], list[Rejected]]:
    """Say what each code would give if it were the only one, or all that stands against it.

    Both lists keep the order of the candidates.
    """
    examination = examined(cart=cart, candidates=candidates, at=at, method=method, rates=rates)
    asked = {one.position: one for one in examination}
    usable: list[Applied] = []
    unusable: list[Rejected] = []
    for position, candidate in enumerate(candidates):
        one = asked.get(position)
        if one is not None and not one.refusals:
            taken = take(one)
            if isinstance(taken, Taken):
                usable.append(as_applied(one, taken))
                continue
            one.refusals = [taken]
        if one is not None:
            tell_near_misses(asked=[one], taken={})
        unusable.append(as_rejected(candidate, one))
    return usable, unusable
