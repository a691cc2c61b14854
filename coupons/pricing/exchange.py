"""A coupon's amounts in the currency of the cart."""

from collections.abc import Mapping
from fractions import Fraction

from msgspec import Struct, field

from coupons.pricing.money import convert
from coupons.pricing.quote import UsedRate
from coupons.pricing.terms import Amounts, CouponTerms, Kind


class Rates(Struct, frozen=True):
    """The day's stored rates: 1 `base` is `rates[currency]` of that currency.

    Where this table lacks one of two currencies, the table `beyond` it is asked.
    """

    base: str = ""
    rates: Mapping[str, Fraction] = field(default_factory=dict)
    beyond: "Rates | None" = None

    def rate(self, *, from_: str, to: str) -> Fraction | None:
        """Return how much of `to` one `from_` is, or None where a rate is missing."""
        if from_ == to:
            return Fraction(1)
        per_from = Fraction(1) if from_ == self.base else self.rates.get(from_)
        per_to = Fraction(1) if to == self.base else self.rates.get(to)
        if not per_from or not per_to:
            return self.beyond.rate(from_=from_, to=to) if self.beyond else None
        return Fraction(per_to) / Fraction(per_from)


NO_RATES = Rates()


class LocalTier(Struct, frozen=True):
    """A tier in the cart's currency."""

    threshold: int
    value: int | None
    percent_bps: int | None


class LocalAmounts(Struct, frozen=True):
    """What a coupon's amounts are in the cart's currency, in minor units.

    `step` and `step_value` are those of `every`. `budget_rate` is what 1 of the cart's
    currency is in the budget's.
    """

    value: int = 0
    cap: int | None = None
    min_spend: int = 0
    tiers: tuple[LocalTier, ...] = ()
    step: int = 0
    step_value: int = 0
    budget_rate: Fraction = Fraction(1)
    rate: UsedRate | None = None

    @property
    def threshold(self) -> int:
        """Return the least spend at which the coupon gives anything."""
        lowest = self.tiers[0].threshold if self.tiers else self.step
        return max(self.min_spend, lowest)


class _Unsupported(Exception):
    """The coupon has no amount in this currency and may not convert one."""


class _Reader:
    """Reads amounts in one currency and remembers the rate it needed."""

    def __init__(self, *, currency: str, may_convert: bool, rates: Rates) -> None:
        self.currency = currency
        self.may_convert = may_convert
        self.rates = rates
        self.used: UsedRate | None = None

    def read(self, amounts: Amounts, *, up: bool) -> int:
        own = amounts.get(self.currency)
        if own is not None:
            return own
        if self.may_convert:
            for from_, minor in amounts.items():
                rate = self.rates.rate(from_=from_, to=self.currency)
                if rate is not None:
                    self.used = self.used or UsedRate(from_, self.currency, rate)
                    return convert(minor, from_, self.currency, rate, up=up)
        raise _Unsupported


def needs_rates(*, terms: CouponTerms, currency: str) -> bool:
    """Say whether a coupon asks for exchange rates in a cart of that currency."""
    if not terms.convert and terms.limits.budget_currency in (None, currency):
        return False
    return localized(terms=terms, currency=currency, rates=NO_RATES) is None


def localized(*, terms: CouponTerms, currency: str, rates: Rates) -> LocalAmounts | None:
    """Return the coupon's amounts in `currency`, or None where it does not support it.

    An amount written for the currency is used as it is; else, if the coupon converts, the
    first one that has a rate: discounts rounded down, thresholds up.
    """
    if terms.kind in (Kind.PASS, Kind.DRAW):
        return LocalAmounts()
    reader = _Reader(currency=currency, may_convert=terms.convert, rates=rates)
    try:
        return _read(terms, reader)
    except _Unsupported:
        return None


def _read(terms: CouponTerms, reader: _Reader) -> LocalAmounts:
    every = terms.every
    budget_rate: Fraction | None = Fraction(1)
    if terms.limits.budget_currency is not None and terms.kind.gives_money:
        # A budget counts in its own currency: without a rate, spending could not be bounded.
        budget_rate = reader.rates.rate(from_=reader.currency, to=terms.limits.budget_currency)
        if budget_rate is None:
            raise _Unsupported
    return LocalAmounts(
        value=reader.read(terms.value, up=False) if terms.value else 0,
        cap=reader.read(terms.cap, up=False) if terms.cap else None,
        min_spend=reader.read(terms.min_spend, up=True) if terms.min_spend else 0,
        tiers=tuple(
            LocalTier(
                threshold=reader.read(tier.min_spend, up=True),
                value=reader.read(tier.value, up=False) if tier.value else None,
                percent_bps=tier.percent_bps,
            )
            for tier in terms.tiers
        ),
        step=reader.read(every.step, up=True) if every else 0,
        step_value=reader.read(every.value, up=False) if every else 0,
        budget_rate=budget_rate or Fraction(1),
        rate=reader.used,
    )
