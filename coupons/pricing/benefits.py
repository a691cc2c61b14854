"""One function a kind: how much a coupon takes off which lines."""

from collections.abc import Callable, Sequence
from math import lcm

from msgspec import Struct

from coupons.pricing.conditions import Asked
from coupons.pricing.exchange import LocalAmounts, LocalTier
from coupons.pricing.money import round_half_up
from coupons.pricing.terms import CouponTerms, Kind, MemberPrices

_WHOLE = 10_000  # basis points in 100 %


class Benefit(Struct, frozen=True):
    """What a coupon gives: `discount` over `lines` in proportion to `weights`, or shipping."""

    discount: int = 0
    lines: Sequence[int] = ()
    weights: Sequence[int] = ()
    shipping: int = 0


NOTHING = Benefit()


def benefit(asked: Asked, amounts: LocalAmounts) -> Benefit:
    """Return what the coupon gives on the basket as it stands."""
    return _KINDS[asked.terms.kind](asked, amounts)


def _no_money(asked: Asked, amounts: LocalAmounts) -> Benefit:
    return NOTHING


def _shipping(asked: Asked, amounts: LocalAmounts) -> Benefit:
    left = asked.basket.shipping
    return Benefit(shipping=left if amounts.cap is None else min(amounts.cap, left))


def _off_all_lines(asked: Asked, amounts: LocalAmounts) -> Benefit:
    """Take an amount or a percentage off all eligible lines, by what remains of them."""
    left = asked.basket.remaining
    lines = [i for i in asked.eligible if left[i] > 0]
    weights = [left[i] for i in lines]
    off = money_off(
        terms=asked.terms,
        amounts=amounts,
        spend=asked.spend,
        total=sum(weights),
        members=measured_against(asked, asked.eligible),
    )
    return Benefit(discount=off, lines=lines, weights=weights)


def money_off(
    *, terms: CouponTerms, amounts: LocalAmounts, spend: int, total: int, members: int
) -> int:
    """Return what an amount, a percentage or tiers take off lines that have `total` left.

    `members` is the member discount the coupon is measured against (better of the two): the
    coupon counts on undiscounted prices, and only what it gives beyond comes off.
    """
    full = total + members
    if terms.kind is Kind.AMOUNT_OFF:
        off = amounts.value
    elif terms.kind is Kind.PERCENT_OFF:
        off = _percent_off(full, terms.percent_bps or 0, amounts.cap)
    else:
        off = _tier_off(terms, amounts, spend, full)
    return max(0, min(off, full) - members)


def _tier_off(terms: CouponTerms, amounts: LocalAmounts, spend: int, full: int) -> int:
    if amounts.step:
        times = spend // amounts.step
        most = terms.every.max_times if terms.every else None
        return amounts.step_value * (times if most is None else min(times, most))
    reached = [tier for tier in amounts.tiers if tier.threshold <= spend]
    return tier_off(reached[-1], amounts, full) if reached else 0


def tier_off(tier: LocalTier, amounts: LocalAmounts, full: int) -> int:
    """Return what one tier takes off."""
    if tier.value is not None:
        return tier.value
    return _percent_off(full, tier.percent_bps or 0, amounts.cap)


def _percent_off(total: int, bps: int, cap: int | None) -> int:
    off = round_half_up(total * bps, _WHOLE)
    return off if cap is None else min(off, cap)


def measured_against(asked: Asked, lines: Sequence[int]) -> int:
    """Return the member discount that a coupon has to beat on `lines`."""
    if asked.terms.member_prices is not MemberPrices.BETTER_OF:
        return 0
    return sum(asked.cart.lines[i].member_discount for i in lines)


def _buy_x_get_y(asked: Asked, amounts: LocalAmounts) -> Benefit:
    got = _units_got(asked)
    left, cart_lines = asked.basket.remaining, asked.cart.lines
    lines = sorted(i for i in got if left[i] > 0)
    if not lines:
        return NOTHING
    # A unit's value is its share of its line's remaining. Over one common denominator the
    # weights stay integers, so the sum is rounded once.
    whole = lcm(*(cart_lines[i].quantity for i in lines))
    weights = [left[i] * got[i] * (whole // cart_lines[i].quantity) for i in lines]
    value = sum(weights)
    members = 0
    if asked.terms.member_prices is MemberPrices.BETTER_OF:
        members = measured_against(asked, sorted({*asked.eligible, *asked.gettable}))
        value += sum(
            cart_lines[i].member_discount * got[i] * (whole // cart_lines[i].quantity)
            for i in lines
        )
        weights = [left[i] for i in lines]
    off = round_half_up(value * asked.terms.get_percent_bps, _WHOLE * whole)
    if amounts.cap is not None:
        off = min(off, amounts.cap)
    off = max(0, min(off - members, sum(left[i] for i in lines)))
    return Benefit(discount=off, lines=lines, weights=weights)


def _units_got(asked: Asked) -> dict[int, int]:
    """Return how many units of which lines are discounted."""
    if asked.terms.get_scope is None:
        return _got_in_groups(asked)
    return _got_beside(asked)


def _dearest_first(asked: Asked, lines: Sequence[int]) -> list[int]:
    return sorted(lines, key=lambda i: (-asked.cart.lines[i].unit_price, i))


def _got_in_groups(asked: Asked) -> dict[int, int]:
    """Count, in each full group of X + Y units, dearest first, the Y cheapest."""
    buy, get = asked.terms.buy_quantity, asked.terms.get_quantity
    ordered = _dearest_first(asked, asked.eligible)
    groups = sum(asked.cart.lines[i].quantity for i in ordered) // (buy + get)
    if asked.terms.max_times is not None:
        groups = min(groups, asked.terms.max_times)
    end = groups * (buy + get)

    def got_before(place: int) -> int:
        full, rest = divmod(min(place, end), buy + get)
        return full * get + max(0, rest - buy)

    got: dict[int, int] = {}
    place = 0
    for i in ordered:
        after = place + asked.cart.lines[i].quantity
        if count := got_before(after) - got_before(place):
            got[i] = count
        place = after
    return got


def _got_beside(asked: Asked) -> dict[int, int]:
    """Count the cheapest units of the "get" scope that the units bought besides earn.

    A unit is never both: each one got no longer counts as bought.
    """
    terms, lines = asked.terms, asked.cart.lines
    bought = sum(lines[i].quantity for i in asked.eligible)
    most = None if terms.max_times is None else terms.max_times * terms.get_quantity
    in_both = set(asked.eligible)
    got: dict[int, int] = {}
    total = 0
    for i in reversed(_dearest_first(asked, asked.gettable)):
        cost = 1 if i in in_both else 0
        room = lines[i].quantity if most is None else min(lines[i].quantity, most - total)
        count = _affordable(asked, total=total, bought=bought, cost=cost, room=room)
        if count:
            got[i] = count
            total += count
            bought -= count * cost
        if count < room:
            break
    return got


def _affordable(asked: Asked, *, total: int, bought: int, cost: int, room: int) -> int:
    """Return how many of `room` more units can be got on top of `total`, by bisection."""
    buy, get = asked.terms.buy_quantity, asked.terms.get_quantity
    low, high = 0, room
    while low < high:
        count = (low + high + 1) // 2
        if bought - count * cost >= buy * -(-(total + count) // get):
            low = count
        else:
            high = count - 1
    return low


_KINDS: dict[Kind, Callable[[Asked, LocalAmounts], Benefit]] = {
    Kind.AMOUNT_OFF: _off_all_lines,
    Kind.PERCENT_OFF: _off_all_lines,
    Kind.TIERED: _off_all_lines,
    Kind.BUY_X_GET_Y: _buy_x_get_y,
    Kind.FREE_SHIPPING: _shipping,
    Kind.GIFT: _no_money,
    Kind.PASS: _no_money,
    Kind.DRAW: _no_money,
}
