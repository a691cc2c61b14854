"""Why a cart got its quote: every condition of every code, and every step, in order.

The decision itself is the engine's (`examined`, `settle`); this only takes notes.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from coupons.pricing.benefits import benefit, measured_against
from coupons.pricing.cart import Line
from coupons.pricing.case import Case
from coupons.pricing.conditions import Asked
from coupons.pricing.evaluate import examined, quote_of, settle
from coupons.pricing.looks import Look, looks
from coupons.pricing.money import Money
from coupons.pricing.quote import Quote, Reason, Refusal, UsedRate
from coupons.pricing.taking import Taken, in_order
from coupons.pricing.terms import CouponTerms, Kind

_WHOLE = 10_000  # basis points in 100 %


class Remark(StrEnum):
    """Something about a step that its figures alone don't say."""

    #: The cap held it down; with what it would have been.
    CAPPED = "capped"
    #: It took all that remained of its lines; with what it would have taken.
    NO_MORE_LEFT = "no_more_left"
    #: It was measured against the member prices; with what those give already.
    BEYOND_MEMBER_PRICES = "beyond_member_prices"
    #: A half went up; with the exact share of a minor unit, before rounding.
    ROUNDED = "rounded"
    #: Minor units left over by rounding the parts down; with how many.
    SPREAD = "spread"
    #: Its amounts were converted; with the rate.
    CONVERTED = "converted"


Note = tuple[Remark, Money | Fraction | int | UsedRate]


class Share(Struct, frozen=True):
    """What a step found on one line and took off it, in minor units."""

    line: Line
    before: int
    taken: int

    @property
    def after(self) -> int:
        """Return what the next coupon finds."""
        return self.before - self.taken


class Step(Struct, frozen=True):
    """One coupon applied; `place` counts from 1 in the order of application.

    `shares` are the lines it may take from, in the cart's order.
    """

    place: int
    shares: tuple[Share, ...]
    shipping_before: int
    taken: Taken
    notes: tuple[Note, ...]

    @property
    def before(self) -> int:
        """Return what remained of its lines when its turn came."""
        return sum(share.before for share in self.shares)


class Branch(Struct, frozen=True):
    """One code asked for: what it was asked, and what became of it.

    `refusals` are those of the quote. A code that passed every condition of its own and is
    refused has them from the others beside it; `clash` is the one it cannot go with.
    """

    code: str
    terms: CouponTerms | None
    looks: tuple[Look, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    clash: CouponTerms | None = None
    step: Step | None = None

    @property
    def passes_alone(self) -> bool:
        """Say whether nothing stood against the code by itself."""
        return self.terms is not None and not any(look.refusal for look in self.looks)


class Trace(Struct, frozen=True):
    """A quote with the way to it; `branches` in the order asked."""

    case: Case
    branches: tuple[Branch, ...]
    quote: Quote

    @property
    def steps(self) -> list[Branch]:
        """Return what applies, in the order of application."""
        applied = [(branch.step.place, branch) for branch in self.branches if branch.step]
        return [branch for _, branch in sorted(applied, key=lambda pair: pair[0])]


def trace(*, case: Case) -> Trace:
    """Judge a case once more, taking notes."""
    asked = examined(
        cart=case.cart,
        candidates=case.candidates,
        at=case.at,
        method=case.method,
        rates=case.rates,
    )
    looked = {one.position: looks(one) for one in asked}
    taken = settle(asked=asked, used_with=case.used_with)
    steps = _steps(asked, taken)
    by_position = {one.position: one for one in asked}
    branches = []
    for position, candidate in enumerate(case.candidates):
        one = by_position.get(position)
        if one is None:
            unknown = (Refusal(Reason.CODE_NOT_FOUND),)
            branches.append(Branch(candidate.code, None, refusals=unknown))
        else:
            step = steps.get(position)
            branches.append(_branch(one, looked[position], case=case, step=step))
    quote = quote_of(cart=case.cart, candidates=case.candidates, asked=asked, taken=taken)
    return Trace(case=case, branches=tuple(branches), quote=quote)


def _branch(one: Asked, looked: tuple[Look, ...], *, case: Case, step: Step | None) -> Branch:
    refusals = () if step else tuple(one.refusals)
    known = [*case.used_with, *(each.terms for each in case.candidates if each.terms)]
    against = {
        refusal.params["with"] for refusal in refusals if refusal.reason is Reason.NOT_COMBINABLE
    }
    return Branch(
        code=one.code,
        terms=one.terms,
        looks=tuple(_measured(look, refusals) for look in looked),
        refusals=refusals,
        clash=next((terms for terms in known if terms.slug in against), None),
        step=step,
    )


def _measured(look: Look, refusals: Sequence[Refusal]) -> Look:
    """Tell of a threshold on what remains what it found in the end, as the quote does."""
    if look.refusal is None or look.reason is not Reason.MIN_SPEND_NOT_MET:
        return look
    final = next((each for each in refusals if each.reason is look.reason), look.refusal)
    if not isinstance(look.wanted, Money) or final.missing is None:
        return look
    found = Money(look.wanted.minor - final.missing, look.wanted.currency)
    return replace(look, found=found, refusal=final)


def _steps(asked: Sequence[Asked], taken: Mapping[int, Taken]) -> dict[int, Step]:
    """Go through what applies once more, looking at the basket before each."""
    steps: dict[int, Step] = {}
    applied = [one for one in in_order(asked) if one.position in taken]
    for place, one in enumerate(applied, start=1):
        result = taken[one.position]
        parts = dict(result.parts)
        # "Buy X, get Y" may take from lines of its own "get" scope.
        lines = sorted({*one.eligible, *one.gettable, *parts})
        shares = tuple(
            Share(one.cart.lines[i], one.basket.remaining[i], parts.get(i, 0)) for i in lines
        )
        steps[one.position] = Step(
            place=place,
            shares=shares if one.terms.kind.gives_money else (),
            shipping_before=one.basket.shipping,
            taken=result,
            notes=tuple(_notes(one, result, shares)),
        )
        one.basket.take(parts=result.parts, shipping=result.shipping)
    return steps


def _notes(one: Asked, taken: Taken, shares: Sequence[Share]) -> list[Note]:
    amounts = one.amounts
    if amounts is None or not one.terms.kind.gives_money:
        return []
    currency = one.cart.currency
    notes: list[Note] = []
    if amounts.rate:
        notes.append((Remark.CONVERTED, amounts.rate))
    if members := measured_against(one, sorted({*one.eligible, *one.gettable})):
        notes.append((Remark.BEYOND_MEMBER_PRICES, Money(members, currency)))
    freely = benefit(one, replace(amounts, cap=None))
    if freely.discount + freely.shipping > taken.saving:
        notes.append((Remark.CAPPED, Money(freely.discount + freely.shipping, currency)))
    elif one.terms.kind is Kind.AMOUNT_OFF and amounts.value - members > taken.discount:
        notes.append((Remark.NO_MORE_LEFT, Money(amounts.value, currency)))
    elif one.terms.kind is Kind.PERCENT_OFF:
        notes += _rounding(one, shares, members=members)
    if left_over := _left_over(one, taken, shares):
        notes.append((Remark.SPREAD, left_over))
    return notes


def _rounding(one: Asked, shares: Sequence[Share], *, members: int) -> list[Note]:
    total = sum(share.before for share in shares) + members
    exact = Fraction(total * (one.terms.percent_bps or 0), _WHOLE)
    return [] if exact.denominator == 1 else [(Remark.ROUNDED, exact - members)]


def _left_over(one: Asked, taken: Taken, shares: Sequence[Share]) -> int:
    """Count the minor units that the parts, rounded down, leave over."""
    total = sum(share.before for share in shares)
    if one.terms.kind is Kind.BUY_X_GET_Y or not total:
        return 0
    return taken.discount - sum(taken.discount * share.before // total for share in shares)
