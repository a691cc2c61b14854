"""What a quote was judged on, kept so that it can be judged again, to the cent.

The shapes are named like the engine's own values, field by field; what is usual is left
out. The terms are not kept: a coupon's version never changes, so its number is enough. Of a
code that nobody knows only the beginning is kept; it may be a secret of another kind.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

import msgspec
from msgspec import Struct

from coupons import terms
from coupons.pricing.candidate import Candidate, CodeStatus
from coupons.pricing.cart import Cart
from coupons.pricing.case import Case
from coupons.pricing.exchange import NO_RATES, Rates
from coupons.pricing.quote import Reason

#: How much is kept of a code that does not exist.
KEPT_OF_UNKNOWN = 3


class KeptLine(Struct, frozen=True, omit_defaults=True):
    """A line of the cart; money in minor units of the cart's currency."""

    id: str
    sku: str
    quantity: int
    unit_price: int
    member_discount: int = 0
    category: str = ""
    on_sale: bool = False
    order: str = ""


class KeptShopper(Struct, frozen=True, omit_defaults=True):
    """Who bought."""

    ref: str | None = None
    is_new: bool = True
    tier: str = ""
    tags: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    is_test: bool = False


class KeptCart(Struct, frozen=True, omit_defaults=True):
    """The cart, gaps filled."""

    currency: str
    lines: tuple[KeptLine, ...]
    shipping: int = 0
    country: str | None = None
    channel: str | None = None
    key: str | None = None
    payment_method: str | None = None
    partner: str | None = None
    language: str = "en"
    shopper: KeptShopper = KeptShopper()
    prior: dict[str, int] = {}
    prior_shipping: int = 0


class KeptStatus(Struct, frozen=True, omit_defaults=True):
    """What the ledger knew of a code."""

    coupon_state: str = "live"
    published_at: datetime | None = None
    shared: bool = False
    revoked: bool = False
    code_uses: int = 0
    code_holds: int = 0
    code_max_uses: int | None = None
    code_expires_at: datetime | None = None
    owner: str | None = None
    claimed_at: datetime | None = None
    coupon_uses: int = 0
    uses_today: int = 0
    budget_used: int = 0
    customer_uses: int = 0
    verdict: Reason | None = None


class KeptCandidate(Struct, frozen=True, omit_defaults=True):
    """A code asked for; `coupon` is (id, version), or None where nobody knew it."""

    code: str
    coupon: tuple[int, int] | None = None
    status: KeptStatus = KeptStatus()


class KeptRates(Struct, frozen=True, omit_defaults=True):
    """A table of exchange rates, of it the currencies that mattered; exact fractions."""

    base: str
    rates: dict[str, str]


class Evidence(Struct, frozen=True, omit_defaults=True):
    """A case as it is kept; the tables of `rates` are asked one after the other."""

    at: datetime
    method: str
    cart: KeptCart
    candidates: tuple[KeptCandidate, ...]
    used_with: tuple[tuple[int, int], ...] = ()
    rates: tuple[KeptRates, ...] = ()


def encoded(*, case: Case) -> bytes:
    """Write a case as JSON."""
    return msgspec.json.encode(_kept(case))


def plain(*, case: Case) -> Any:
    """Write a case as plain values, for a column of JSON."""
    return msgspec.to_builtins(_kept(case))


def _kept(case: Case) -> Evidence:
    return Evidence(
        at=case.at,
        method=case.method,
        cart=_converted(case.cart, KeptCart),
        candidates=tuple([_candidate(each) for each in case.candidates]),
        used_with=tuple([(each.coupon_id, each.version) for each in case.used_with]),
        rates=tuple(_rates(case)),
    )


def evidence(*, stored: Mapping[str, Any]) -> Evidence:
    """Read what a row has kept."""
    return msgspec.convert(stored, Evidence)


def case_of(*, kept: Evidence) -> Case:
    """Return the case again, with the terms of its own versions; at most one query."""
    pairs = {each.coupon for each in kept.candidates if each.coupon} | set(kept.used_with)
    loaded = terms.load(pairs)
    return Case(
        cart=_converted(kept.cart, Cart),
        candidates=[
            Candidate(
                code=each.code,
                terms=loaded[each.coupon] if each.coupon else None,
                status=_converted(each.status, CodeStatus),
            )
            for each in kept.candidates
        ],
        at=kept.at,
        method=kept.method,
        used_with=[loaded[pair] for pair in kept.used_with],
        rates=_rates_again(kept),
    )


def told_of(*, code: str, known: bool) -> str:
    """Return what may be kept of a code that was typed: all of one that exists."""
    return code if known else f"{code[:KEPT_OF_UNKNOWN]}…"


def _converted(value: Any, shape: Any) -> Any:
    return msgspec.convert(value, shape, from_attributes=True)


def _candidate(candidate: Candidate) -> KeptCandidate:
    known = candidate.terms
    return KeptCandidate(
        code=told_of(code=candidate.code, known=known is not None),
        coupon=(known.coupon_id, known.version) if known else None,
        status=_converted(candidate.status, KeptStatus),
    )


def _rates(case: Case) -> Iterator[KeptRates]:
    table: Rates | None = case.rates
    if table is NO_RATES:
        return
    named = case.currencies
    while table is not None and table.base:
        kept = {name: str(rate) for name, rate in table.rates.items() if name in named}
        yield KeptRates(base=table.base, rates=kept)
        table = table.beyond


def _rates_again(kept: Evidence) -> Rates:
    found = NO_RATES
    for table in reversed(kept.rates):
        rates = {name: Fraction(text) for name, text in table.rates.items()}
        found = Rates(base=table.base, rates=rates, beyond=found)
    return found
