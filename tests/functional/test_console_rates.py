"""Exchange and tax rates in the console: seen, set by the API's verbs, told in the journal."""

from datetime import date
from typing import Any

import pytest

from coupons.models import ExchangeRates, JournalEntry, TaxRate
from tests.people import People
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

RATES, TAXES = "/coupons/exchangerates/", "/coupons/taxrate/"
OWN = {
    "date": "2026-03-04",
    "base": "usd",
    "rates_currency": ["eur", "JPY", ""],
    "rates_amount": ["0.92", "148.5", ""],
}
GERMAN = {"country": "de", "category": "", "rate": "19", "prices_include_tax": "on"}


@pytest.fixture
def people(db: None) -> People:
    return People.meet()


def told() -> list[tuple[str, str, Any]]:
    return list(JournalEntry.objects.order_by("id").values_list("type", "actor", "data"))


def rows() -> list[tuple[str, str, int, bool]]:
    columns = ("country", "category", "rate", "prices_include_tax")
    return list(TaxRate.objects.order_by("id").values_list(*columns))


def test_own_rates_are_added_and_changed_and_the_journal_names_who(people: People) -> None:
    assert people.alice.post(f"{RATES}add/", **OWN)["Location"] == RATES
    table = ExchangeRates.objects.get()
    assert (table.merchant, table.quoted_on, table.base) == (people.acme, date(2026, 3, 4), "USD")
    assert table.rates == {"EUR": "0.92", "JPY": "148.5"}
    page = people.alice.get(f"{RATES}{table.pk}/change/").content.decode()
    assert 'value="148.5"' in page
    # The day and the base are what the table is; sent otherwise they stay.
    again = OWN | {"date": "2020-01-01", "base": "GBP", "rates_amount": ["0.93", "", ""]}
    assert people.alice.post(f"{RATES}{table.pk}/change/", **again)["Location"] == RATES
    table.refresh_from_db()
    assert (table.quoted_on, table.base, table.rates) == (date(2026, 3, 4), "USD", {"EUR": "0.93"})
    assert [(type, actor, data["rates"]) for type, actor, data in told()] == [
        ("exchange_rates.set", "staff:alice", {"EUR": "0.92", "JPY": "148.5"}),
        ("exchange_rates.set", "staff:alice", {"EUR": "0.93"}),
    ]


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"base": "XXX"}, "base", "'XXX' is not a currency code (ISO 4217)."),
        ({"rates_amount": ["x"]}, "rates", "EUR: type a number, such as 1.0845."),
        ({"rates_amount": ["-1"]}, "rates", "A number above 0, with at most 12 decimals."),
        ({"rates_amount": ["NaN"]}, "rates", "A number above 0, with at most 12 decimals."),
        ({"rates_amount": [""]}, "rates", "This field is required."),
        ({"date": "soon"}, "date", "Enter a valid date."),
    ],
)
def test_rates_that_make_no_sense_change_nothing(
    people: People, typed: dict[str, Any], field: str, message: str
) -> None:
    with nothing_changes():
        answer = people.alice.post(f"{RATES}add/", **OWN | {"rates_currency": ["EUR"]} | typed)
    assert answer.status_code == 200
    assert answer.context["form"].errors == {field: [message]}


def test_everybodys_rates_are_seen_newest_first_and_not_changed(people: People) -> None:
    for day in (3, 4):
        ExchangeRates.objects.create(quoted_on=date(2026, 3, day), base="EUR", rates={"USD": "1.1"})
    ExchangeRates.objects.create(
        merchant=people.other, quoted_on=date(2026, 3, 5), base="GBP", rates={"USD": "1.3"}
    )
    listed = people.alice.get(RATES).context["cl"].result_list
    assert [str(row) for row in listed] == ["EUR 2026-03-04", "EUR 2026-03-03"]
    page = f"{RATES}{listed[0].pk}/change/"
    shown = people.alice.get(page).content.decode()
    assert "European Central Bank" in shown
    assert "<dt>USD</dt><dd>1.1</dd>" in shown
    with nothing_changes():
        assert people.alice.post(page, **OWN).status_code == 403
        assert people.alice.post(f"{RATES}{listed[0].pk}/delete/", post="yes").status_code == 403
    foreign = ExchangeRates.objects.get(merchant=people.other)
    assert people.alice.post(f"{RATES}{foreign.pk}/change/", **OWN).status_code == 404
    foreign.refresh_from_db()
    assert foreign.rates == {"USD": "1.3"}


def test_tax_rates_are_added_changed_and_deleted_and_the_journal_names_who(people: People) -> None:
    assert people.alice.post(f"{TAXES}add/", **GERMAN)["Location"] == TAXES
    food = {"country": "DE", "category": "food", "rate": "7.000"}
    assert people.alice.post(f"{TAXES}add/", **food)["Location"] == TAXES
    # Whether prices include tax goes for the whole country.
    assert rows() == [("DE", "", 19_000, False), ("DE", "food", 7_000, False)]
    first = TaxRate.objects.get(category="")
    page = people.alice.get(f"{TAXES}{first.pk}/change/").content.decode()
    assert 'value="19"' in page
    changed = GERMAN | {"country": "FR", "category": "x", "rate": "8.875"}
    assert people.alice.post(f"{TAXES}{first.pk}/change/", **changed)["Location"] == TAXES
    assert rows() == [("DE", "", 8_875, True), ("DE", "food", 7_000, True)]
    second = TaxRate.objects.get(category="food")
    assert people.alice.post(f"{TAXES}{second.pk}/delete/", post="yes")["Location"] == TAXES
    assert rows() == [("DE", "", 8_875, True)]
    happened = [(type, actor, data["rate"]) for type, actor, data in told()]
    assert happened == [
        ("tax_rate.set", "staff:alice", "19"),
        ("tax_rate.set", "staff:alice", "7"),
        ("tax_rate.set", "staff:alice", "8.875"),
        ("tax_rate.removed", "staff:alice", "7"),
    ]


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"country": "D1"}, "country", 'Use two capital letters, such as "US".'),
        ({"rate": "100.1"}, "rate", "A percentage from 0 to 100 with at most 3 decimals."),
        ({"rate": "1.2345"}, "rate", "A percentage from 0 to 100 with at most 3 decimals."),
        ({"rate": "much"}, "rate", "Enter a number."),
        ({"category": "food//tea"}, "category", "A path such as shoes/running."),
    ],
)
def test_tax_rates_that_make_no_sense_change_nothing(
    people: People, typed: dict[str, str], field: str, message: str
) -> None:
    with nothing_changes():
        answer = people.alice.post(f"{TAXES}add/", **GERMAN | typed)
    assert answer.status_code == 200
    assert answer.context["form"].errors == {field: [message]}


def test_only_an_owner_sets_rates(people: People) -> None:
    row = TaxRate.objects.create(merchant=people.acme, country="DE", rate=19_000)
    with nothing_changes():
        # To another merchant's owner the row is not there.
        for person, status in ((people.bob, 403), (people.charlie, 404)):
            for page in (f"{TAXES}{row.pk}/change/", f"{TAXES}{row.pk}/delete/"):
                assert person.post(page, post="yes", **GERMAN).status_code == status
        assert people.bob.get(RATES).status_code == 403
        assert people.bob.post(f"{RATES}add/", **OWN).status_code == 403
        assert people.bob.post(f"{TAXES}add/", **GERMAN).status_code == 403
