"""What a shopper reads of a coupon, in each language, with the merchant's own names."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language_info

from coupons import colors
from coupons.models import Channel, Merchant, Product
from coupons.plain_words import Names, Words, languages, plain_words
from coupons.reasons import in_language


def terms_of(*, merchant: Merchant, definition: Mapping[str, Any]) -> dict[str, Words]:
    """Say a definition in each of its languages, in at most two queries."""
    names = _names(merchant, definition)
    return {
        language: plain_words(definition, language=language, names=names)
        for language in languages(merchant.languages, definition)
    }


def faces(*, merchant: Merchant, shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Gather what the card shows, in each language the coupon is read in."""
    terms = terms_of(merchant=merchant, definition=shown)
    return [_face(shown, language, words) for language, words in terms.items()]


def face_of(*, merchant: Merchant, shown: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Gather what the card shows in one language, whether the coupon has texts in it or not."""
    words = plain_words(shown, language=language, names=_names(merchant, shown))
    return _face(shown, language, words)


def _face(shown: Mapping[str, Any], language: str, words: Words) -> dict[str, Any]:
    face = shown.get("face") or {}
    color = colors.shown(face.get("color"))
    texts = shown.get("texts") or {}
    return {
        "language": language,
        "called": get_language_info(language)["name_local"],
        "tag": "zh-Hans" if language == "zh-hans" else language,
        "name": in_language(shown["names"], language, otherwise=shown["name"]),
        "description": texts.get(language, {}).get("description") or shown["description"],
        "words": words,
        "code": shown["code"],
        "color": color,
        "ink": colors.ink_on(color),
        "picture": face.get("picture"),
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
