"""What a redemption was judged on is kept with it, and judges it again to the cent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from campaigns.models import Customer
from coupons.models import Coupon
from coupons.pricing.cart import Line
from coupons.pricing.case import Case
from coupons.pricing.evaluate import evaluate
from coupons.pricing.exchange import Rates
from redemption import evidence
from redemption.answers import stored_answer
from redemption.models import Redemption
from tests.shop import NOW, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def kept(ref: str = "O-1") -> evidence.Evidence:
    return evidence.evidence(stored=Redemption.objects.get(order_ref=ref).evidence)


def judged(case: Case) -> Any:
    return evaluate(**{name: getattr(case, name) for name in case.__slots__})


def test_the_row_holds_the_cart_and_the_codes_and_leaves_out_what_is_usual(shop: Shop) -> None:
    shop.coupon()
    coupon = Coupon.objects.get()
    assert shop.api.post("redemptions", order("ten-off")).status == 201
    row = Redemption.objects.get()
    assert datetime.fromisoformat(row.evidence.pop("at")) == row.created_at
    published = row.evidence["candidates"][0]["status"].pop("published_at")
    assert datetime.fromisoformat(published) == coupon.published_at
    shoes = {"id": "1", "sku": "SHOE", "quantity": 2, "unit_price": 1999}
    hat = {"id": "2", "sku": "HAT", "quantity": 1, "unit_price": 6000}
    assert row.evidence == {
        "method": "automatic",
        "cart": {
            "currency": "USD",
            "key": (shop.api.key or "")[:8],
            "lines": [
                {**shoes, "category": "shoes/running", "order": "O-1"},
                {**hat, "category": "hats", "order": "O-1"},
            ],
            "shopper": {},
        },
        "candidates": [
            {
                "code": "TENOFF",
                "coupon": [coupon.pk, 1],
                "status": {"coupon_state": "live", "shared": True},
            },
        ],
    }


def test_the_case_comes_back_with_the_terms_of_its_own_version(shop: Shop) -> None:
    shop.coupon(stacks_with=["order"], limits={"uses": 5, "uses_per_customer": 3})
    shop.coupon("half", kind="percent_off", percent="50", stacks_with=["order"])
    Customer.objects.create(
        merchant=shop.merchant,
        ref="C-1",
        tier="gold",
        tags=["b", "a"],
        created_at=datetime.now(UTC),
    )
    more = {"customer": "C-1", "shipping": "8.00", "country": "de", "payment_method": "paypal"}
    assert shop.api.post("redemptions", order("half", "ten-off", **more)).status == 201
    changed = {"name": "Other", "version": 1, "limits": {"uses": 500, "uses_per_customer": 3}}
    assert shop.api.patch("coupons/ten-off", changed).status == 200
    case = evidence.case_of(kept=kept())
    assert [(each.terms.slug, each.terms.version) for each in case.candidates] == [
        ("half", 1),
        ("ten-off", 1),
    ]
    assert case.cart.shopper.tags == {"a", "b"}
    assert case.cart.lines[0] == Line("1", "SHOE", 2, 1999, category="shoes/running", order="O-1")
    quote = judged(case)
    stored = stored_answer(Redemption.objects.get(), at=NOW)
    assert [each.code for each in quote.applied] == [each.code for each in stored.applied]
    assert (quote.payable, stored.payable) == (5299, "52.99")


def test_a_second_redemption_of_an_order_keeps_what_went_before(shop: Shop) -> None:
    shop.coupon(stacks_with=["order"])
    shop.coupon("half", kind="percent_off", percent="50", stacks_with=["order"])
    shop.api.post("redemptions", order("ten-off"))
    assert shop.api.post("redemptions", order("half")).status == 201
    row = Redemption.objects.get(uses__coupon__slug="half")
    case = evidence.case_of(kept=evidence.evidence(stored=row.evidence))
    assert (case.cart.prior, [each.slug for each in case.used_with]) == (
        {"1": 400, "2": 600},
        ["ten-off"],
    )
    assert judged(case).discount == row.discount_minor == 4499


def test_only_the_rates_that_mattered_are_kept(shop: Shop) -> None:
    rates = {"USD": "1.25", "JPY": "160", "GBP": "0.8"}
    shop.api.put("exchange-rates", {"date": TODAY, "base": "EUR", "rates": rates})
    shop.coupon(convert=True, value={"EUR": "10.00"}, limits={"budget": {"JPY": "2000"}})
    assert shop.api.post("redemptions", order("ten-off")).status == 201
    assert kept().rates == (evidence.KeptRates(base="EUR", rates={"USD": "5/4", "JPY": "160"}),)
    case = evidence.case_of(kept=kept())
    assert case.rates.rate(from_="EUR", to="GBP") is None
    quote = judged(case)
    assert (quote.discount, quote.applied[0].budget_amount) == (1250, 1600)


def test_of_a_code_that_nobody_knows_only_the_beginning_is_kept(shop: Shop) -> None:
    shop.coupon()
    body = order("ten-off", "hunter2-secret", partial=True)
    assert shop.api.post("redemptions", body).status == 201
    assert [each.code for each in kept().candidates] == ["TENOFF", "HUN…"]
    assert [each.reason for each in judged(evidence.case_of(kept=kept())).rejected] == [
        "code_not_found"
    ]


def test_a_case_survives_being_written_whatever_is_in_it(shop: Shop) -> None:
    shop.coupon()
    shop.api.post("redemptions", order("ten-off"))
    case = evidence.case_of(kept=kept())
    at = datetime(2026, 3, 4, 12, tzinfo=UTC)
    status = msgspec.structs.replace(
        kept().candidates[0].status,
        code_max_uses=3,
        code_expires_at=at + timedelta(days=1),
        claimed_at=at,
        owner="C-1",
        verdict="risk_denied",
    )
    candidate = msgspec.structs.replace(kept().candidates[0], status=status)
    again = evidence.case_of(kept=msgspec.structs.replace(kept(), candidates=(candidate,)))
    written = msgspec.json.decode(evidence.encoded(case=again))
    assert evidence.case_of(kept=evidence.evidence(stored=written)) == again
    assert again.cart == case.cart
    assert again.rates == Rates()
