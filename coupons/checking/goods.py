"""Goods of the shop that tell most about a coupon: a few, whatever the catalogue's size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import F, FloatField, Q, QuerySet
from django.db.models.functions import Cast

from coupons.models import Category, Merchant, Product
from coupons.pricing.terms import Scope

#: Goods of each sort: with the thinnest margin, in part and in money, the cheapest, the dearest.
MOST_OF_A_SORT = 6
#: Names that are told of those that are gone.
MOST_GONE = 5
#: What a category of books is called; compared with each part of its path.
BOOKS = r"(^|/)(e-?)?(books?|bücher|buecher|livres?|libros?|libri|图书|书籍|本)(/|$)"
ISBN = r"^97[89][0-9]{10}$"


@dataclass(frozen=True, slots=True)
class Good:
    """A product with its price and cost in minor units of `currency`; None is unknown."""

    sku: str
    name: str
    category: str
    currency: str
    price: int | None
    cost: int | None
    on_sale: bool = False

    def __str__(self) -> str:
        return self.name or self.sku


def telling(*, merchant: Merchant, scope: Scope) -> tuple[Good, ...]:
    """Return goods in scope that have a price: thin margins, the cheapest and the dearest."""
    priced = within(merchant=merchant, scope=scope).filter(price_minor__gt=0)
    costed = priced.filter(cost_minor__isnull=False)
    margin = F("price_minor") - F("cost_minor")
    ratio = Cast(margin, FloatField()) / Cast(F("price_minor"), FloatField())
    sorts = (
        costed.order_by(ratio, "pk"),
        costed.order_by(margin, "pk"),
        priced.order_by("price_minor", "pk"),
        priced.order_by("-price_minor", "pk"),
    )
    found = [row for rows in sorts for row in rows[:MOST_OF_A_SORT]]
    return tuple(dict.fromkeys(_good(row) for row in found))


def within(*, merchant: Merchant, scope: Scope) -> "QuerySet[Product]":
    """Return the products that the engine would find in scope."""
    rows = Product.objects.of(merchant).select_related("category")
    if scope.categories or scope.products:
        rows = rows.filter(Q(sku__in=scope.products) | below("category__path", scope.categories))
    if scope.exclude_products:
        rows = rows.exclude(sku__in=scope.exclude_products)
    if scope.exclude_categories:
        rows = rows.filter(Q(category=None) | ~below("category__path", scope.exclude_categories))
    return rows.filter(on_sale=False) if scope.exclude_sale_items else rows


def below(column: str, paths: frozenset[str]) -> Q:
    """Match a category's path and those below it; no paths match nothing."""
    starts = [Q(**{f"{column}__startswith": f"{path}/"}) for path in sorted(paths)]
    return reduce(or_, starts, Q(**{f"{column}__in": sorted(paths)}))


def book(*, merchant: Merchant, scope: Scope) -> Good | None:
    """Return a book in scope: by its ISBN for a SKU, or its category's name."""
    rows = within(merchant=merchant, scope=scope)
    by_isbn = rows.filter(sku__gte="978", sku__lt="98", sku__regex=ISBN)
    # The categories first: they are few beside the products, and each path is read once.
    named = Category.objects.of(merchant).filter(path__iregex=BOOKS).values_list("pk", flat=True)
    found = by_isbn.first() or rows.filter(category__in=list(named)).first()
    return _good(found) if found else None


def named(*, merchant: Merchant, skus: Sequence[str]) -> Mapping[str, Good]:
    """Return products by SKU; what the shop does not have is left out."""
    rows = Product.objects.of(merchant).select_related("category").filter(sku__in=skus)
    return {row.sku: _good(row) for row in rows} if skus else {}


def gone_products(*, merchant: Merchant, scope: Scope) -> tuple[str, ...]:
    """Name products that a scope names and the catalogue lacks, unless there is no catalogue."""
    wanted = scope.products
    if not wanted:
        return ()
    rows = Product.objects.of(merchant)
    known = set(rows.filter(sku__in=wanted).values_list("sku", flat=True))
    return tuple(sorted(wanted - known)[:MOST_GONE]) if known or rows.exists() else ()


def gone_categories(*, merchant: Merchant, scope: Scope) -> tuple[str, ...]:
    """Name categories that a scope names and the shop has no more, nor any below them."""
    wanted = scope.categories
    if not wanted:
        return ()
    rows = Category.objects.of(merchant)
    paths = list(rows.filter(below("path", wanted)).values_list("path", flat=True)[:10_000])
    gone = [
        path
        for path in sorted(wanted)
        if not any(one == path or one.startswith(f"{path}/") for one in paths)
    ]
    return tuple(gone[:MOST_GONE]) if paths or rows.exists() else ()


def _good(row: Product) -> Good:
    return Good(
        sku=row.sku,
        name=row.name,
        category=row.category.path if row.category else "",
        currency=row.currency,
        price=row.price_minor,
        cost=row.cost_minor,
        on_sale=row.on_sale,
    )
