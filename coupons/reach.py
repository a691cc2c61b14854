"""Which coupons open to all could apply to a cart, found without looking at the others."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F

from coupons.models import Code, Coupon, Merchant, Reach, State
from coupons.platform import PLATFORM

#: How many coupons are tried on one cart.
MOST = 100

# Each key is one walk down the index for each of the two shops whose coupons count, the
# merchant's own and the platform, which ends after as many coupons as could be wanted. A text
# that the merchant has itself is its own code, never the platform's.
_SQL = f"""
WITH shop AS (
    SELECT %(merchant)s::bigint AS id
    UNION
    {PLATFORM}
), path AS (
    SELECT unnest(%(categories)s::text[]) AS path
    UNION
    SELECT g.path
      FROM coupons_product p JOIN coupons_category g ON g.id = p.category_id
     WHERE p.merchant_id = %(merchant)s AND p.sku = ANY(%(gaps)s)
), wanted AS (
    SELECT '' AS key
    UNION
    SELECT 'product:' || sku FROM unnest(%(skus)s::text[]) AS sku
    UNION
    SELECT 'category:' || array_to_string((string_to_array(path, '/'))[1:depth], '/')
      FROM path, generate_series(1, cardinality(string_to_array(path, '/'))) AS depth
), chosen AS (
    SELECT DISTINCT found.priority, found.coupon_id
      FROM wanted, shop, LATERAL (
           SELECT r.priority, r.coupon_id
             FROM coupons_reach r
            WHERE r.merchant_id = shop.id AND r.key = wanted.key
              AND r.starts_at <= %(at)s AND (r.ends_at IS NULL OR r.ends_at > %(at)s)
            ORDER BY r.priority, r.coupon_id
            LIMIT %(most)s) AS found
     ORDER BY found.priority, found.coupon_id
     LIMIT %(most)s
)
SELECT CASE WHEN o.id IS NULL THEN c.text END
  FROM chosen JOIN coupons_code c ON c.coupon_id = chosen.coupon_id AND c.shared
  LEFT JOIN coupons_code o
    ON o.merchant_id = %(merchant)s AND o.text = c.text AND c.merchant_id <> %(merchant)s
 ORDER BY chosen.priority, chosen.coupon_id
"""  # noqa: S608  (our own SQL)


def keep(*, coupon: Coupon, definition: Mapping[str, Any]) -> None:
    """Write down what a coupon reaches, as it stands now: nothing, unless it is open to all."""
    Reach.objects.filter(coupon=coupon).delete()
    is_open = definition["code"] is not None and not definition["claim_required"]
    if coupon.state != State.LIVE or coupon.starts_at is None or not is_open:
        return
    scope = definition["scope"]
    keys = [f"category:{path}" for path in scope["categories"]]
    keys += [f"product:{sku}" for sku in scope["products"]]
    Reach.objects.bulk_create(
        [
            Reach(
                merchant_id=coupon.merchant_id,
                coupon=coupon,
                key=key,
                priority=definition["priority"],
                starts_at=coupon.starts_at,
                ends_at=coupon.ends_at,
            )
            for key in keys or [""]
        ],
        batch_size=1_000,
    )


def codes_for(
    *,
    merchant: Merchant,
    skus: Sequence[str],
    categories: Sequence[str],
    gaps: Sequence[str],
    at: datetime,
    most: int,
) -> tuple[list[str], bool]:
    """Return the shared codes of up to `most` coupons that name something in a cart.

    The platform's coupons are among them.

    The lowest priorities come first. `categories` are paths, which stand for those above
    them too; `gaps` are the SKUs whose category the product knows. The second value says
    whether these are all.
    """
    values: dict[str, Any] = {
        "merchant": merchant.pk,
        "skus": list(skus),
        "categories": list(categories),
        "gaps": list(gaps),
        "at": at,
        "most": most + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SQL, values)
        found = [text for (text,) in cursor.fetchall()]
    return [text for text in found[:most] if text is not None], len(found) <= most


def codes_under_test(*, merchant: Merchant, most: int) -> list[str]:
    """Return the shared codes of up to `most` coupons under test that are open to all.

    They are few, so no index is kept of what they name.
    """
    found = Code.objects.of(merchant).filter(
        shared=True,
        coupon__state=State.TESTING,
        coupon__versions__version=F("coupon__version"),
        coupon__versions__definition__claim_required=False,
    )
    return list(found.order_by("coupon").values_list("text", flat=True)[:most])
