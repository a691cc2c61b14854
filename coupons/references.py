"""What a definition names and the shop must have: categories, products, channels.

Pure parsing cannot know them; the verbs that write a definition ask here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coupons.errors import FieldError, Invalid
from coupons.models import Category, Channel, Merchant, Product

#: Unknown names that are told one by one; the rest of a list is counted.
TOLD = 5

#: (where it stands in the definition, the name), by list.
Named = dict[str, list[tuple[str, str]]]


def check_references(
    *, merchant: Merchant, canonical: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> None:
    """Refuse what the shop does not have; `Invalid` names the first few of each list.

    What the coupon named `before` it may go on naming: a product gone since then is no
    reason to refuse another name or a later end.
    """
    categories, products, channels = _named(canonical)
    old = [_texts(part) for part in _named(before)] if before else [set(), set(), set()]
    paths = _known_paths(merchant=merchant, wanted=_texts(categories) - old[0])
    skus = _known(Product, "sku", merchant=merchant, wanted=_texts(products) - old[1])
    slugs = _known(Channel, "slug", merchant=merchant, wanted=_texts(channels) - old[2])
    wrong = [
        *_unknown(categories, paths | old[0], "There is no category {}."),
        *_unknown(products, skus | old[1], "There is no product {}."),
        *_unknown(channels, slugs | old[2], "There is no sales channel {}."),
    ]
    if wrong:
        raise Invalid(errors=wrong)


def _named(definition: Mapping[str, Any]) -> tuple[Named, Named, Named]:
    """Return the categories, products and channels that a definition names."""
    categories: Named = {}
    products: Named = {}
    for part in ("scope", "get_scope"):
        scope = definition[part] or {}
        for key in ("categories", "exclude_categories"):
            categories[f"{part}.{key}"] = _places(f"{part}.{key}", scope.get(key, ()))
        for key in ("products", "exclude_products"):
            products[f"{part}.{key}"] = _places(f"{part}.{key}", scope.get(key, ()))
    products["gifts"] = [
        (f"gifts.{i}.sku", gift["sku"]) for i, gift in enumerate(definition["gifts"])
    ]
    return categories, products, {"channels": _places("channels", definition["channels"])}


def _places(path: str, entries: Sequence[str]) -> list[tuple[str, str]]:
    return [(f"{path}.{i}", entry) for i, entry in enumerate(entries)]


def _texts(named: Named) -> set[str]:
    return {text for entries in named.values() for _, text in entries}


def _known(
    model: type[Product] | type[Channel], key: str, *, merchant: Merchant, wanted: set[str]
) -> set[str]:
    if not wanted:
        return set()
    rows = model.objects.of(merchant).filter(**{f"{key}__in": wanted})
    return set(rows.values_list(key, flat=True))


def _known_paths(*, merchant: Merchant, wanted: set[str]) -> set[str]:
    """Return the paths there are, those above a known one among them."""
    known = set(
        Category.objects.of(merchant).filter(path__in=wanted).values_list("path", flat=True)
    )
    if known == wanted:
        return known
    for path in Category.objects.of(merchant).values_list("path", flat=True).iterator():
        parts = path.split("/")
        known.update("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return known & wanted


def _unknown(named: Named, known: set[str], message: str) -> Iterable[FieldError]:
    for path, entries in named.items():
        missing = [(place, text) for place, text in entries if text not in known]
        yield from (FieldError(place, message.format(text)) for place, text in missing[:TOLD])
        if len(missing) > TOLD:
            yield FieldError(path, f"{len(missing) - TOLD} more of these are unknown.")
