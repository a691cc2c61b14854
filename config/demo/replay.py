"""The year's coupon uses once more, each through the `redeem` that the API calls."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connection

from config.demo.matching import Basket, Item, basket_for, baskets_of
from config.demo.offers import code_of
from config.demo.progress import Told
from config.demo.shop import CURRENCY, ZONE, Shop
from config.demo.source import Key, Source, Wish
from coupons import coding
from coupons.caller import SYSTEM, Caller
from coupons.errors import HexiaoError
from coupons.pricing.money import format_amount
from redemption.carts import MAX_CODES
from redemption.checkout import redeem, retried
from redemption.errors import CouponRejected
from redemption.models import Method, Redemption
from redemption.shapes import CartLine, RedemptionBody

REDEEMED = "redeemed"
NOON = dt.time(12)

# `unit_price` is a shelf price; lines that are one unit at a total are few.
_USUAL_PRICES = """
SELECT l.sku, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY l.unit_price_minor)
  FROM redemption_orderline l
  JOIN unnest(%s::text[]) AS wanted (sku) ON wanted.sku = l.sku
 WHERE l.merchant_id = %s AND l.unit_price_minor > 0
 GROUP BY l.sku
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of `redeem`: the codes that a household used on one order."""

    order: str
    at: dt.datetime
    method: Method
    wishes: Sequence[Wish]
    items: Sequence[Item]

    @property
    def codes(self) -> list[str]:
        """Return the codes in the form that answers have them in."""
        return [coding.normal_form(code_of(wish.key)) for wish in self.wishes]


@dataclass(slots=True)
class Replayed:
    """What became of the uses: counted by method and by `redeemed` or the reason."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Cents that coupons took off.
    discount: int = 0
    #: Uses that this run put to `redeem`; what became of the rest was known already.
    fresh: int = 0

    def total(self, *, method: Method | None = None, redeemed: bool | None = None) -> int:
        """Count the uses of a method, redeemed or refused; None for all."""
        return sum(
            count
            for (each, outcome), count in self.outcomes.items()
            if method in (None, each) and redeemed in (None, outcome == REDEEMED)
        )


def replay(*, shop: Shop, source: Source, told: Told) -> Replayed:
    """Redeem what the grocer recorded, at its own time; nothing is forced.

    Each call is a transaction of its own. What an earlier run decided stays as it is;
    what was refused then is asked again, which writes nothing.
    """
    result = Replayed()
    calls = plan(shop=shop, source=source)
    decided = _decided(shop=shop, orders={call.order for call in calls})
    for call in calls:
        known = [decided.get((call.order, code)) for code in call.codes]
        if None in known:
            outcomes = _redeem(shop=shop, call=call)
            result.fresh += len(call.wishes)
        else:
            outcomes = [outcome for outcome in known if outcome]
        result.outcomes.update((call.method.value, outcome) for outcome in outcomes)
        told(len(call.wishes))
    result.discount = _discount(shop=shop, orders={call.order for call in calls})
    return result


def plan(*, shop: Shop, source: Source) -> list[Call]:
    """Return the calls in the order of their time."""
    baskets = baskets_of(shop=shop, source=source, wishes=source.wishes)
    on_baskets: dict[str, tuple[Basket, list[Wish]]] = {}
    rest: list[Wish] = []
    for wish in source.wishes:
        basket = basket_for(wish=wish, skus=source.scopes[wish.key], baskets=baskets)
        if basket is None:
            rest.append(wish)
        else:
            on_baskets.setdefault(basket.ref, (basket, []))[1].append(wish)
    calls = [
        Call(
            order=basket.ref,
            at=basket.placed_at,
            method=Method.AUTOMATIC,
            wishes=wishes[start : start + MAX_CODES],
            items=basket.items,
        )
        for basket, wishes in on_baskets.values()
        for start in range(0, len(wishes), MAX_CODES)
    ]
    calls += _at_the_counter(shop=shop, source=source, wishes=rest)
    return sorted(calls, key=lambda call: (call.at, call.order))


def _at_the_counter(*, shop: Shop, source: Source, wishes: Sequence[Wish]) -> Iterator[Call]:
    """Turn uses without a basket into a clerk's: one unit of a product, at noon.

    The product of the coupon that sold most often in the year, at its median price on
    the shelf; none, if none was ever sold.
    """
    usual = _usual_items(shop=shop, scopes={wish.key: source.scopes[wish.key] for wish in wishes})
    for wish in wishes:
        item = usual.get(wish.key)
        yield Call(
            order=f"manual-{wish.household}-{wish.campaign}-{wish.upc}-{wish.day}",
            at=dt.datetime.combine(wish.day, NOON, tzinfo=ZONE),
            method=Method.MANUAL,
            wishes=[wish],
            items=[item] if item else [],
        )


def _usual_items(*, shop: Shop, scopes: dict[Key, frozenset[str]]) -> dict[Key, Item]:
    wanted = sorted(set().union(*scopes.values()))
    with connection.cursor() as cursor:
        cursor.execute(_USUAL_PRICES, [wanted, shop.merchant.pk])
        sold = {sku: (times, price) for sku, times, price in cursor.fetchall()}
    items = {}
    for key, skus in scopes.items():
        if known := skus & sold.keys():
            sku = min(known, key=lambda sku: (-sold[sku][0], sku))
            items[key] = Item(sku=sku, quantity=1, unit_price=sold[sku][1], member_discount=0)
    return items


def _decided(*, shop: Shop, orders: Iterable[str]) -> dict[tuple[str, str], str]:
    """Return what earlier runs came to, by order and code, from the answers kept.

    A call of which nothing applied left no answer.
    """
    kept = Redemption.objects.of(shop.merchant).filter(order_ref__in=sorted(orders))
    found: dict[tuple[str, str], str] = {}
    for order, answer in kept.values_list("order_ref", "quote").iterator():
        for applied in answer["applied"]:
            found[order, applied["code"]] = REDEEMED
        for rejected in answer["rejected"]:
            found.setdefault((order, rejected["code"]), rejected["reason"])
    return found


def _redeem(*, shop: Shop, call: Call) -> list[str]:
    """Make the call; return `redeemed` or the reason for each of its codes."""
    body = RedemptionBody(
        order=call.order,
        customer=call.wishes[0].household,
        currency=CURRENCY,
        lines=[
            CartLine(
                id=item.sku,
                sku=item.sku,
                quantity=item.quantity,
                unit_price=format_amount(item.unit_price, CURRENCY),
                member_discount=format_amount(item.member_discount, CURRENCY),
            )
            for item in call.items
        ],
        codes=call.codes,
        partial=True,
    )
    caller = Caller(
        merchant=shop.merchant,
        actor=shop.clerk if call.method == Method.MANUAL else SYSTEM,
        channel_id=shop.store.pk,
        channel=shop.store.slug,
        method=call.method.value,
    )
    try:
        answer = retried(lambda: redeem(caller=caller, body=body, at=call.at), at=call.at).answer
    except CouponRejected as refused:
        return [each["reason"] for each in refused.extra["rejected"]]
    except HexiaoError as refused:
        return [refused.code] * len(call.wishes)
    return [REDEEMED] * len(answer.applied) + [each.reason for each in answer.rejected]


def _discount(*, shop: Shop, orders: Iterable[str]) -> int:
    """Sum up what the coupons took off, in cents."""
    kept = Redemption.objects.of(shop.merchant).filter(order_ref__in=sorted(orders))
    return sum(kept.values_list("discount_minor", flat=True))
