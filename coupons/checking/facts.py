"""Everything that the checks look at, read in a fixed number of bounded queries."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from coupons import rates, terms
from coupons.checking import goods, neighbours
from coupons.checking.goods import Good
from coupons.models import (
    CodeBatch,
    Coupon,
    CouponCounter,
    CouponVersion,
    Merchant,
    Prize,
    State,
)
from coupons.pricing.exchange import NO_RATES, Rates
from coupons.pricing.terms import CouponTerms, Kind

#: Batches of codes that are looked at, the newest.
MOST_BATCHES = 50


@dataclass(frozen=True, slots=True)
class PrizeFact:
    """A prize's coupon: whether it is out, how many there are (None: no end), what it gives."""

    place: int
    slug: str
    is_out: bool
    stock: int | None
    terms: CouponTerms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Essentials:
    """What decides whether the coupon can work at all."""

    at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    prizes: tuple[PrizeFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Essentials):
    """What is known of a coupon, its shop, and the coupons beside it.

    `batches` are patterns with how many codes; `cheap` and `got` are goods in its scope and
    its "get" scope; `is_cut` says that not all coupons beside it were looked at.
    """

    definition: Mapping[str, Any]
    terms: CouponTerms
    languages: tuple[str, ...] = ("en",)
    currencies: tuple[str, ...] = ("USD",)
    most_percent: int = 50
    issued: int = 0
    batches: tuple[tuple[str, int], ...] = ()
    gone_products: tuple[str, ...] = ()
    gone_categories: tuple[str, ...] = ()
    goods: tuple[Good, ...] = ()
    got: tuple[Good, ...] = ()
    book: Good | None = None
    gifts: Mapping[str, Good] = field(default_factory=dict)
    others: tuple[CouponTerms, ...] = ()
    is_cut: bool = False
    rates: Rates = NO_RATES


def essentials(*, coupon: Coupon, at: datetime) -> Essentials:
    """Read what decides whether the coupon can work at all: at most one query."""
    return Essentials(
        at=at,
        starts_at=coupon.starts_at,
        ends_at=coupon.ends_at,
        prizes=_prizes(coupon=coupon, at=at),
    )


def gather(*, coupon: Coupon, at: datetime) -> Facts:
    """Read everything, the coupon as it stands."""
    merchant: Merchant = coupon.merchant
    newest = CouponVersion.objects.get(coupon=coupon, version=coupon.version)
    compiled = terms.load([(coupon.pk, coupon.version)])[coupon.pk, coupon.version]
    currencies = tuple(dict.fromkeys([merchant.currency, *merchant.currencies]))
    others, is_cut = neighbours.beside(coupon=coupon, terms=compiled, at=at)
    money = compiled.kind.gives_money
    return Facts(
        at=at,
        starts_at=coupon.starts_at,
        ends_at=coupon.ends_at,
        prizes=_with_terms(_prizes(coupon=coupon, at=at), merchant),
        definition=newest.definition,
        terms=compiled,
        languages=tuple(merchant.languages),
        currencies=currencies,
        most_percent=merchant.warn_above_percent,
        issued=CouponCounter.objects.get(coupon=coupon).issued,
        batches=tuple(
            CodeBatch.objects.filter(coupon=coupon)
            .order_by("-pk")
            .values_list("pattern", "total")[:MOST_BATCHES]
        ),
        gone_products=goods.gone_products(merchant=merchant, scope=compiled.scope),
        gone_categories=goods.gone_categories(merchant=merchant, scope=compiled.scope),
        goods=goods.telling(merchant=merchant, scope=compiled.scope) if money else (),
        got=(
            goods.telling(merchant=merchant, scope=compiled.get_scope)
            if money and compiled.get_scope
            else ()
        ),
        book=goods.book(merchant=merchant, scope=compiled.scope) if compiled.countries else None,
        gifts=goods.named(merchant=merchant, skus=[gift.sku for gift in compiled.gifts]),
        others=others,
        is_cut=is_cut,
        rates=_rates(merchant=merchant, compiled=[compiled, *others], at=at),
    )


def _prizes(*, coupon: Coupon, at: datetime) -> tuple[PrizeFact, ...]:
    if coupon.kind != Kind.DRAW:
        return ()
    rows = Prize.objects.filter(draw=coupon).select_related("coupon").order_by("place")
    return tuple(
        PrizeFact(
            place=row.place,
            slug=row.coupon.slug,
            is_out=row.coupon.state_at(at) in (State.LIVE, State.SCHEDULED),
            stock=row.stock,
        )
        for row in rows
        if row.coupon
    )


def _with_terms(prizes: tuple[PrizeFact, ...], merchant: Merchant) -> tuple[PrizeFact, ...]:
    if not prizes:
        return ()
    rows = Coupon.objects.of(merchant).filter(slug__in=[prize.slug for prize in prizes])
    keys = {row.slug: (row.pk, row.version) for row in rows}
    known = terms.load(keys.values())
    return tuple(replace(each, terms=known[keys[each.slug]]) for each in prizes)


def _rates(*, merchant: Merchant, compiled: list[CouponTerms], at: datetime) -> Rates:
    converts = any(each.convert for each in compiled)
    return rates.newest(merchant=merchant, at=at) if converts else NO_RATES
