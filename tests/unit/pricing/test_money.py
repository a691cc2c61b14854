from fractions import Fraction

import pytest

from coupons.pricing.money import (
    BadAmount,
    CurrencyMismatch,
    Money,
    UnknownCurrency,
    convert,
    decimals,
    format_amount,
    parse_amount,
    round_half_up,
)


@pytest.mark.parametrize(("currency", "places"), [("JPY", 0), ("USD", 2), ("CNY", 2), ("KWD", 3)])
def test_knows_the_decimals_of_a_currency(currency, places):
    assert decimals(currency) == places


@pytest.mark.parametrize(
    "text", ["usd", "XXX", "XAU", "DEM", "US", "USDT", "", "ＵＳＤ", None, 840]
)
def test_refuses_what_is_no_currency_in_use(text):
    with pytest.raises(UnknownCurrency):
        decimals(text)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("19.99", "USD", 1999),
        ("19.9", "USD", 1990),
        ("19", "USD", 1900),
        ("0", "USD", 0),
        ("0.01", "USD", 1),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("999999999999.99", "USD", 99_999_999_999_999),
    ],
)
def test_reads_a_decimal_string(text, currency, minor):
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        "19.999", "1e3", "1E3", "-1", "+1", "NaN", "Infinity", " 1", "1 ", "1\n", "", ".", "1.",
        ".5", "01", "00", "1,000", "1_000", "１９", "٣", "0x10", "1000000000000", "9" * 400,
        19.99, 19, True, None, [], {},
    ],
)  # fmt: skip
def test_refuses_what_is_not_a_plain_amount(text):
    with pytest.raises(BadAmount):
        parse_amount(text, "USD")


def test_refuses_decimals_that_the_currency_does_not_have():
    with pytest.raises(BadAmount, match="JPY has 0 decimals; the amount has 2"):
        parse_amount("1500.00", "JPY")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1999, "USD", "19.99"), (5, "USD", "0.05"), (0, "USD", "0.00"), (-5, "USD", "-0.05"),
     (1500, "JPY", "1500"), (5, "KWD", "0.005"), (-1234, "KWD", "-1.234")],
)  # fmt: skip
def test_writes_all_decimals(minor, currency, text):
    assert format_amount(minor, currency) == text


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(0, 2, 0), (1, 2, 1), (3, 2, 2), (5, 2, 3), (4, 3, 1), (5, 3, 2), (-1, 2, 0), (-3, 2, -1)],
)
def test_a_half_goes_up(numerator, denominator, rounded):
    assert round_half_up(numerator, denominator) == rounded


def test_money_adds_up_in_one_currency_only():
    assert Money(100, "USD") + Money(25, "USD") == Money(125, "USD")
    assert Money(100, "USD") - Money(25, "USD") == Money(75, "USD")
    with pytest.raises(CurrencyMismatch):
        Money(100, "USD") + Money(100, "EUR")
    with pytest.raises(CurrencyMismatch):
        Money(100, "USD") - Money(100, "EUR")


@pytest.mark.parametrize(
    ("minor", "from_", "to", "rate", "down", "up"),
    [
        (1000, "USD", "EUR", "0.8", 800, 800),  # exact: no rounding either way
        (1001, "USD", "EUR", "0.8", 800, 801),
        (1000, "USD", "JPY", "149.55", 1495, 1496),
        (1000, "JPY", "KWD", "0.00205", 2050, 2050),
        (1, "JPY", "USD", "0.0067", 0, 1),
    ],
)
def test_converts_discounts_down_and_thresholds_up(minor, from_, to, rate, down, up):
    assert convert(minor, from_, to, Fraction(rate), up=False) == down
    assert convert(minor, from_, to, Fraction(rate), up=True) == up
