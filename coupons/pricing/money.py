"""Integer minor units, a currency, and the one rounding function."""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from babel.core import get_global
from babel.numbers import get_currency_precision
from moneyed import CurrencyDoesNotExist, get_currency
from msgspec import Struct

#: The largest amount a field may hold, in digits before the decimal point.
MAX_MAJOR_DIGITS = 12

_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,8}))?", re.ASCII)


class UnknownCurrency(ValueError):
    """A currency code that is in use nowhere."""


class BadAmount(ValueError):
    """A text that is not an amount of money in its currency."""


class CurrencyMismatch(ValueError):
    """A sum over two currencies."""


@lru_cache(maxsize=1)
def currencies() -> frozenset[str]:
    """Return the codes of the currencies that are money somewhere today."""
    # What some territory pays with today: no Deutschmark, no gold, no test code.
    territories: Mapping[str, list[tuple[str, object, object, bool]]] = get_global(
        "territory_currencies"
    )
    return frozenset(
        currency
        for history in territories.values()
        for currency, _, until, is_tender in history
        if until is None and is_tender
    )


@lru_cache(maxsize=512)
def decimals(currency: str) -> int:
    """Return how many decimals `currency` has; raise UnknownCurrency for any other text."""
    if currency not in currencies():
        raise UnknownCurrency(f"{currency!r} is not a currency code (ISO 4217).")
    try:
        # What ISO 4217 says and banks count in; CLDR says what shop windows show.
        sub_unit = get_currency(currency).sub_unit
    except CurrencyDoesNotExist:  # newer than py-moneyed's list
        return get_currency_precision(currency)
    return len(str(sub_unit)) - 1


def parse_amount(text: object, currency: str) -> int:
    """Read a decimal string such as "19.99" into minor units; raise BadAmount saying why not."""
    places = decimals(currency)
    if not isinstance(text, str):
        raise BadAmount('Write the amount as a string, such as "19.99".')
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise BadAmount(
            'Write the amount as plain digits with a point, such as "19.99", '
            f"with at most {MAX_MAJOR_DIGITS} digits before it."
        )
    major, fraction = match[1], match[2] or ""
    if len(fraction) > places:
        raise BadAmount(f"{currency} has {places} decimals; the amount has {len(fraction)}.")
    return int(major + fraction.ljust(places, "0"))


@lru_cache(maxsize=10_000)
def format_amount(minor: int, currency: str) -> str:
    """Write minor units as a decimal string with all of the currency's decimals."""
    places = decimals(currency)
    sign, digits = ("-", str(-minor)) if minor < 0 else ("", str(minor))
    if places == 0:
        return sign + digits
    digits = digits.rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def round_half_up(numerator: int, denominator: int) -> int:
    """Return numerator ÷ denominator to the nearest integer, a half going up."""
    return (2 * numerator + denominator) // (2 * denominator)


def convert(minor: int, from_: str, to: str, rate: Fraction, *, up: bool) -> int:
    """Return `minor` of `from_` in minor units of `to`, where 1 `from_` is `rate` `to`.

    A discount is rounded down, a threshold up, to the target's minor unit.
    """
    exact = minor * rate * Fraction(10) ** (decimals(to) - decimals(from_))
    if up:
        return -(-exact.numerator // exact.denominator)
    return exact.numerator // exact.denominator


class Money(Struct, frozen=True):
    """An amount in minor units that only meets its own currency."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __str__(self) -> str:
        return f"{format_amount(self.minor, self.currency)} {self.currency}"

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} does not add up with {other.currency}.")
