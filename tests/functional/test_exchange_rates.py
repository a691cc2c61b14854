"""Exchange rates: put, loaded, and at work in a checkout."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from coupons import rates, tasks
from coupons.models import CouponCounter, ExchangeRates, JournalEntry
from redemption.models import Use
from tests.definitions import fields
from tests.round_trips import counted
from tests.shop import Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = datetime.now(UTC).date()
EUROS = {"date": TODAY.isoformat(), "base": "EUR", "rates": {"USD": "1.25", "JPY": "160"}}


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def table(merchant: Any, day: date, base: str, **texts: str) -> None:
    ExchangeRates.objects.create(merchant=merchant, quoted_on=day, base=base, rates=texts)


def test_a_coupon_that_converts_works_in_another_currency(shop: Shop) -> None:
    assert shop.api.put("exchange-rates", EUROS).status == 200
    shop.coupon(convert=True, value={"EUR": "10.01"}, min_spend={"EUR": "40.00"})
    yen = cart("ten-off", currency="JPY", lines=[{**LINE, "unit_price": "6399"}])
    refused = shop.api.post("validations", yen).body["rejected"][0]
    assert refused["reasons"] == [
        {
            "reason": "min_spend_not_met",
            "message": "1 JPY more and you save 1601 JPY with this coupon.",
            "missing": "1",
            "would_save": "1601",
        }
    ]
    yen["lines"][0]["unit_price"] = "6400"
    # 10.01 × 160 is 1,601.6: a discount is rounded down.
    assert shop.api.post("validations", yen).body["discount"] == "1601"


def test_without_a_rate_the_currency_is_not_supported(shop: Shop) -> None:
    shop.coupon(convert=True, value={"EUR": "10.00"})
    quote = shop.api.post("validations", cart("ten-off")).body
    assert [each["reason"] for each in quote["rejected"]] == ["currency_not_supported"]


def test_a_use_keeps_its_rate_and_the_budget_is_charged_in_its_own_currency(shop: Shop) -> None:
    shop.api.put("exchange-rates", EUROS)
    shop.coupon(convert=True, value={"EUR": "10.00"}, limits={"budget": {"JPY": "2000"}})
    done = shop.api.post("redemptions", order("ten-off"))
    assert (done.status, done.body["discount"]) == (201, "12.50")
    use = Use.objects.get()
    assert use.rate == {"from": "EUR", "to": "USD", "rate": "5/4"}
    assert use.budget_minor == 1600
    assert CouponCounter.objects.get().budget_used_minor == 1600
    with nothing_changes():
        again = shop.api.post("redemptions", order("ten-off", ref="O-2"))
    assert again.body["rejected"][0]["reason"] == "budget_exhausted"


def test_a_use_without_conversion_keeps_no_rate(shop: Shop) -> None:
    shop.coupon()
    shop.api.post("redemptions", order("ten-off"))
    assert Use.objects.get().rate is None


def test_only_a_coupon_that_converts_costs_a_query(shop: Shop) -> None:
    shop.api.put("exchange-rates", EUROS)
    shop.coupon("plain", convert=True)
    shop.coupon("other", convert=True, value={"EUR": "10.00"})
    asked = []
    for code in ("plain", "other"):
        assert shop.api.post("validations", cart(code)).body["valid"]
        with counted() as traffic:
            shop.api.post("validations", cart(code))
        asked.append(traffic.queries)
    # The facts; the rates.
    assert asked == [1, 2]


def test_the_newest_rates_on_or_before_the_day_count_and_the_merchants_own_go_first(
    shop: Shop,
) -> None:
    other = Shop.open("other")
    at = datetime(2026, 3, 4, 12, tzinfo=UTC)
    table(None, date(2026, 3, 2), "EUR", USD="1.1")
    table(None, date(2026, 3, 4), "EUR", USD="1.2", JPY="160")
    table(None, date(2026, 3, 5), "EUR", USD="1.3")
    table(other.merchant, date(2026, 3, 4), "EUR", USD="9")
    found = rates.newest(merchant=shop.merchant, at=at)
    assert found.rate(from_="EUR", to="USD") == Fraction(6, 5)
    table(shop.merchant, date(2026, 3, 1), "EUR", USD="2")
    table(shop.merchant, date(2026, 3, 1), "USD", GBP="0.8")
    table(shop.merchant, date(2026, 3, 5), "USD", GBP="0.9")
    found = rates.newest(merchant=shop.merchant, at=at)
    assert found.rate(from_="EUR", to="USD") == 2
    assert found.rate(from_="GBP", to="USD") == Fraction(5, 4)
    assert found.rate(from_="JPY", to="EUR") == Fraction(1, 160)
    assert found.rate(from_="JPY", to="GBP") is None
    assert found.rate(from_="CHF", to="USD") is None


def test_the_day_is_the_merchants(shop: Shop) -> None:
    shop.merchant.time_zone = "Asia/Shanghai"
    table(None, date(2026, 3, 5), "EUR", USD="1.3")
    for hour, rate in ((15, None), (16, Fraction(13, 10))):
        at = datetime(2026, 3, 4, hour, tzinfo=UTC)
        assert rates.newest(merchant=shop.merchant, at=at).rate(from_="EUR", to="USD") == rate


def test_putting_a_day_again_replaces_it_and_the_journal_has_both(shop: Shop) -> None:
    stored = shop.api.put("exchange-rates", EUROS)
    assert (stored.status, stored.body) == (200, EUROS)
    again = shop.api.put("exchange-rates", {**EUROS, "rates": {"USD": 1.5}})
    assert again.body["rates"] == {"USD": "1.5"}
    row = ExchangeRates.objects.get()
    assert (row.merchant, row.quoted_on, row.rates) == (shop.merchant, TODAY, {"USD": "1.5"})
    told = JournalEntry.objects.filter(type="exchange_rates.set").order_by("id")
    assert [entry.data for entry in told] == [EUROS, {**EUROS, "rates": {"USD": "1.5"}}]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"base": "XXZ"}, ["base"]),
        ({"base": "EURO"}, ["base"]),
        ({"rates": {}}, ["rates"]),
        ({"rates": {"DEM": "2"}}, ["rates.DEM"]),
        ({"rates": {"EUR": "1"}}, ["rates.EUR"]),
        ({"rates": {"USD": "0"}}, ["rates.USD"]),
        ({"rates": {"USD": "-1"}}, ["rates.USD"]),
        ({"rates": {"USD": "NaN"}}, ["rates.USD"]),
        ({"rates": {"USD": "1e999999"}}, ["rates.USD"]),
        ({"rates": {"USD": "1e-999999"}}, ["rates.USD"]),
        ({"date": "2026-02-30"}, ["date"]),
    ],
)
def test_rates_that_make_no_sense_are_refused(
    shop: Shop, change: dict[str, Any], wrong: list[str]
) -> None:
    with nothing_changes():
        answer = shop.api.put("exchange-rates", {**EUROS, **change})
    assert (answer.status, fields(answer)) == (422, wrong)


def test_the_reference_rates_are_loaded_once(shop: Shop) -> None:
    at = datetime(2026, 3, 8, 12, tzinfo=UTC)
    loaded = rates.load_reference(at=at)
    assert ExchangeRates.objects.filter(merchant=None, base="EUR").count() == loaded
    days = list(ExchangeRates.objects.order_by("quoted_on").values_list("quoted_on", flat=True))
    # No rates on a weekend.
    assert days[-1] == date(2026, 3, 6)
    assert days[0] >= at.date() - timedelta(days=rates.DAYS_BACK)
    assert rates.load_reference(at=at) == 0
    found = rates.newest(merchant=shop.merchant, at=at)
    assert Fraction(1) < (found.rate(from_="EUR", to="USD") or 0) < Fraction(3, 2)


def test_the_command_and_the_daily_task_load_them(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_rates")
    count = ExchangeRates.objects.count()
    assert capsys.readouterr().out == f"exchange rates of {count} days loaded\n"
    assert tasks.load_reference_rates() == 0
    daily = settings.CELERY_BEAT_SCHEDULE["load the reference exchange rates"]
    assert daily["task"] == tasks.load_reference_rates.name
    assert daily["schedule"] == timedelta(days=1)


LINE = {"id": "1", "sku": "A", "quantity": 1}
