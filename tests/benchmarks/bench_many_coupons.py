"""What the number of a merchant's live coupons costs a checkout: next to nothing."""

from collections.abc import Sequence
from statistics import median

import pytest
from django.db import connection, transaction

from coupons.models import (
    Code,
    Coupon,
    CouponCounter,
    CouponVersion,
    Merchant,
    Reach,
)
from tests.benchmarks.load import Measured, request, run
from tests.shop import NOW, Shop, cart

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

FEW, SOME, MANY = 10, 100, 10_000
ROUNDS = 25
VALIDATIONS, QUALIFICATIONS = 100, 20
#: So many coupons are for the whole shop; the others name a product each, ten of them the
#: cart's. The same number is tried on a cart, however many there are.
WHOLE_SHOP = 10


def shop_with(live: int, *, whole_shop: int = WHOLE_SHOP) -> Shop:
    """Open a shop with so many live coupons, all as the verbs would have made them."""
    shop = Shop.open(f"with-{live}-{whole_shop}")
    shop.coupon("c0")
    first = Coupon.objects.select_related("counter").get(merchant=shop.merchant)
    with transaction.atomic():
        coupons = [_copy(first, slug=f"c{n}") for n in range(1, live)]
        Coupon.objects.bulk_create(coupons, batch_size=2_000)
        _fill(shop.merchant, first, coupons, whole_shop - 1)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return shop


def _copy(first: Coupon, *, slug: str) -> Coupon:
    values = {f.attname: getattr(first, f.attname) for f in Coupon._meta.fields if f.name != "id"}
    return Coupon(**values | {"slug": slug, "name": slug})


def _fill(merchant: Merchant, first: Coupon, coupons: Sequence[Coupon], whole_shop: int) -> None:
    """Give each coupon its definition, counter, shared code and reach."""
    pattern = CouponVersion.objects.get(coupon=first)
    versions, reaches = [], []
    for n, coupon in enumerate(coupons, 1):
        products = [] if n <= whole_shop else [f"SKU-{n}"]
        scope = pattern.definition["scope"] | {"products": products}
        own = {"slug": coupon.slug, "code": coupon.slug.upper(), "scope": scope}
        versions.append(
            CouponVersion(
                merchant=merchant,
                coupon=coupon,
                version=coupon.version,
                definition=pattern.definition | own,
                changed_by="system",
                changed_at=NOW,
            )
        )
        key = f"product:{products[0]}" if products else ""
        reaches.append(
            Reach(
                merchant=merchant, coupon=coupon, key=key, priority=100, starts_at=coupon.starts_at
            )
        )
    CouponVersion.objects.bulk_create(versions, batch_size=2_000)
    CouponCounter.objects.bulk_create(
        [CouponCounter(merchant=merchant, coupon=coupon) for coupon in coupons], batch_size=2_000
    )
    Code.objects.bulk_create(
        [
            Code(merchant=merchant, coupon=c, text=c.slug.upper(), shared=True, max_uses=None)
            for c in coupons
        ],
        batch_size=2_000,
    )
    Reach.objects.bulk_create(reaches, batch_size=2_000)


def turns(
    port: int, path: str, requests: int, *shops: tuple[Shop, dict]
) -> tuple[list[Measured], ...]:
    """Ask the shops in turn, each as often first as last; a first round only warms up."""
    measured: tuple[list[Measured], ...] = tuple([] for _ in shops)
    turn = list(zip(shops, measured, strict=True))
    for number in range(ROUNDS + 1):
        for (shop, body), found in turn:
            one = request(f"/api/v1/{path}", body, key=shop.api.key or "")
            result = run(port=port, requests=[one] * requests)
            assert result.statuses == {200: requests}
            if number:
                found.append(result)
        turn.reverse()
    return measured


def show(title: str, few: Sequence[Measured], many: Sequence[Measured], goal: float) -> float:
    """Print both and return how many times the few the many take.

    The two of a round meet the same noise, so they are compared first; then the median counts.
    """
    of_few, of_many = (median(m.median for m in rounds) * 1000 for rounds in (few, many))
    ratio = median(b.median / a.median for a, b in zip(few, many, strict=True))
    print(
        f"{title:<44} {of_many:7.2f} ms  beside {of_few:7.2f} ms  ratio {ratio:.2f} "
        f"(goal {goal:.2f})"
    )
    return ratio


def goods(first: int) -> dict:
    """Fill a cart with ten products from that number on, every one of which a coupon names."""
    lines = [
        {"id": str(n), "sku": f"SKU-{n}", "quantity": 1, "unit_price": "20.00"}
        for n in range(first, first + 10)
    ]
    return cart(lines=lines)


def test_the_number_of_live_coupons_hardly_matters(process_environ: dict, port: int) -> None:
    few, some, many = (shop_with(live) for live in (FEW, SOME, MANY))
    print()
    code = cart("C0")
    of_few, of_many = turns(port, "validations", VALIDATIONS, (few, code), (many, code))
    validation = show(f"POST /validations, {MANY:,} live beside {FEW}", of_few, of_many, 1.10)
    body = goods(WHOLE_SHOP)
    of_some, of_many = turns(port, "qualifications", QUALIFICATIONS, (some, body), (many, body))
    title = f"POST /qualifications, {MANY:,} live beside {SOME}"
    qualification = show(title, of_some, of_many, 3.0)
    assert validation <= 1.10
    assert qualification <= 3.0


def test_more_coupons_for_the_whole_shop_than_are_tried_hardly_matter(
    process_environ: dict, port: int
) -> None:
    some, many = (shop_with(live, whole_shop=live) for live in (SOME, MANY))
    print()
    body = goods(1)
    of_some, of_many = turns(port, "qualifications", QUALIFICATIONS, (some, body), (many, body))
    assert show("the same, all for the whole shop", of_some, of_many, 3.0) <= 3.0


def test_what_is_tried_is_paid_for(process_environ: dict, port: int) -> None:
    """With a hundred times the coupons, one in a hundred for the whole shop, more are tried."""
    some, many = shop_with(SOME, whole_shop=1), shop_with(MANY, whole_shop=100)
    print()
    body = goods(100)
    of_some, of_many = turns(port, "qualifications", QUALIFICATIONS, (some, goods(1)), (many, body))
    title = "the same, 100 tried beside 11"
    assert show(title, of_some, of_many, 9.1) <= 9.1
