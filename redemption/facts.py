"""Everything the database knows that a cart's quote depends on, in one query.

The engine decides; this only reads. Nothing here is trusted for taking: that is the
ledger's conditional updates.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from coupons import terms
from coupons.caller import Caller
from coupons.pricing.candidate import Candidate, CodeStatus, CouponState
from coupons.pricing.cart import Shopper
from coupons.pricing.tax import TaxRates
from coupons.pricing.terms import CouponTerms
from coupons.prizes import COLUMN as PRIZES
from coupons.prizes import PrizeFacts, prize_facts, prizes_left
from redemption.errors import StaleCaller
from redemption.keys import CALLER_ROWS, STAMP, forget, on_a_living_connection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# One look at the world: a row of JSON columns, in which an instant is microseconds.
_SQL = f"""
WITH asked AS (
    SELECT c.id, c.text, c.state, c.shared, c.max_uses, c.uses, c.coupon_id
      FROM coupons_code c
     WHERE c.merchant_id = %(merchant)s AND c.text = ANY(%(codes)s)
), who AS (
    SELECT u.id, u.tags, u.tier, u.is_test, u.paid_orders
      FROM campaigns_customer u
     WHERE u.merchant_id = %(merchant)s AND u.ref = %(customer)s
)
SELECT
    (SELECT json_agg(json_build_array(
                a.text, a.id, a.state, a.shared, a.max_uses, a.uses,
                k.id, k.version, k.state,
                (extract(epoch FROM k.published_at) * 1000000)::bigint,
                n.uses, n.budget_used_minor,
                coalesce(d.uses, 0), (%(at)s AT TIME ZONE k.time_zone)::date,
                coalesce(p.uses, 0), {PRIZES}))
       FROM asked a
       JOIN coupons_coupon k ON k.id = a.coupon_id
       JOIN coupons_couponcounter n ON n.coupon_id = k.id
       LEFT JOIN coupons_couponday d
         ON d.coupon_id = k.id AND d.day = (%(at)s AT TIME ZONE k.time_zone)::date
       LEFT JOIN redemption_customercounter p
         ON p.coupon_id = k.id AND p.customer_id = (SELECT id FROM who)),
    (SELECT json_build_array(id, tags, tier, is_test, paid_orders) FROM who),
    (SELECT json_agg(json_build_array(p.sku, g.path, p.on_sale))
       FROM coupons_product p LEFT JOIN coupons_category g ON g.id = p.category_id
      WHERE p.merchant_id = %(merchant)s AND p.sku = ANY(%(skus)s)),
    (SELECT json_agg(json_build_array(r.id, r.status, encode(r.cart_hash, 'hex'),
                c.text, s.coupon_id, s.version, s.shipping_discount_minor,
                (SELECT json_agg(json_build_array(l.line_ref, l.discount_minor))
                   FROM redemption_useline l WHERE l.use_id = s.id)))
       FROM redemption_use s
       JOIN redemption_redemption r ON r.id = s.redemption_id
       JOIN coupons_code c ON c.id = s.code_id
      WHERE s.merchant_id = %(merchant)s AND s.order_ref = %(order)s AND s.standing),
    (SELECT id FROM coupons_channel WHERE merchant_id = %(merchant)s AND slug = %(channel)s),
    CASE WHEN %(order)s::text IS NOT NULL AND %(customer)s::text IS NOT NULL
              AND NOT EXISTS (SELECT FROM who)
         THEN nextval(pg_get_serial_sequence('campaigns_customer', 'id')) END,
    (SELECT json_agg(json_build_array(t.category, t.rate, t.prices_include_tax))
       FROM coupons_taxrate t
      WHERE t.merchant_id = %(merchant)s AND t.country = %(country)s),
    (SELECT {STAMP} FROM {CALLER_ROWS} WHERE k.prefix = %(key)s)
"""  # noqa: S608  (our own SQL)


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """One code asked for, as the ledger has it."""

    code_id: int
    coupon_id: int
    version: int
    shared: bool
    #: The date in the coupon's time zone.
    day: str
    candidate: Candidate
    #: What a draw may give, in the order of its definition.
    prizes: tuple[PrizeFacts, ...] = ()


@dataclass(frozen=True, slots=True)
class StandingUse:
    """A code that an order has used already."""

    redemption_id: str
    status: str
    cart_hash: str
    code: str
    terms: CouponTerms
    shipping_discount: int
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Facts:
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
    standing: Sequence[StandingUse] = field(default=())
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

    def prior(self) -> dict[str, int]:
        """Sum up, by line, what earlier redemptions of the order took off."""
        taken: dict[str, int] = {}
        for use in self.standing:
            for line, minor in use.lines.items():
                taken[line] = taken.get(line, 0) + minor
        return taken

    def prior_shipping(self) -> int:
        """Sum up what earlier redemptions of the order took off the shipping."""
        return sum(use.shipping_discount for use in self.standing)


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
) -> Facts:
    """Read the facts for a cart in one query.

    `codes` are normal forms; `skus` those of the lines that leave something to the
    product; `order` is named when redeeming. Raises `StaleCaller` for a remembered caller
    that has changed.
    """
    values = {
        "merchant": caller.merchant.pk,
        "codes": list(codes),
        "customer": customer,
        "skus": list(skus),
        "order": order,
        "channel": channel,
        "country": (country or "").upper(),
        "at": at,
        "key": caller.actor.removeprefix("key:") if caller.stamp else None,
    }
    *rows, channel_id, new_customer_id, taxes, stamp = on_a_living_connection(
        ask=lambda: _ask(values)
    )
    if caller.stamp and stamp != caller.stamp:
        forget(caller=caller)
        raise StaleCaller
    code_rows, who, products, used = map(_decoded, rows)
    compiled = terms.load(
        [(row[6], row[7]) for row in code_rows or ()] + [(row[4], row[5]) for row in used or ()]
    )
    return Facts(
        shopper=_shopper(ref=customer, row=who),
        customer_id=who[0] if who else None,
        channel_id=channel_id,
        new_customer_id=new_customer_id,
        products={sku: (path or "", on_sale) for sku, path, on_sale in products or ()},
        codes={row[0]: _code_facts(row, compiled[row[6], row[7]]) for row in code_rows or ()},
        standing=[_standing(row, compiled[row[4], row[5]]) for row in used or ()],
        tax_rates=_tax_rates(_decoded(taxes)),
    )


def _ask(values: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(_SQL, values)
        answered: tuple[Any, ...] = cursor.fetchone()
    return answered


def _decoded(value: Any) -> Any:
    """Decode JSON that Django's cursor leaves as text."""
    return json.loads(value) if isinstance(value, str) else value


def _standing(row: Any, compiled: CouponTerms) -> StandingUse:
    return StandingUse(
        redemption_id=row[0],
        status=row[1],
        cart_hash=row[2],
        code=row[3],
        terms=compiled,
        shipping_discount=row[6],
        lines=dict(row[7] or ()),
    )


def _tax_rates(rows: Sequence[tuple[str, int, bool]] | None) -> TaxRates | None:
    if not rows:
        return None
    rates = {category: rate for category, rate, _ in rows}
    return TaxRates(
        rate=rates.pop("", 0), prices_include_tax=any(row[2] for row in rows), by_category=rates
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


def _code_facts(row: Any, compiled: CouponTerms) -> CodeFacts:
    (
        text, code_id, state, shared, max_uses, uses, coupon_id, version, coupon_state,
        published_us, coupon_uses, budget_used, day_uses, day, customer_uses, prize_rows,
    ) = row  # fmt: skip
    prizes = prize_facts(prize_rows)
    status = CodeStatus(
        coupon_state=CouponState(coupon_state),
        published_at=(
            None if published_us is None else _EPOCH + timedelta(microseconds=published_us)
        ),
        shared=shared,
        revoked=state == "revoked",
        code_uses=uses,
        code_max_uses=max_uses,
        coupon_uses=coupon_uses,
        uses_today=day_uses,
        budget_used=budget_used,
        customer_uses=customer_uses,
        prizes_left=prizes_left(prizes),
    )
    return CodeFacts(
        code_id=code_id,
        coupon_id=coupon_id,
        version=version,
        shared=shared,
        day=day,
        candidate=Candidate(code=text, terms=compiled, status=status),
        prizes=prizes,
    )
