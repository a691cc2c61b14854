"""Everything the database knows that a cart's quote depends on, in one query.

The engine decides; this only reads. Nothing here is trusted for taking: that is the
ledger's conditional updates.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import connection

from coupons import terms
from coupons.caller import Caller
from coupons.platform import PLATFORM
from coupons.pricing.candidate import Candidate, CodeStatus, CouponState
from coupons.pricing.cart import Shopper
from coupons.pricing.tax import TaxRates
from coupons.pricing.terms import CouponTerms
from coupons.prizes import COLUMN as PRIZES
from coupons.prizes import PrizeFacts, prize_facts, prizes_left
from redemption.errors import StaleCaller
from redemption.keys import CALLER_ROWS, STAMP, forget, on_a_living_connection
from redemption.standing import Holds, StandingUse, instant, standing_use

_MICROSECONDS = "(extract(epoch FROM {}) * 1e6)::bigint"

# One look at the world: a row of JSON columns, in which an instant is microseconds. A code is
# the merchant's own first, else the platform's, once that coupon has been published.
_SQL = f"""
WITH asked AS (
    SELECT DISTINCT ON (text) * FROM coupons_code
     WHERE merchant_id = ANY(ARRAY[%(merchant)s, ({PLATFORM})]) AND text = ANY(%(codes)s)
     ORDER BY text, merchant_id <> %(merchant)s
), who AS (
    SELECT * FROM campaigns_customer WHERE merchant_id = %(merchant)s AND ref = %(customer)s
)
SELECT
    (SELECT json_agg(json_build_array(
                a.text, a.id, a.state, a.shared, a.max_uses, a.uses,
                {_MICROSECONDS.format("a.expires_at")},
                k.id, k.version, k.state, {_MICROSECONDS.format("k.published_at")},
                n.uses, n.budget_used_minor, n.revision,
                coalesce(d.uses, 0), (%(at)s AT TIME ZONE k.time_zone)::date,
                coalesce(p.uses, 0), held.uses,
                free.of_code, free.uses, free.budget, free.of_day, free.of_customer, {PRIZES},
                a.merchant_id))
       FROM asked a
       JOIN coupons_coupon k ON k.id = a.coupon_id
        AND (k.published_at IS NOT NULL OR k.merchant_id = %(merchant)s)
       JOIN coupons_couponcounter n ON n.coupon_id = k.id
       LEFT JOIN coupons_couponday d
         ON d.coupon_id = k.id AND d.day = (%(at)s AT TIME ZONE k.time_zone)::date
       LEFT JOIN redemption_customercounter p
         ON p.coupon_id = k.id AND p.customer_id = (SELECT id FROM who)
      CROSS JOIN LATERAL (
            SELECT count(*) AS uses FROM redemption_use s
             WHERE s.code_id = a.id AND s.held_until > %(at)s AND NOT a.shared
               AND NOT s.is_test) AS held
      CROSS JOIN LATERAL (
            SELECT count(*) AS uses,
                   coalesce(sum(s.budget_minor), 0) AS budget,
                   count(*) FILTER (WHERE s.code_id = a.id AND NOT a.shared) AS of_code,
                   count(*) FILTER (WHERE s.counted_on = d.day) AS of_day,
                   count(*) FILTER (WHERE s.customer_id = (SELECT id FROM who)) AS of_customer
              FROM redemption_use s
             WHERE s.coupon_id = k.id AND s.held_until <= %(at)s AND NOT s.is_test) AS free),
    (SELECT json_build_array(id, tags, tier, is_test, paid_orders) FROM who),
    (SELECT json_agg(json_build_array(p.sku, g.path, p.on_sale))
       FROM coupons_product p LEFT JOIN coupons_category g ON g.id = p.category_id
      WHERE p.merchant_id = %(merchant)s AND p.sku = ANY(%(skus)s)),
    (SELECT json_agg(json_build_array(r.id, r.status, encode(r.cart_hash, 'hex'),
                c.text, s.coupon_id, s.version, s.shipping_discount_minor,
                (SELECT json_agg(json_build_array(l.line_ref, l.discount_minor))
                   FROM redemption_useline l WHERE l.use_id = s.id),
                {_MICROSECONDS.format("s.held_until")},
                s.customer_id, s.counted_on, s.budget_minor, s.is_test,
                s.order_ref = %(order)s OR EXISTS (
                    SELECT FROM redemption_mergedorder m
                     WHERE m.redemption_id = s.redemption_id AND m.order_ref = %(order)s)))
       FROM redemption_use s
       JOIN redemption_redemption r ON r.id = s.redemption_id
       JOIN coupons_code c ON c.id = s.code_id
      WHERE s.standing AND s.id = ANY (ARRAY(
            SELECT o.id FROM redemption_use o
             WHERE o.merchant_id = %(merchant)s AND o.order_ref = ANY(%(orders)s) AND o.standing
             UNION
            SELECT o.id FROM redemption_mergedorder m
              JOIN redemption_use o ON o.redemption_id = m.redemption_id
             WHERE m.merchant_id = %(merchant)s AND m.order_ref = ANY(%(orders)s)))),
    (SELECT id FROM coupons_channel WHERE merchant_id = %(merchant)s AND slug = %(channel)s),
    CASE WHEN %(takes)s AND %(customer)s::text IS NOT NULL
              AND NOT EXISTS (SELECT FROM who)
         THEN nextval(pg_get_serial_sequence('campaigns_customer', 'id')) END,
    (SELECT json_agg(json_build_array(t.category, t.rate, t.prices_include_tax))
       FROM coupons_taxrate t
      WHERE t.merchant_id = %(merchant)s AND t.country = %(country)s),
    (SELECT {STAMP} FROM {CALLER_ROWS} WHERE k.prefix = %(key)s)
"""  # noqa: S608  (our own SQL)
# psycopg remembers how to send a statement only below 4,096 characters.
_SQL = " ".join(_SQL.split())


class Ahead(Protocol):
    """A question that travels ahead of the facts, in the same round trip."""

    @property
    def question(self) -> tuple[str, Sequence[Any]]:
        """Return a query for one row, with its values."""
        ...

    def hear(self, row: tuple[Any, ...]) -> None:
        """Hear the row; whatever is raised ends the work before anything is made of the facts."""


@dataclass(frozen=True, slots=True)
class CodeFacts:
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
    """Read the facts for a cart in one query.

    `codes` are normal forms; `skus` those of the lines that leave something to the
    product; `order` the one that the cart is for: what it has used already, other codes must
    go with. Its own holds don't count against it, nor those of the orders `paid_with` it. With
    `takes` a new customer gets an id. What is asked `ahead` hears its row first. Raises
    `StaleCaller` for a remembered caller that has changed.
    """
    values = {
        "merchant": caller.merchant.pk,
        "codes": list(codes),
        "customer": customer,
        "skus": list(skus),
        "order": order,
        "orders": [*paid_with, *([order] if order else [])],
        "takes": takes,
        "channel": channel,
        "country": (country or "").upper(),
        "at": at,
        "key": caller.actor.removeprefix("key:") if caller.stamp else None,
    }
    *rows, channel_id, new_customer_id, taxes, stamp = on_a_living_connection(
        ask=lambda: _ask(values, ahead)
    )
    if caller.stamp and stamp != caller.stamp:
        forget(caller=caller)
        raise StaleCaller
    return _facts(
        *map(_decoded, rows),
        customer=customer,
        channel_id=channel_id,
        new_customer_id=new_customer_id,
        tax_rates=_tax_rates(_decoded(taxes)),
        codes=codes,
        at=at,
    )


def _facts(
    code_rows: Any,
    who: Any,
    products: Any,
    used: Any,
    *,
    customer: str | None,
    codes: Sequence[str],
    at: datetime,
    **more: Any,
) -> Facts:
    compiled = terms.load(
        [(row[7], row[8]) for row in code_rows or ()] + [(row[4], row[5]) for row in used or ()]
    )
    uses = [standing_use(row, compiled[row[4], row[5]]) for row in used or ()]
    standing = [use for use in uses if use.held_until is None or use.held_until > at]
    lapsed = [use for use in uses if use not in standing and use.code in codes]
    customer_id = who[0] if who else None
    return Facts(
        shopper=_shopper(ref=customer, row=who),
        customer_id=customer_id,
        products={sku: (path or "", on_sale) for sku, path, on_sale in products or ()},
        codes={
            row[0]: _code_facts(
                row, compiled[row[7], row[8]], standing=standing, customer=customer_id
            )
            for row in code_rows or ()
        },
        asked=frozenset(codes),
        standing=standing,
        lapsed=frozenset(use.redemption_id for use in lapsed),
        **more,
    )


def _ask(values: dict[str, Any], ahead: Ahead | None) -> tuple[Any, ...]:
    connection.ensure_connection()
    wire = connection.connection
    with connection.wrap_database_errors:
        if ahead is None:
            return _only(wire.execute(_SQL, values))
        with wire.pipeline():
            first = wire.execute(*ahead.question)
            facts = wire.execute(_SQL, values)
        ahead.hear(_only(first))
        return _only(facts)


def _only(cursor: Any) -> tuple[Any, ...]:
    row: tuple[Any, ...] = cursor.fetchone()
    return row


def _decoded(value: Any) -> Any:
    """Decode JSON that Django's cursor leaves as text."""
    return json.loads(value) if isinstance(value, str) else value


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
        has_lapsed_holds=lapsed != Holds(),
        prizes=prizes,
    )
