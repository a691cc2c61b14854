"""What is quoted is what is taken: `redeem` and `validate` agree at the same instant."""

from itertools import count
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coupons import changing, lifecycle
from coupons.caller import Caller
from coupons.models import Merchant
from redemption import checkout
from redemption.errors import CouponRejected
from redemption.shapes import CartBody, CartLine, RedemptionBody
from tests.shop import NOW

pytestmark = pytest.mark.django_db

GROUPS = ("order", "extra")
_numbers = count(1)


def money(least: int, most: int) -> st.SearchStrategy[str]:
    return st.integers(least, most).map(lambda minor: f"{minor // 100}.{minor % 100:02}")


USD = money(1, 6_000).map(lambda text: {"USD": text})
SCOPES = st.fixed_dictionaries(
    {},
    optional={
        "products": st.lists(st.sampled_from("ABCD"), min_size=1, max_size=3, unique=True),
        "exclude_products": st.lists(st.sampled_from("ABCD"), min_size=1, max_size=1),
        "exclude_sale_items": st.booleans(),
    },
)
KINDS = st.one_of(
    st.fixed_dictionaries({"kind": st.just("amount_off"), "value": USD}),
    st.fixed_dictionaries(
        {"kind": st.just("percent_off"), "percent": st.sampled_from(["5", "12.5", "33.33", "100"])},
        optional={"cap": USD},
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("tiered"),
            "every": st.fixed_dictionaries({"step": USD, "value": USD, "max_times": st.just(3)}),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("buy_x_get_y"),
            "buy_quantity": st.integers(1, 3),
            "get_quantity": st.integers(1, 2),
            "get_percent": st.sampled_from(["50", "100"]),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("free_shipping")}, optional={"cap": USD}),
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "min_spend": USD,
        "min_quantity": st.integers(1, 6),
        "threshold_after_discounts": st.booleans(),
        "scope": SCOPES,
        "priority": st.integers(1, 3),
        "stacking_group": st.sampled_from(GROUPS),
        "stacks_with": st.lists(st.sampled_from(GROUPS), unique=True),
        "member_prices": st.sampled_from(["stack", "better_of", "refuse"]),
        "customers": st.fixed_dictionaries({"who": st.sampled_from(["all", "new", "returning"])}),
        "limits": st.fixed_dictionaries(
            {},
            optional={
                "uses": st.integers(1, 2),
                "uses_per_day": st.integers(1, 2),
                "uses_per_customer": st.integers(1, 2),
                "budget": USD,
            },
        ),
    },
)
COUPONS = st.lists(
    st.builds(lambda kind, rules: kind | rules, KINDS, RULES), max_size=3, min_size=1
)


@st.composite
def a_line(draw: st.DrawFn) -> dict[str, Any]:
    price, quantity = draw(st.integers(0, 9_000)), draw(st.integers(1, 4))
    member = draw(st.integers(0, price * quantity)) if draw(st.booleans()) else 0
    return {
        "sku": draw(st.sampled_from("ABCD")),
        "quantity": quantity,
        "unit_price": f"{price // 100}.{price % 100:02}",
        "member_discount": f"{member // 100}.{member % 100:02}",
        "on_sale": draw(st.booleans()),
    }


CARTS = st.fixed_dictionaries(
    {
        "lines": st.lists(a_line(), min_size=1, max_size=5),
        "shipping": money(0, 1_500),
        "customer": st.sampled_from([None, "C-1", "C-2"]),
    }
)


@pytest.fixture
def caller() -> Caller:
    merchant = Merchant.objects.create(slug="acme", name="Acme", currency="USD")
    return Caller(merchant=merchant, actor="system", method="api")


def publish(caller: Caller, definition: dict[str, Any]) -> str:
    """Have one more live coupon, and return its code."""
    slug = f"c{next(_numbers)}"
    body = {"slug": slug, "name": slug, "code": slug, **definition}
    coupon = changing.create(merchant=caller.merchant, body=body, by="system", at=NOW)
    lifecycle.publish(coupon=coupon, by="system", at=NOW)
    return slug


class Nothing:
    """Something ahead of a redemption that wants to know nothing."""

    question = ("SELECT 1", {})

    def hear(self, row: tuple[int]) -> None:
        assert row == (1,)


def redeemed(caller: Caller, what: dict[str, Any], order: str) -> dict[str, Any] | CouponRejected:
    """Redeem all that applies, and return the quote that was written."""
    body = RedemptionBody(**what, order=order, partial=True)
    try:
        # A savepoint, and something ahead of it: the redemption is one inside our transaction.
        with transaction.atomic():
            answer = checkout.redeem(caller=caller, body=body, at=NOW, ahead=Nothing()).answer
    except CouponRejected as error:
        return error
    return {name: getattr(answer, name) for name in checkout.QuoteAnswer.__struct_fields__}


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(definitions=COUPONS, first=CARTS, second=CARTS)
def test_a_redemption_takes_what_a_validation_quotes_at_that_instant(
    caller: Caller,
    definitions: list[dict[str, Any]],
    first: dict[str, Any],
    second: dict[str, Any],
) -> None:
    """The second order comes when limits and budgets have lost what the first one took."""
    with transaction.atomic():
        codes = [publish(caller, definition) for definition in definitions]
        for drawn in (first, second):
            ref = f"O-{next(_numbers)}"
            lines = [CartLine(id=str(n), order=ref, **of) for n, of in enumerate(drawn["lines"])]
            what = {**drawn, "lines": lines, "codes": codes, "currency": "USD"}
            quote = checkout.validate(caller=caller, body=CartBody(**what), at=NOW)
            told = {name: getattr(quote, name) for name in quote.__struct_fields__}
            taken = redeemed(caller, what, order=ref)
            if isinstance(taken, CouponRejected):
                assert quote.applied == []
                assert len(quote.rejected) == len(codes)
            else:
                assert taken == told
        transaction.set_rollback(True)
