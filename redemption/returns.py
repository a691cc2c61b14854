"""How much of the discounts goes with goods that come back. Nothing is priced anew.

The money comes from the split that was stored with the redemption: each unit of a line
carries its part of each coupon (docs/discounts.md), so whatever the sequence of returns,
their shares add up to the discount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Sum
from msgspec.structs import replace

from coupons.pricing.apportion import returned
from coupons.pricing.evaluate import decided
from redemption import evidence
from redemption.errors import AlreadyReversed
from redemption.models import Redemption, ReversalLine, Use, UseLine


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """A line of the cart that was paid; `returned` units of it came back already."""

    ref: str
    order: str
    sku: str
    quantity: int
    unit_price: int
    returned: int

    @property
    def left(self) -> int:
        """Return the units that have not come back."""
        return self.quantity - self.returned


@dataclass(slots=True)
class Return:
    """Units coming back, and what they carry; money in minor units.

    `of_lines` is by line, `of_uses` by use. `use_lines` are changed in place.
    """

    quantities: Mapping[str, int]
    is_last: bool
    of_lines: dict[str, int] = field(default_factory=dict)
    of_uses: dict[Use, int] = field(default_factory=dict)
    use_lines: list[UseLine] = field(default_factory=list)
    shipping: int = 0
    #: What the units cost before any discount.
    value: int = 0

    @property
    def amount(self) -> int:
        """Return the whole share of the discounts."""
        return sum(self.of_uses.values())


def bought(*, row: Redemption, uses: Sequence[Use]) -> list[BoughtLine]:
    """Return the lines of a redemption's cart, with how much of each came back."""
    came_back = dict(
        ReversalLine.objects.filter(reversal__redemption=row)
        .values_list("line_ref")
        .annotate(Sum("quantity"))
    )
    if row.evidence is not None:
        kept = evidence.evidence(stored=row.evidence).cart.lines
        # An order may have been split since; the answer has its lines' orders of today.
        orders = {line["id"]: line["order"] for line in row.quote["lines"]}
        lines = [
            (line.id, orders[line.id], line.sku, line.quantity, line.unit_price) for line in kept
        ]
    else:
        # From before carts were kept: the lines that a discount was split over.
        found = {line.line_ref: line for use in uses for line in use.lines.all()}
        lines = [
            (ref, line.order_ref, line.sku, line.quantity, line.base_minor // line.quantity)
            for ref, line in found.items()
        ]
    return [
        BoughtLine(ref, order or row.order_ref, sku, quantity, price, came_back.get(ref, 0))
        for ref, order, sku, quantity, price in lines
    ]


def carried(*, uses: Sequence[Use], lines: Sequence[BoughtLine], back: Mapping[str, int]) -> Return:
    """Work out what units carry; `back` is how many of which line come back now.

    What was clawed back for goods the shopper kept is not counted again when they follow.
    Raises `AlreadyReversed` where nothing comes back that is still out.
    """
    if lines and not any(back.values()):
        raise AlreadyReversed
    is_last = all(line.left == back.get(line.ref, 0) for line in lines)
    coming = Return(quantities=back, is_last=is_last, of_lines=dict.fromkeys(back, 0))
    already = {line.ref: line.returned for line in lines}
    coming.value = sum(line.unit_price * back.get(line.ref, 0) for line in lines)
    for use in uses:
        split = list(use.lines.all())
        room = (
            use.discount_minor - use.clawed_back_minor - sum(line.returned_minor for line in split)
        )
        coming.of_uses[use] = 0
        for line in split:
            units = back.get(line.line_ref, 0)
            share = returned(
                amount=line.discount_minor,
                units=line.quantity,
                already=already.get(line.line_ref, 0),
                quantity=units,
            )
            share = min(share, room)
            room -= share
            if units:
                line.returned_quantity += units
                line.returned_minor += share
                coming.of_lines[line.line_ref] += share
                coming.of_uses[use] += share
                coming.use_lines.append(line)
        if is_last:
            coming.shipping += use.shipping_discount_minor
    return coming


def clawed_back(
    *, row: Redemption, uses: Sequence[Use], lines: Sequence[BoughtLine], coming: Return
) -> dict[Use, int]:
    """Say what is due because the goods that stay no longer earn their discount.

    Of coupons that claw back: what the kept goods still carry, less what they would get by
    themselves under the rules and at the time of the redemption.
    """
    asked = {use.code.text: use for use in uses}
    if coming.is_last or row.evidence is None:
        return {}
    case = evidence.case_of(kept=evidence.evidence(stored=row.evidence))
    terms = {each.code: each.terms for each in case.candidates if each.code in asked}
    if not any(each and each.claw_back for each in terms.values()):
        return {}
    left = {line.ref: line.left - coming.quantities.get(line.ref, 0) for line in lines}
    kept = [
        replace(
            line,
            quantity=left[line.id],
            member_discount=returned(
                amount=line.member_discount, units=line.quantity, already=0, quantity=left[line.id]
            ),
        )
        for line in case.cart.lines
        if left[line.id]
    ]
    quote = decided(
        case=replace(
            case,
            cart=replace(case.cart, lines=tuple(kept)),
            candidates=[each for each in case.candidates if each.code in asked],
        )
    )
    earned = {each.code: each.discount for each in quote.applied}
    due = {}
    for code, use in asked.items():
        rules = terms.get(code)
        if rules is not None and rules.claw_back:
            still = sum(line.discount_minor - line.returned_minor for line in use.lines.all())
            more = still - use.clawed_back_minor - earned.get(code, 0)
            if more > 0:
                due[use] = more
    return due
