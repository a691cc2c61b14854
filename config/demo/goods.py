"""The products, each under department/category/type."""

import re
import string

import pyarrow as pa

from config.demo.copying import constant, copy_in
from config.demo.progress import Told
from config.demo.shop import CURRENCY, Shop
from config.demo.source import Source
from coupons.models import Category, Product

_OTHER = re.compile(r"[^a-z0-9]+")


def are_there(*, shop: Shop) -> bool:
    """Say whether the products are loaded; they come all or none."""
    return Product.objects.of(shop.merchant).exists()


def load(*, shop: Shop, source: Source, told: Told) -> dict[str, int]:
    """Load every product with its category; return how many of both."""
    table = source.products()
    levels = list(
        zip(
            *(table[c].to_pylist() for c in ("department", "product_category", "product_type")),
            strict=True,
        )
    )
    paths = {found: _path(found) for found in set(levels)}
    ids = _categories(shop=shop, paths=set(paths.values()))
    names = [
        _name(found, size)
        for found, size in zip(levels, table["package_size"].to_pylist(), strict=True)
    ]
    rows = pa.table(
        {
            "merchant_id": constant(shop.merchant.pk, like=table),
            "sku": table["product_id"].cast(pa.string()),
            "name": pa.array(names),
            "category_id": pa.array([ids[paths[found]] for found in levels]),
            "currency": constant(CURRENCY, like=table),
            "on_sale": constant(False, like=table),
        }
    )
    copy_in(into="coupons_product", rows=rows)
    told(table.num_rows)
    return {"categories": len(ids), "products": table.num_rows}


def _categories(*, shop: Shop, paths: set[str]) -> dict[str, int]:
    """Create the categories with those above them; return their ids by path."""
    tree = {
        "/".join(parts[:depth])
        for parts in (path.split("/") for path in paths)
        for depth in range(1, len(parts) + 1)
    }
    made = Category.objects.bulk_create(
        [Category(merchant=shop.merchant, path=path) for path in sorted(tree)]
    )
    return {category.path: category.pk for category in made}


def _path(levels: tuple[str | None, ...]) -> str:
    """Write the levels as a path: `grocery/frzn-ice/ice-crushed-cubed`; a gap is left out."""
    parts = (_OTHER.sub("-", level.lower()).strip("-") for level in levels if level)
    return "/".join(part for part in parts if part)


def _name(levels: tuple[str | None, ...], size: str | None) -> str:
    narrowest = next(level for level in reversed(levels) if level)
    return " ".join(filter(None, (string.capwords(narrowest), size)))
