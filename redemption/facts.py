"""What the database knows that a cart's quote depends on, as the engine reads it.

The engine decides; this only reads (`redemption.gathering`). Nothing here is trusted for
taking: that is the ledger's conditional updates.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field

from coupons.caller import Caller
from coupons.pricing.candidate import Candidate, CodeStatus, CouponState
from coupons.pricing.cart import Shopper
from coupons.pricing.tax import TaxRates
from coupons.pricing.terms import CouponTerms
from coupons.prizes import PrizeFacts, prize_facts, prizes_left
from redemption import gathering
from redemption.gathering import Ahead, Known
from redemption.standing import Holds, StandingUse, instant, standing_use


class CodeFacts(Struct, frozen=True):
    """One code asked for, as the ledger has it."""

    code_id: int
    coupon_id: int
    #: Whose the coupon is and its counters are: the caller's, or the platform.
    merchant_id: int
    version: int
    shared: bool
    #: The date in the coupon's time zone.
    day: str
    #: Which state and rules of the coupon were read; a take holds only for these.
    revision: int
    candidate: Candidate
    #: Holds past their time stand in its counters; nobody has cleaned up yet.
    has_lapsed_holds: bool = False
    #: What a draw may give, in the order of its definition.
    prizes: tuple[PrizeFacts, ...] = ()


class Facts(Struct, frozen=True):
    """What was known of a cart's codes, customer, products and order at one moment."""

    shopper: Shopper
    customer_id: int | None
    channel_id: int | None
    #: The id that a customer seen for the first time gets, when redeeming.
    new_customer_id: int | None
    #: By SKU: (category path, on sale).
    products: Mapping[str, tuple[str, bool]]
    #: By normal form; a code that does not exist is missing.
    codes: Mapping[str, CodeFacts]
    #: The normal forms that were asked for, those that do not exist too.
    asked: frozenset[str]
    standing: Sequence[StandingUse] = field(default=())
    #: The order's redemptions that held a code asked for past their time, not tidied up yet.
    lapsed: frozenset[str] = frozenset()
    #: Those of the cart's country, if the merchant has any.
    tax_rates: TaxRates | None = None

    def candidates(self, codes: Sequence[str]) -> list[Candidate]:
        """Return the candidates in the order asked, unknown codes among them."""
        return [
            self.codes[code].candidate if code in self.codes else Candidate(code=code, terms=None)
            for code in codes
        ]

    def zones(self) -> dict[str, str]:
        """Return the coupons' time zones by slug, for messages."""
        terms = [code.candidate.terms for code in self.codes.values()]
        return {each.slug: each.time_zone for each in terms if each is not None}

    @property
    def beside(self) -> list[StandingUse]:
        """Return the order's uses that a quote goes beside; its holds of the codes asked are not.

        Such a hold is what is being asked for again.
        """
        return [
            use
            for use in self.standing
            if use.is_own and not (use.held_until and use.code in self.asked)
        ]

    def prior(self) -> dict[str, int]:
        """Sum up, by line, what earlier redemptions of the order took off."""
        taken: dict[str, int] = {}
        for use in self.beside:
            for line, minor in use.lines.items():
                taken[line] = taken.get(line, 0) + minor
        return taken

    def prior_shipping(self) -> int:
        """Sum up what earlier redemptions of the order took off the shipping."""
        return sum(use.shipping_discount for use in self.beside)


def gather(
    *,
    caller: Caller,
    customer: str | None,
    codes: Sequence[str],
    skus: Sequence[str],
    channel: str | None,
    country: str | None,
    at: datetime,
    order: str | None = None,
    paid_with: Sequence[str] = (),
    takes: bool = False,
    ahead: Ahead | None = None,
) -> Facts:
    """Read the facts for a cart, as of one instant.

    `codes` are normal forms; `skus` those of the lines that leave something to the
    product; `order` the one that the cart is for: what it has used already, other codes must
    go with. Its own holds don't count against it, nor those of the orders `paid_with` it. With
    `takes` a new customer gets an id. What is asked `ahead` hears its row first. Raises
    `StaleCaller` for a remembered caller that has changed.
    """
    known = gathering.known(
        caller=caller,
        customer=customer,
        codes=codes,
        skus=skus,
        channel=channel,
        country=country,
        at=at,
        orders=[*paid_with, *([order] if order else [])],
        takes=takes,
        ahead=ahead,
    )
    return _facts(known, known.used, codes=codes, order=order, at=at)


def gather_each(*, caller: Caller, carts: Sequence[tuple[str, str]], at: datetime) -> list[Facts]:
    """Read the facts for many guests' carts, each of one code on one order, at once.

    A cart is its code's normal form and its order; nothing is left to the products.
    """
    known = gathering.known(
        caller=caller,
        customer=None,
        codes=sorted({code for code, _ in carts}),
        skus=(),
        channel=None,
        country=None,
        at=at,
        orders=sorted({order for _, order in carts}),
        takes=True,
        ahead=None,
    )
    return [
        _facts(known, known.of_order.get(order, ()), codes=[code], order=order, at=at)
        for code, order in carts
    ]


def _facts(
    known: Known, used: Sequence[Any], *, codes: Sequence[str], order: str | None, at: datetime
) -> Facts:
    """Return what one cart has to know, with those of the uses that concern it."""
    uses = [standing_use(row, known.compiled[row[4], row[5]], order=order) for row in used]
    standing = [use for use in uses if use.held_until is None or use.held_until > at]
    lapsed = [use for use in uses if use not in standing and use.code in codes]
    customer_id = known.who[0] if known.who else None
    found = [known.codes[code] for code in dict.fromkeys(codes) if code in known.codes]
    return Facts(
        shopper=_shopper(ref=known.customer, row=known.who),
        customer_id=customer_id,
        channel_id=known.channel_id,
        new_customer_id=known.new_customer_id,
        products=known.products,
        codes={
            row[0]: _code_facts(
                row, known.compiled[row[7], row[8]], standing=standing, customer=customer_id
            )
            for row in found
        },
        asked=frozenset(codes),
        standing=standing,
        lapsed=frozenset(use.redemption_id for use in lapsed),
        tax_rates=known.tax_rates,
    )


def _shopper(*, ref: str | None, row: Any) -> Shopper:
    if row is None:
        return Shopper(
            ref=ref, is_new=True, tier="", tags=frozenset(), segments=frozenset(), is_test=False
        )
    _, tags, tier, is_test, paid_orders = row
    return Shopper(
        ref=ref,
        is_new=paid_orders == 0,
        tier=tier,
        tags=frozenset(tags),
        segments=frozenset(),
        is_test=is_test,
    )


def _code_facts(
    row: Any, compiled: CouponTerms, *, standing: Sequence[StandingUse], customer: int | None
) -> CodeFacts:
    (
        text, code_id, state, shared, max_uses, code_uses, expires_us,
        coupon_id, version, coupon_state, published_us, uses, budget, revision,
        day_uses, day, customer_uses, held, *free, prize_rows, merchant_id,
    ) = row  # fmt: skip
    lapsed = Holds(*free)
    holds = [use for use in standing if use.held_until and use.terms.coupon_id == coupon_id]
    own = Holds.of(holds=holds, code=text, day=day, customer=customer)
    prizes = prize_facts(prize_rows)
    status = CodeStatus(
        coupon_state=CouponState(coupon_state),
        published_at=instant(published_us),
        shared=shared,
        revoked=state == "revoked",
        code_uses=code_uses if shared else code_uses - held - lapsed.of_code,
        code_holds=max(0, held - own.of_code),
        code_max_uses=max_uses,
        code_expires_at=instant(expires_us),
        coupon_uses=uses - lapsed.uses - own.uses,
        uses_today=max(0, day_uses - lapsed.of_day - own.of_day),
        budget_used=budget - lapsed.budget - own.budget,
        # Without a limit nobody counts a customer's uses.
        customer_uses=max(0, customer_uses - lapsed.of_customer - own.of_customer),
        prizes_left=prizes_left(prizes),
    )
    return CodeFacts(
        code_id=code_id,
        coupon_id=coupon_id,
        merchant_id=merchant_id,
        version=version,
        shared=shared,
        day=day,
        revision=revision,
        candidate=Candidate(code=text, terms=compiled, status=status),
        has_lapsed_holds=any(lapsed),
        prizes=prizes,
    )
