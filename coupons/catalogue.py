"""The merchant's products, as a program tells us of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from coupons.errors import FieldError, Invalid
from coupons.models import Category, Merchant, Product
from coupons.pricing.money import BadAmount, UnknownCurrency, decimals, parse_amount

#: What a call may set; what it leaves out stays.
FIELDS = ("name", "category", "currency", "price_minor", "cost_minor", "on_sale", "stock")

#: Answers to one search, and words of it that are looked at.
MOST_FOUND = 20
MOST_WORDS = 6


@dataclass(slots=True)
class Upserted:
    """What became of rows that were put."""

    created: int = 0
    updated: int = 0
    errors: list[tuple[int, FieldError]] = field(default_factory=list)


def known(*, merchant: Merchant, skus: Sequence[str]) -> dict[str, Product]:
    """Return, by SKU, those of the products that are there."""
    return {row.sku: row for row in Product.objects.of(merchant).filter(sku__in=skus)}


def with_words(*, rows: QuerySet, typed: str) -> QuerySet:
    """Keep the products whose SKU or name has every word typed, in any case."""
    for word in typed.split()[:MOST_WORDS]:
        rows = rows.filter(Q(sku__icontains=word) | Q(name__icontains=word))
    return rows


def find_products(*, merchant: Merchant, typed: str) -> list[Product]:
    """Find products whose SKU or name has every word typed; 20 at most.

    Those whose SKU begins as typed come first.
    """
    rows = with_words(rows=Product.objects.of(merchant), typed=typed)
    if not typed:
        return list(rows.order_by("sku")[:MOST_FOUND])
    first = Case(
        When(sku__iexact=typed, then=Value(0)),
        When(sku__istartswith=typed, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return list(rows.order_by(first, "sku")[:MOST_FOUND])


def find_categories(
    *, merchant: Merchant, typed: str = "", named: Sequence[str] = ()
) -> list[tuple[str, int]]:
    """Find categories by what stands in their path, or by name: 20 paths, each with how many
    lie below it.
    """
    rows = Category.objects.of(merchant)
    if named:
        found = rows.filter(path__in=named).order_by("path")[: len(named)]
    else:
        found = rows.filter(path__icontains=typed).order_by("path")[:MOST_FOUND]
    paths = list(found.values_list("path", flat=True))
    return [(path, rows.filter(path__startswith=f"{path}/").count()) for path in paths]


def stored_values(
    *, given: Mapping[str, Any], merchant: Merchant, known: Product | None
) -> dict[str, Any]:
    """Turn what is to be set of a product into values of `FIELDS`, prices in minor units.

    Amounts are in the currency given, else in the one that the product has. `Invalid` for an
    amount, a currency or a path that is none.
    """
    values = dict(given)
    currency = values.get("currency") or (known.currency if known else merchant.currency)
    errors = []
    try:
        decimals(currency)
    except UnknownCurrency as error:
        raise Invalid(errors=[FieldError("currency", str(error))]) from error
    for name in ("price", "cost"):
        if name in values:
            text = values.pop(name)
            try:
                values[f"{name}_minor"] = None if text is None else parse_amount(text, currency)
            except BadAmount as error:
                errors.append(FieldError(name, str(error)))
        elif known and known.currency != currency and getattr(known, f"{name}_minor") is not None:
            errors.append(FieldError(name, f"Send it too: the one there is in {known.currency}."))
    category = values.get("category")
    if category is not None and not all(part.strip() for part in category.split("/")):
        errors.append(FieldError("category", "A path such as shoes/running."))
    if errors:
        raise Invalid(errors=errors)
    return values


def put_products(*, merchant: Merchant, changes: Mapping[str, Mapping[str, Any]]) -> Upserted:
    """Create or update products by SKU, all in one transaction.

    `changes` maps a SKU to what is to be set of `FIELDS`, the category as a path; a new
    category comes into being with its first product.
    """
    with transaction.atomic():
        categories = _categories(
            merchant=merchant,
            paths=sorted({c["category"] for c in changes.values() if c.get("category")}),
        )
        known = {
            product.sku: product
            for product in Product.objects.of(merchant)
            .filter(sku__in=changes)
            .order_by("sku")
            .select_for_update()
        }
        fresh = []
        for sku, change in changes.items():
            product = known.get(sku)
            if product is None:
                product = Product(merchant=merchant, sku=sku, currency=merchant.currency)
                fresh.append(product)
            for name, value in change.items():
                setattr(product, name, categories.get(value) if name == "category" else value)
        # Somebody may create the same product meanwhile: then ours is the later word.
        Product.objects.bulk_create(
            fresh, update_conflicts=True, unique_fields=["merchant", "sku"], update_fields=FIELDS
        )
        Product.objects.bulk_update(known.values(), FIELDS, batch_size=500)
    return Upserted(created=len(fresh), updated=len(known))


def _categories(*, merchant: Merchant, paths: Sequence[str]) -> dict[str, Category]:
    Category.objects.bulk_create(
        [Category(merchant=merchant, path=path) for path in paths], ignore_conflicts=True
    )
    return {row.path: row for row in Category.objects.of(merchant).filter(path__in=paths)}
