"""How much the coupons that are still open could save at most: the bound of the search.

The bound is never too low. It leaves out what is hard (budgets, thresholds on what remains)
and uses that every kind takes less where less remains, and leaves less where less remained:
so applying all that is open gives the least that can be left of a set of lines.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct

from coupons.pricing.benefits import benefit, measured_against, money_off, tier_off
from coupons.pricing.conditions import Asked
from coupons.pricing.exchange import LocalAmounts
from coupons.pricing.terms import Kind, Level

#: Zones beyond those of single lines; they count from the end of what is left.
_WHOLE, _SHIPPING = -1, -2

#: From what is left of a coupon's lines (or of the shipping) to the most it takes.
MostOff = Callable[[int], int]


class Option(Struct):
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
    zone: int = _WHOLE


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


class View(Struct, frozen=True):
    """A basket as the bound sees it: what is left, and what each open option takes by itself."""

    total: int
    shipping: int
    zones: Sequence[int]
    fields: Sequence[int]
    #: By place; options that are not open take nothing.
    gains: Sequence[int]


class Outlook:
    """The bound, prepared for one set of options."""

    def __init__(self, options: Sequence[Option]) -> None:
        self.options = options
        zones: dict[tuple[int, ...], int] = {}
        for option in options:
            if option.asked.terms.level is Level.ITEM:
                option.zone = zones.setdefault(option.lines, len(zones))
            elif option.asked.terms.level is Level.SHIPPING:
                option.zone = _SHIPPING
        zone_lines = list(zones)
        #: Zones that share lines are one field; what they take is only added up.
        fields = _connected(zone_lines)
        self.field_of = {zone: n for n, (members, _) in enumerate(fields) for zone in members}
        #: Lines that are in the very same zones are added up once.
        self.cells = _cells(zone_lines, lines=len(options[0].asked.cart.lines) if options else 0)
        first = [cell[0] for cell in self.cells]
        self.zone_cells = [
            [n for n, line in enumerate(first) if line in lines] for lines in map(set, zone_lines)
        ]
        self.field_cells = [
            [n for n, line in enumerate(first) if line in lines] for _, lines in fields
        ]

    def view(
        self, *, start: int, open_places: int, remaining: Sequence[int], shipping: int
    ) -> View:
        """Look at a basket once, for all the bounds that are asked of it."""
        cells = [sum([remaining[i] for i in lines]) for lines in self.cells]
        total = sum(cells)
        zones = [sum([cells[n] for n in members]) for members in self.zone_cells]
        # An option beyond all zones finds what is left of everything, or of the shipping.
        left = [*zones, shipping, total]
        gains = [0] * len(self.options)
        for option in self.options[start:]:
            if open_places >> option.place & 1:
                gains[option.place] = option.most_off(left[option.zone])
        return View(
            total=total,
            shipping=shipping,
            zones=zones,
            fields=[sum([cells[n] for n in members]) for members in self.field_cells],
            gains=gains,
        )

    def most(self, *, view: View, start: int, open_places: int, enough: int) -> int:
        """Return the most that the open options from `start` on save together.

        A sum below `enough` need not be the least bound: it does already.
        """
        singly = sum(self.singly(view=view, start=start, open_places=open_places))
        if singly < enough:
            return singly
        zones, field_left = view.zones, list(view.fields)
        least, ship = view.total, 0
        # In order of application: what is for some lines, what is for all, what is for shipping.
        for option in self.options[start:]:
            if not open_places >> option.place & 1:
                continue
            if option.zone >= 0:
                field = self.field_of[option.zone]
                off = option.most_off(min(zones[option.zone], field_left[field]))
                field_left[field] -= off
                least -= off
            elif option.zone == _WHOLE:
                least -= option.most_off(least)
            else:
                ship += view.gains[option.place]
        return min(view.total - least + min(ship, view.shipping), singly)

    def singly(self, *, view: View, start: int, open_places: int) -> list[int]:
        """Return what the open options take by themselves, one of each exclusive class."""
        best: dict[int, int] = {}
        for option in self.options[start:]:
            gain = view.gains[option.place]
            if gain > best.get(option.exclusive, 0) and open_places >> option.place & 1:
                best[option.exclusive] = gain
        return list(best.values())


def _cells(zones: Sequence[tuple[int, ...]], *, lines: int) -> list[list[int]]:
    """Group the lines that are in the very same zones."""
    of_line: list[list[int]] = [[] for _ in range(lines)]
    for zone, members in enumerate(zones):
        for line in members:
            of_line[line].append(zone)
    cells: dict[tuple[int, ...], list[int]] = {}
    for line, where in enumerate(of_line):
        cells.setdefault(tuple(where), []).append(line)
    return list(cells.values())


def _connected(zones: Sequence[tuple[int, ...]]) -> list[tuple[list[int], set[int]]]:
    """Group zones that share lines, directly or through others."""
    fields: list[tuple[list[int], set[int]]] = []
    for zone, lines in enumerate(zones):
        touching = [field for field in fields if not field[1].isdisjoint(lines)]
        fields = [field for field in fields if field[1].isdisjoint(lines)]
        members = [zone, *(other for field in touching for other in field[0])]
        fields.append((members, set(lines).union(*(field[1] for field in touching))))
    return fields
