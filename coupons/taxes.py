"""A merchant's tax rates."""

import re
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from coupons import journal
from coupons.errors import FieldError, Invalid
from coupons.models import Merchant, TaxRate

#: Rates of one country: every quote for it reads them all.
MOST_PER_COUNTRY = 200
#: Hundred-thousandths in one percent.
PERCENT = 1_000

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


def put(
    *,
    merchant: Merchant,
    country: str,
    rate: Decimal,
    category: str,
    prices_include_tax: bool,
    by: str,
    at: datetime,
) -> TaxRate:
    """Set the rate of a country in percent, or with `category` the rate of a category there.

    Whether prices include tax goes for the whole country, so its other rates follow. Raises
    `Invalid` with every field that is wrong.
    """
    errors = _errors(country=country, rate=rate, category=category)
    if errors:
        raise Invalid(errors=errors)
    with transaction.atomic():
        own = TaxRate.objects.of(merchant).filter(country=country)
        row, is_new = TaxRate.objects.update_or_create(
            merchant=merchant,
            country=country,
            category=category,
            defaults={"rate": int(rate * PERCENT), "prices_include_tax": prices_include_tax},
        )
        if is_new and own.count() > MOST_PER_COUNTRY:
            wrong = f"At most {MOST_PER_COUNTRY} rates for one country."
            raise Invalid(errors=[FieldError("category", wrong)])
        own.update(prices_include_tax=prices_include_tax)
        journal.record(
            merchant=merchant,
            type="tax_rate.set",
            actor=by,
            at=at,
            data={
                "country": country,
                "category": category,
                "rate": shown(row),
                "prices_include_tax": prices_include_tax,
            },
        )
    return row


def remove(*, rate: TaxRate, by: str, at: datetime) -> None:
    """Take a rate away: the country's own, or nothing, counts in its place."""
    with transaction.atomic():
        if not TaxRate.objects.of(rate.merchant_id).filter(pk=rate.pk).delete()[0]:
            return
        journal.record(
            merchant=rate.merchant,
            type="tax_rate.removed",
            actor=by,
            at=at,
            data={"country": rate.country, "category": rate.category, "rate": shown(rate)},
        )


def shown(row: TaxRate) -> str:
    """Write a rate in percent, without idle zeros: 8.875."""
    text = f"{Decimal(row.rate) / PERCENT:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _errors(*, country: str, rate: Decimal, category: str) -> list[FieldError]:
    errors = []
    if not _COUNTRY.fullmatch(country):
        errors.append(FieldError("country", 'Use two capital letters, such as "US".'))
    exponent = rate.as_tuple().exponent
    # The size first: a number such as 1e999999 is not multiplied out.
    if not (rate.is_finite() and 0 <= rate <= 100 and isinstance(exponent, int) and exponent >= -3):
        errors.append(FieldError("rate", "A percentage from 0 to 100 with at most 3 decimals."))
    if category and not all(part.strip() for part in category.split("/")):
        errors.append(FieldError("category", "A path such as shoes/running."))
    return errors
