"""`PUT /tax-rates/{country}`: a merchant's tax rates."""

from decimal import Decimal
from typing import Annotated

from django.http import HttpResponse
from msgspec import Meta, Struct
from rest_framework.request import Request

from coupons import taxes
from coupons.api.bodies import read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain


class TaxRateBody(Struct, kw_only=True):
    """A rate in percent (`"8.875"`), of everything in a country or of one category there."""

    rate: Decimal
    prices_include_tax: bool = False
    category: Annotated[str, Meta(max_length=500)] | None = None


class TaxRateAnswer(Struct, kw_only=True):
    """The rate as it is stored."""

    country: str
    rate: str
    prices_include_tax: bool
    category: str | None


class TaxRateEndpoint(Endpoint):
    """A country's tax rates."""

    scopes = {"PUT": ("manage",)}

    @describes(
        summary="Set a country's tax rate",
        body=TaxRateBody,
        answers={200: TaxRateAnswer},
        errors=(404,),
    )
    def put(self, request: Request, country: str) -> HttpResponse:
        """Set the rate of a country, or of one category there."""
        caller = caller_of(request)
        body = read(plain(request), TaxRateBody)
        row = taxes.put(
            merchant=caller.merchant,
            country=country,
            rate=body.rate,
            category=body.category or "",
            prices_include_tax=body.prices_include_tax,
            by=caller.actor,
            at=self.at,
        )
        return answer(
            TaxRateAnswer(
                country=row.country,
                rate=taxes.shown(row),
                prices_include_tax=row.prices_include_tax,
                category=row.category or None,
            )
        )
