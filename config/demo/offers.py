"""The campaigns' coupons, made and published by the verbs that the console uses."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from config.demo.matching import Baskets, baskets_of
from config.demo.people import tag
from config.demo.progress import Told
from config.demo.shop import CURRENCY, TIME_ZONE, ZONE, Shop
from config.demo.source import Campaign, Key, Source
from coupons import changing, lifecycle
from coupons.models import Coupon, Product
from coupons.pricing.money import format_amount, round_half_up

#: Cents off where no use was seen.
UNSEEN = 100
#: All of them go together, and with nothing else.
GROUP = "partner"


def are_there(*, shop: Shop) -> bool:
    """Say whether the coupons are loaded; they come all or none."""
    return Coupon.objects.of(shop.merchant).exists()


def load(*, shop: Shop, source: Source, told: Told) -> dict[str, int]:
    """Create and publish a coupon for each campaign and UPC; return how many."""
    baskets = baskets_of(shop=shop, source=source, wishes=source.wishes)
    values = _values(source=source, baskets=baskets)
    kinds = _kinds_of_goods(shop)
    # In the order in which the grocer brought them out.
    keys = sorted(source.scopes, key=lambda key: (source.campaigns[key[0]].first_day, key))
    for key in keys:
        campaign = source.campaigns[key[0]]
        at = _midnight(campaign.first_day)
        body = _definition(
            key=key,
            campaign=campaign,
            skus=source.scopes[key],
            minor=values[key],
            goods=_commonest(source.scopes[key], kinds),
        )
        coupon = changing.create(merchant=shop.merchant, body=body, by=shop.operator, at=at)
        lifecycle.publish(coupon=coupon, by=shop.operator, at=at)
        told(1)
    return {"coupons": len(keys)}


def code_of(key: Key) -> str:
    """Return a coupon's shared code: `C08-51111070150`."""
    campaign, upc = key
    return f"C{campaign:02d}-{upc}"


def _definition(
    *, key: Key, campaign: Campaign, skus: frozenset[str], minor: int, goods: str
) -> dict[str, Any]:
    amount = format_amount(minor, CURRENCY)
    return {
        "slug": f"campaign-{campaign.id}-{key[1]}",
        "name": f"{amount} off {goods} (campaign {campaign.id})",
        "names": {"zh-hans": f"{goods}立减 {amount} 美元（第 {campaign.id} 期活动）"},
        "description": f"UPC {key[1]} of campaign {campaign.id} ({campaign.type}).",
        "kind": "amount_off",
        "value": {CURRENCY: amount},
        "starts_at": _midnight(campaign.first_day).isoformat(),
        # The last day belongs to it.
        "ends_at": _midnight(campaign.last_day + timedelta(days=1)).isoformat(),
        "time_zone": TIME_ZONE,
        "scope": {"products": sorted(skus)},
        "customers": {"tags": [tag(campaign.id)]},
        "stacking_group": GROUP,
        "stacks_with": [GROUP],
        "funded_by": "partner",
        "code": code_of(key),
    }


def _values(*, source: Source, baskets: Baskets) -> dict[Key, int]:
    """Return by coupon the median of what the UPC's uses within the campaign took off, in cents.

    A use seen is a line with a coupon's discount, of one of the products, in a basket
    of a household on a day when it redeemed that UPC. Campaigns may share a UPC.
    """
    days: dict[int, set[tuple[str, date]]] = {}
    for wish in source.wishes:
        days.setdefault(wish.upc, set()).add((wish.household, wish.day))
    values = {}
    for key, skus in source.scopes.items():
        campaign = source.campaigns[key[0]]
        seen = [
            minor
            for household, day in days.get(key[1], ())
            if campaign.first_day <= day <= campaign.last_day
            for basket in baskets.get((household, day), ())
            for minor in basket.taken_on(skus)
        ]
        values[key] = _median(seen) if seen else UNSEEN
    return values


def _median(values: list[int]) -> int:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return round_half_up(ordered[middle - 1] + ordered[middle], 2)


def _kinds_of_goods(shop: Shop) -> Mapping[str, str]:
    """Return by SKU what a person would call the product's category."""
    known = Product.objects.of(shop.merchant).values_list("sku", "category__path")
    names = {
        path: path.split("/")[min(1, path.count("/"))].replace("-", " ")
        for path in {path for _, path in known}
    }
    return {sku: names[path] for sku, path in known}


def _commonest(skus: frozenset[str], kinds: Mapping[str, str]) -> str:
    found = Counter(kinds[sku] for sku in skus if sku in kinds)
    if not found:
        return "groceries"
    return min(found, key=lambda name: (-found[name], name))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZONE)
