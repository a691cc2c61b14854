"""`PUT /exchange-rates`: a merchant's own rates."""

import datetime
from decimal import Decimal
from typing import Annotated

from django.http import HttpResponse
from msgspec import Meta, Struct
from rest_framework.request import Request

from coupons import rates
from coupons.api.bodies import read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain

Currency = Annotated[str, Meta(min_length=3, max_length=3)]


class ExchangeRatesBody(Struct, kw_only=True):
    """What 1 `base` is in other currencies, from a day on until newer rates come."""

    date: datetime.date
    base: Currency
    rates: Annotated[dict[Currency, Decimal], Meta(min_length=1, max_length=300)]


class ExchangeRatesAnswer(Struct, kw_only=True):
    """The rates as they are stored."""

    date: datetime.date
    base: str
    rates: dict[str, str]


class ExchangeRatesEndpoint(Endpoint):
    """A day's exchange rates."""

    scopes = {"PUT": ("manage",)}

    @describes(
        summary="Store a day's exchange rates",
        body=ExchangeRatesBody,
        answers={200: ExchangeRatesAnswer},
    )
    def put(self, request: Request) -> HttpResponse:
        """Store a day's rates, in place of those the merchant had with that base."""
        caller = caller_of(request)
        body = read(plain(request), ExchangeRatesBody)
        row = rates.put(
            merchant=caller.merchant,
            day=body.date,
            base=body.base,
            rates=body.rates,
            by=caller.actor,
            at=self.at,
        )
        return answer(ExchangeRatesAnswer(date=row.quoted_on, base=row.base, rates=row.rates))
