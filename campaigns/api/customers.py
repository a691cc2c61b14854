"""`PUT` and `GET /customers/{id}`, and `POST /customers/bulk`."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpResponse
from msgspec import UNSET, Meta, Struct, UnsetType, structs
from rest_framework.request import Request

from campaigns import customers
from campaigns.models import Customer
from coupons.api.bodies import MAX_LEVELS, is_deeper, read
from coupons.api.bulk import BulkAnswer, bulk
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.errors import FieldError, Invalid, NotFound

Short = Annotated[str, Meta(max_length=64)]


class CustomerBody(Struct, kw_only=True):
    """What is to be set of a customer; what is left out stays, null empties it."""

    email: Annotated[str, Meta(max_length=254)] | UnsetType | None = UNSET
    phone: Annotated[str, Meta(max_length=32)] | UnsetType | None = UNSET
    country: Annotated[str, Meta(max_length=2)] | UnsetType | None = UNSET
    language: Annotated[str, Meta(max_length=16)] | UnsetType | None = UNSET
    timezone: Short | UnsetType | None = UNSET
    tags: (
        Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=500)]
        | UnsetType
        | None
    ) = UNSET
    tier: Short | UnsetType | None = UNSET
    birthday: date | UnsetType | None = UNSET
    source: Short | UnsetType | None = UNSET
    registered_at: Annotated[datetime, Meta(tz=True)] | UnsetType | None = UNSET
    is_test: bool | UnsetType = UNSET
    consents: dict[str, Any] | UnsetType | None = UNSET


class NamedCustomer(CustomerBody, kw_only=True):
    """A customer in a list."""

    id: Annotated[str, Meta(min_length=1, max_length=100)]


class CustomersBody(Struct):
    """Up to 1,000 customers."""

    customers: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=1_000)]


class CustomerAnswer(Struct, kw_only=True):
    """A customer as it stands."""

    id: str
    email: str
    phone: str
    country: str
    language: str
    timezone: str
    tags: list[str]
    tier: str
    birthday: date | None
    source: str
    registered_at: datetime | None
    is_test: bool
    consents: dict[str, Any]
    created_at: datetime


class CustomerEndpoint(Endpoint):
    """One customer."""

    scopes = {"PUT": ("customers",), "GET": ("customers",)}

    @describes(
        summary="Create or update a customer",
        body=CustomerBody,
        answers={200: CustomerAnswer},
        errors=(404, 409),
    )
    def put(self, request: Request, ref: str) -> HttpResponse:
        """Create or update a customer."""
        merchant = caller_of(request).merchant
        if not 1 <= len(ref) <= 100:
            raise Invalid(errors=[FieldError("id", "From 1 to 100 characters.")])
        change = changes_of(read(plain(request), CustomerBody))
        customers.put_customers(merchant=merchant, changes={ref: change}, at=self.at)
        return answer(customer_answer(Customer.objects.of(merchant).get(ref=ref)))

    @describes(summary="Read a customer", answers={200: CustomerAnswer}, errors=(404,))
    def get(self, request: Request, ref: str) -> HttpResponse:
        """Read a customer."""
        row = Customer.objects.of(caller_of(request).merchant).filter(ref=ref).first()
        if row is None:
            raise NotFound("There is no such customer.")
        return answer(customer_answer(row))


class CustomersBulkEndpoint(Endpoint):
    """Many customers."""

    scopes = {"POST": ("customers",)}

    @describes(
        summary="Create or update up to 1,000 customers",
        body=CustomersBody,
        answers={200: BulkAnswer},
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Create or update up to 1,000 customers; bad ones are told, the others done."""
        caller = caller_of(request)
        body = read(plain(request), CustomersBody)

        def work() -> HttpResponse:
            return bulk(
                rows=body.customers,
                shape=NamedCustomer,
                key="id",
                changes_of=changes_of,
                put=lambda changes: customers.put_customers(
                    merchant=caller.merchant, changes=changes, at=self.at
                ),
            )

        return once(request=plain(request), caller=caller, at=self.at, work=work)


def changes_of(body: CustomerBody) -> dict[str, Any]:
    """Turn a body into what is to be set; `Invalid` names what is wrong."""
    given = {name: value for name, value in structs.asdict(body).items() if value is not UNSET}
    given.pop("id", None)
    if "timezone" in given:
        given["time_zone"] = given.pop("timezone")
    for name, empty in (("tags", []), ("consents", {})):
        if name in given and given[name] is None:
            given[name] = empty
    for name in ("email", "phone", "country", "language", "time_zone", "tier", "source"):
        if name in given and given[name] is None:
            given[name] = ""
    if is_deeper(given.get("consents"), levels=MAX_LEVELS):
        raise Invalid(errors=[FieldError("consents", f"At most {MAX_LEVELS} levels deep.")])
    return customers.stored_values(given=given)


def customer_answer(row: Customer) -> CustomerAnswer:
    """Write a customer in the form of the contract."""
    return CustomerAnswer(
        id=row.ref,
        email=row.email,
        phone=row.phone,
        country=row.country,
        language=row.language,
        timezone=row.time_zone,
        tags=row.tags,
        tier=row.tier,
        birthday=row.birthday,
        source=row.source,
        registered_at=row.registered_at,
        is_test=row.is_test,
        consents=row.consents,
        created_at=row.created_at,
    )
