"""The preview of the tax: rates put, and what quotes make of them."""

from typing import Any

import pytest

from coupons import taxes
from coupons.models import JournalEntry, TaxRate
from tests.definitions import fields
from tests.round_trips import counted
from tests.shop import Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def taxed(quote: dict[str, Any]) -> tuple[str, bool, str]:
    return quote["tax"], quote["tax_included"], quote["payable"]


def test_tax_is_added_to_what_is_left_after_the_coupon(shop: Shop) -> None:
    assert shop.api.put("tax-rates/US", {"rate": "8.875"}).body == {
        "country": "US",
        "rate": "8.875",
        "prices_include_tax": False,
        "category": None,
    }
    shop.coupon()
    quote = shop.api.post("validations", cart("ten-off", country="us", shipping="5.00")).body
    # 99.98 less 10.00 is 4.00 and 6.00 off the lines: 8.875 % of 35.98 and 54.00.
    assert quote["discount"] == "10.00"
    assert taxed(quote) == ("7.98", False, "102.96")
    done = shop.api.post("redemptions", order("ten-off", country="US", shipping="5.00"))
    assert taxed(done.body) == ("7.98", False, "102.96")


def test_tax_in_the_prices_is_told_and_not_added(shop: Shop) -> None:
    shop.api.put("tax-rates/DE", {"rate": 19, "prices_include_tax": True})
    quote = shop.api.post("validations", cart(country="DE")).body
    assert taxed(quote) == ("15.96", True, "99.98")


def test_a_category_has_its_own_rate_and_so_have_those_below_it(shop: Shop) -> None:
    shop.api.put("tax-rates/US", {"rate": "10"})
    shop.api.put("tax-rates/US", {"rate": "5", "category": "shoes"})
    quote = shop.api.post("validations", cart(country="US")).body
    assert taxed(quote) == ("8.00", False, "107.98")


def test_whether_prices_include_tax_goes_for_the_whole_country(shop: Shop) -> None:
    shop.api.put("tax-rates/DE", {"rate": "19"})
    shop.api.put("tax-rates/FR", {"rate": "20"})
    shop.api.put("tax-rates/DE", {"rate": "7", "category": "hats", "prices_include_tax": True})
    rows = TaxRate.objects.order_by("id").values_list("country", "prices_include_tax")
    assert list(rows) == [("DE", True), ("FR", False), ("DE", True)]


def test_a_discount_that_the_platform_pays_leaves_the_tax_as_it_was(shop: Shop) -> None:
    shop.api.put("tax-rates/US", {"rate": "10"})
    shop.coupon(funded_by="platform")
    quote = shop.api.post("validations", cart("ten-off", country="US")).body
    assert taxed(quote) == ("10.00", False, "99.98")


def test_without_a_rate_for_the_country_there_is_no_tax(shop: Shop) -> None:
    Shop.open("other").api.put("tax-rates/US", {"rate": "50"})
    shop.api.put("tax-rates/DE", {"rate": "19"})
    for country in ("US", None):
        quote = shop.api.post("validations", cart(country=country)).body
        assert taxed(quote) == ("0.00", False, "99.98")


def test_tax_costs_no_query(shop: Shop) -> None:
    shop.api.put("tax-rates/US", {"rate": "10"})
    shop.api.post("validations", cart(country="US"))
    with counted() as traffic:
        assert shop.api.post("validations", cart(country="US")).body["tax"] == "10.00"
    assert (traffic.queries, traffic.round_trips) == (1, 1)


def test_a_rate_is_replaced_and_the_journal_has_both(shop: Shop) -> None:
    shop.api.put("tax-rates/US", {"rate": "8"})
    shop.api.put("tax-rates/US", {"rate": "8.50"})
    assert list(TaxRate.objects.values_list("rate", flat=True)) == [8500]
    told = JournalEntry.objects.filter(type="tax_rate.set").order_by("id")
    assert [entry.data["rate"] for entry in told] == ["8", "8.5"]


@pytest.mark.parametrize(
    ("country", "body", "wrong"),
    [
        ("us", {"rate": "1"}, ["country"]),
        ("USA", {"rate": "1"}, ["country"]),
        ("US", {}, ["rate"]),
        ("US", {"rate": "-1"}, ["rate"]),
        ("US", {"rate": "100.001"}, ["rate"]),
        ("US", {"rate": "1.0001"}, ["rate"]),
        ("US", {"rate": "NaN"}, ["rate"]),
        ("US", {"rate": "1e999999"}, ["rate"]),
        ("US", {"rate": "1", "category": "shoes//running"}, ["category"]),
    ],
)
def test_a_rate_that_makes_no_sense_is_refused(
    shop: Shop, country: str, body: dict[str, Any], wrong: list[str]
) -> None:
    with nothing_changes():
        answer = shop.api.put(f"tax-rates/{country}", body)
    assert (answer.status, fields(answer)) == (422, wrong)


def test_a_country_has_so_many_rates_at_most(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taxes, "MOST_PER_COUNTRY", 1)
    assert shop.api.put("tax-rates/US", {"rate": "8"}).status == 200
    with nothing_changes():
        answer = shop.api.put("tax-rates/US", {"rate": "8", "category": "hats"})
    assert (answer.status, fields(answer)) == (422, ["category"])
    assert shop.api.put("tax-rates/US", {"rate": "9"}).status == 200
