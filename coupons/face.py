"""What a shopper reads of a coupon, in each language, with the merchant's own names."""

from collections.abc import Mapping
from typing import Any

from coupons.models import Channel, Merchant, Product
from coupons.plain_words import Names, Words, languages, plain_words


def terms_of(*, merchant: Merchant, definition: Mapping[str, Any]) -> dict[str, Words]:
    """Say a definition in each of its languages, in at most two queries."""
    names = _names(merchant, definition)
    return {
        language: plain_words(definition, language=language, names=names)
        for language in languages(merchant.languages, definition)
    }


def _names(merchant: Merchant, definition: Mapping[str, Any]) -> Names:
    scopes = [definition.get("scope") or {}, definition.get("get_scope") or {}]
    skus = {gift["sku"] for gift in definition.get("gifts") or ()}
    for scope in scopes:
        # A list may name thousands; only the first few are ever said.
        skus.update(*(scope.get(key, ())[:10] for key in ("products", "exclude_products")))
    slugs = list(definition.get("channels") or ())[:10]
    products = Product.objects.of(merchant).filter(sku__in=skus) if skus else ()
    channels = Channel.objects.of(merchant).filter(slug__in=slugs) if slugs else ()
    return Names(
        products={row.sku: row.name for row in products if row.name},
        channels={row.slug: row.name for row in channels},
    )
