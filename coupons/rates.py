"""Exchange rates: stored by day, and the newest ones on a day.

Two sources: the European Central Bank's reference rates, which come with a library and
belong to everybody, and those that a merchant puts, which go first.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from currency_converter import CurrencyConverter
from django.db import transaction
from django.db.models import Q

from coupons import journal
from coupons.errors import FieldError, Invalid
from coupons.models import ExchangeRates, Merchant
from coupons.pricing.exchange import NO_RATES, Rates
from coupons.pricing.money import UnknownCurrency, decimals

#: How far back reference rates are loaded: for orders that are entered late.
DAYS_BACK = 400
#: A rate has at most this many decimals, and is below this.
MOST_DECIMALS, MOST = 12, 10**9


def newest(*, merchant: Merchant, at: datetime) -> Rates:
    """Return the newest rates on or before the merchant's day: its own, then everybody's.

    Of each currency that rates are given for, the newest table counts whole.
    """
    day = at.astimezone(ZoneInfo(merchant.time_zone)).date()
    tables = (
        ExchangeRates.objects.filter(Q(merchant=merchant) | Q(merchant=None), quoted_on__lte=day)
        .order_by("merchant_id", "base", "-quoted_on")
        .distinct("merchant_id", "base")
    )
    found = NO_RATES
    # From the last to be asked to the first.
    for table in sorted(tables, key=lambda row: (row.merchant_id is not None, row.quoted_on)):
        own = {currency: Fraction(text) for currency, text in table.rates.items()}
        found = Rates(base=table.base, rates=own, beyond=found)
    return found


def put(
    *,
    merchant: Merchant,
    day: date,
    base: str,
    rates: Mapping[str, Decimal],
    by: str,
    at: datetime,
) -> ExchangeRates:
    """Store a merchant's own rates of a day, in place of those it had with that base.

    Raises `Invalid` with every currency or rate that makes no sense.
    """
    errors = [*_currency_errors("base", base)]
    for currency, rate in rates.items():
        place = f"rates.{currency}"
        errors += _currency_errors(place, currency)
        if not _is_sound(rate):
            errors.append(
                FieldError(place, f"A number above 0, with at most {MOST_DECIMALS} decimals.")
            )
        if currency == base:
            errors.append(FieldError(place, "The base is always 1 of itself."))
    if errors:
        raise Invalid(errors=errors)
    texts = {currency: f"{rate:f}" for currency, rate in sorted(rates.items())}
    with transaction.atomic():
        row, _ = ExchangeRates.objects.update_or_create(
            merchant=merchant, base=base, quoted_on=day, defaults={"rates": texts}
        )
        journal.record(
            merchant=merchant,
            type="exchange_rates.set",
            actor=by,
            at=at,
            data={"date": day.isoformat(), "base": base, "rates": texts},
        )
    return row


def load_reference(*, at: datetime) -> int:
    """Store the reference rates that are not there yet; returns how many days are new."""
    source = _Reference()
    first = at.date() - timedelta(days=DAYS_BACK)
    known = set(
        ExchangeRates.objects.filter(
            merchant=None, base=source.ref_currency, quoted_on__gte=first
        ).values_list("quoted_on", flat=True)
    )
    fresh = [
        ExchangeRates(merchant=None, quoted_on=day, base=source.ref_currency, rates=rates)
        for day, rates in source.days.items()
        if day not in known and first <= day <= at.date()
    ]
    # Somebody may load them at the same time: they are the same rates.
    ExchangeRates.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=500)
    return len(fresh)


class _Reference(CurrencyConverter):
    """The library's rates as they are written, which it would fill up with others."""

    days: dict[date, dict[str, str]]

    def load_lines(self, lines: Iterable[str]) -> None:
        """Read lines of a date and a rate per currency; `N/A` is none."""
        rows = (line.strip().split(",") for line in lines)
        _, *currencies = next(rows)
        self.days = {
            date.fromisoformat(day): {
                currency: text
                for currency, text in zip(currencies, texts, strict=False)
                if currency and text not in self.na_values
            }
            for day, *texts in rows
        }


def _currency_errors(place: str, currency: str) -> list[FieldError]:
    try:
        decimals(currency)
    except UnknownCurrency as error:
        return [FieldError(place, str(error))]
    return []


def _is_sound(rate: Decimal) -> bool:
    if not rate.is_finite() or not 0 < rate < MOST:
        return False
    exponent = rate.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -MOST_DECIMALS
