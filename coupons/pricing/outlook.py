"""How much the coupons that are still open could save at most: the bound of the search.

The bound is never too low. It leaves out what is hard (budgets, thresholds on what remains)
and uses that every kind takes less where less remains, and leaves less where less remained:
so applying all that is open gives the least that can be left of a set of lines.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from coupons.pricing.benefits import benefit, measured_against, money_off, tier_off
from coupons.pricing.conditions import Asked
from coupons.pricing.exchange import LocalAmounts
from coupons.pricing.terms import Kind, Level

#: From what is left of a coupon's lines (or of the shipping) to the most it takes.
MostOff = Callable[[int], int]


@dataclass(slots=True)
class Option:
    """A code that may be part of the best combination; `place` is in order of application."""

    asked: Asked
    place: int
    #: The places it goes together with, as bits.
    goes_with: int
    expires: datetime
    created: tuple[int, int]
    most_off: MostOff
    #: Options of one class exclude each other.
    exclusive: int
    lines: tuple[int, ...]
    zone: int = -1


def most_off(asked: Asked, amounts: LocalAmounts) -> MostOff:
    """Return a rising function of what is left that is never below the coupon's discount."""
    terms = asked.terms
    if terms.kind is Kind.BUY_X_GET_Y:
        most = benefit(asked, amounts).discount
        return lambda left: min(most, left)
    if terms.kind is Kind.FREE_SHIPPING:
        cap = amounts.cap
        return lambda left: left if cap is None else min(cap, left)
    spend, members = asked.spend, measured_against(asked, asked.eligible)
    if terms.kind is Kind.TIERED and terms.threshold_after_discounts and amounts.tiers:
        # Later it may only reach a lower tier, and nothing says that a lower one gives less.
        reached = [tier for tier in amounts.tiers if tier.threshold <= spend]
        return lambda left: min(
            left, max((tier_off(tier, amounts, left + members) for tier in reached), default=0)
        )
    return lambda left: money_off(
        terms=terms, amounts=amounts, spend=spend, total=left, members=members
    )


class Outlook:
    """The bound, prepared for one set of options."""

    def __init__(self, options: Sequence[Option]) -> None:
        self.options = options
        zones: dict[tuple[int, ...], int] = {}
        for option in options:
            if option.asked.terms.level is Level.ITEM:
                option.zone = zones.setdefault(option.lines, len(zones))
        self.zones = list(zones)
        #: Zones that share lines are one field; what they take is only added up.
        self.fields = _connected(self.zones)
        self.field_of = {zone: n for n, (members, _) in enumerate(self.fields) for zone in members}

    def open_gains(
        self, *, start: int, open_places: int, remaining: Sequence[int], shipping: int
    ) -> tuple[int, list[int]]:
        """Return the most the open options from `start` on save together, and singly.

        The single gains count one of each exclusive class and are sorted, largest first.
        """
        total = sum(remaining)
        zone_left = [sum([remaining[i] for i in lines]) for lines in self.zones]
        field_left = [sum([remaining[i] for i in lines]) for _, lines in self.fields]
        least, ship = total, 0
        singly: dict[int, int] = {}
        # In order of application: what is for some lines, what is for all, what is for shipping.
        for option in self.options[start:]:
            if not open_places >> option.place & 1:
                continue
            if option.zone >= 0:
                now = zone_left[option.zone]
                field = self.field_of[option.zone]
                off = option.most_off(min(now, field_left[field]))
                field_left[field] -= off
                least -= off
            elif option.asked.terms.level is Level.ORDER:
                now = total
                least -= option.most_off(least)
            else:
                now = shipping
                ship += option.most_off(shipping)
            gain = option.most_off(now)
            if gain > singly.get(option.exclusive, 0):
                singly[option.exclusive] = gain
        gains = sorted(singly.values(), reverse=True)
        return min(total - least + min(ship, shipping), sum(gains)), gains


def _connected(zones: Sequence[tuple[int, ...]]) -> list[tuple[list[int], set[int]]]:
    """Group zones that share lines, directly or through others."""
    fields: list[tuple[list[int], set[int]]] = []
    for zone, lines in enumerate(zones):
        touching = [field for field in fields if not field[1].isdisjoint(lines)]
        fields = [field for field in fields if field[1].isdisjoint(lines)]
        members = [zone, *(other for field in touching for other in field[0])]
        fields.append((members, set(lines).union(*(field[1] for field in touching))))
    return fields
