"""`PUT /products/{sku}` and `POST /products/bulk`."""

from typing import Annotated, Any

from django.http import HttpResponse
from msgspec import UNSET, Meta, Struct, UnsetType, to_builtins
from rest_framework.request import Request

from coupons import catalogue
from coupons.api.bodies import read
from coupons.api.bulk import BulkAnswer, bulk
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.errors import FieldError, Invalid
from coupons.models import Merchant, Product
from coupons.pricing.money import format_amount

SKU = Annotated[str, Meta(min_length=1, max_length=100)]


class ProductBody(Struct, kw_only=True):
    """What is to be set of a product; what is left out stays as it is."""

    name: Annotated[str, Meta(max_length=300)] | UnsetType = UNSET
    category: Annotated[str, Meta(max_length=500)] | UnsetType | None = UNSET
    currency: Annotated[str, Meta(min_length=3, max_length=3)] | UnsetType = UNSET
    price: str | UnsetType | None = UNSET
    cost: str | UnsetType | None = UNSET
    on_sale: bool | UnsetType = UNSET
    stock: Annotated[int, Meta(ge=-(2**31), lt=2**31)] | UnsetType | None = UNSET


class NamedProduct(ProductBody, kw_only=True):
    """A product in a list."""

    sku: SKU


class ProductsBody(Struct):
    """Up to 1,000 products."""

    products: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=1_000)]


class ProductAnswer(Struct, kw_only=True):
    """A product as it stands."""

    sku: str
    name: str
    category: str | None
    currency: str
    price: str | None
    cost: str | None
    on_sale: bool
    stock: int | None


class ProductEndpoint(Endpoint):
    """One product."""

    scopes = {"PUT": ("customers",)}

    @describes(
        summary="Create or update a product",
        body=ProductBody,
        answers={200: ProductAnswer},
        errors=(404, 409),
    )
    def put(self, request: Request, sku: str) -> HttpResponse:
        """Create or update a product."""
        caller = caller_of(request)
        if not 1 <= len(sku) <= 100:
            raise Invalid(errors=[FieldError("sku", "From 1 to 100 characters.")])
        body = read(plain(request), ProductBody)
        known = catalogue.known(merchant=caller.merchant, skus=[sku])
        change = changes_of(body, merchant=caller.merchant, known=known.get(sku))
        catalogue.put_products(merchant=caller.merchant, changes={sku: change})
        row = Product.objects.of(caller.merchant).select_related("category").get(sku=sku)
        return answer(product_answer(row))


class ProductsBulkEndpoint(Endpoint):
    """Many products."""

    scopes = {"POST": ("customers",)}

    @describes(
        summary="Create or update up to 1,000 products",
        body=ProductsBody,
        answers={200: BulkAnswer},
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Create or update up to 1,000 products; bad ones are told, the others done."""
        caller = caller_of(request)
        body = read(plain(request), ProductsBody)

        def work() -> HttpResponse:
            known = catalogue.known(
                merchant=caller.merchant,
                skus=[row["sku"] for row in body.products if isinstance(row.get("sku"), str)],
            )
            return bulk(
                rows=body.products,
                shape=NamedProduct,
                key="sku",
                changes_of=lambda row: changes_of(
                    row, merchant=caller.merchant, known=known.get(row.sku)
                ),
                put=lambda changes: catalogue.put_products(
                    merchant=caller.merchant, changes=changes
                ),
            )

        return once(request=plain(request), caller=caller, at=self.at, work=work)


def changes_of(body: ProductBody, *, merchant: Merchant, known: Product | None) -> dict[str, Any]:
    """Turn a body into what is to be set; `Invalid` for an amount that is none."""
    given = to_builtins(body)
    given.pop("sku", None)
    return catalogue.stored_values(given=given, merchant=merchant, known=known)


def product_answer(row: Product) -> ProductAnswer:
    """Write a product in the form of the contract."""

    def money(minor: int | None) -> str | None:
        return None if minor is None else format_amount(minor, row.currency)

    return ProductAnswer(
        sku=row.sku,
        name=row.name,
        category=row.category.path if row.category else None,
        currency=row.currency,
        price=money(row.price_minor),
        cost=money(row.cost_minor),
        on_sale=row.on_sale,
        stock=row.stock,
    )
