"""What a definition names and the shop must have: categories, goods, coupons and a picture.

Pure parsing cannot know them; the verbs that write a definition ask here. Products of a
scope and channels are not asked for: a cart may carry what no catalogue here has.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from coupons.errors import FieldError, Invalid
from coupons.models import Category, Coupon, Merchant, Picture, Product

#: Unknown names that are told one by one; the rest of a list is counted.
TOLD = 5

#: (where it stands in the definition, the name), by list.
Named = dict[str, list[tuple[str, str]]]

#: What only a storey above can look up; it adds its look-up when it is loaded. Each gets the
#: merchant, the definition, and the one before it.
FURTHER: list[
    Callable[[Merchant, Mapping[str, Any], Mapping[str, Any] | None], Iterable[FieldError]]
] = []


def check_references(
    *, merchant: Merchant, canonical: Mapping[str, Any], before: Mapping[str, Any] | None = None
) -> None:
    """Refuse what the shop does not have; `Invalid` names the first few of each list.

    A shop that has told us of no category at all is believed: its carts name their own. So
    is the platform about categories and goods: they are those of the shops.
    What the coupon named `before` it may go on naming: a product gone since then is no
    reason to refuse another name or a later end.
    """
    categories, gifts, prizes = _categories(canonical), _gifts(canonical), _prizes(canonical)
    paths, skus = _texts(categories), _texts(gifts)
    if merchant.is_platform:
        paths, skus = set(), set()
    if before is not None:
        paths -= _texts(_categories(before))
        skus -= _texts(_gifts(before))
    follow_up = _follow_up(canonical)
    pictures = _picture(canonical)
    slugs = _texts(prizes) | _texts(follow_up)
    known = _known_slugs(merchant, slugs)
    wrong = [
        *_unknown(categories, paths - _known_paths(merchant, paths), "There is no category {}."),
        *_unknown(gifts, skus - _known_skus(merchant, skus), "There is no product {}."),
        *_unknown(prizes, slugs - known, "There is no coupon {}."),
        *_unknown(follow_up, slugs - known, "There is no coupon {}."),
        *_unknown(pictures, _unknown_pictures(merchant, pictures), "There is no picture {}."),
        *(each for look_up in FURTHER for each in look_up(merchant, canonical, before)),
    ]
    if wrong:
        raise Invalid(errors=wrong)


def _categories(definition: Mapping[str, Any]) -> Named:
    return {
        f"{part}.{key}": [
            (f"{part}.{key}.{i}", path)
            for i, path in enumerate((definition[part] or {}).get(key, ()))
        ]
        for part in ("scope", "get_scope")
        for key in ("categories", "exclude_categories")
    }


def _gifts(definition: Mapping[str, Any]) -> Named:
    return {
        "gifts": [(f"gifts.{i}.sku", gift["sku"]) for i, gift in enumerate(definition["gifts"])]
    }


def _prizes(definition: Mapping[str, Any]) -> Named:
    return {
        "prizes": [
            (f"prizes.{i}.coupon", prize["coupon"])
            for i, prize in enumerate(definition["prizes"])
            if prize["coupon"] is not None
        ]
    }


def _follow_up(definition: Mapping[str, Any]) -> Named:
    slug = definition["follow_up"]
    return {"follow_up": [("follow_up", slug)] if slug else []}


def _picture(definition: Mapping[str, Any]) -> Named:
    picture = definition["face"]["picture"]
    return {"face.picture": [("face.picture", picture)] if picture else []}


def _unknown_pictures(merchant: Merchant, named: Named) -> set[str]:
    wanted = _texts(named)
    if not wanted:
        return set()
    rows = Picture.objects.of(merchant).filter(pk__in=wanted)
    return wanted - {str(pk) for pk in rows.values_list("pk", flat=True)}


def _texts(named: Named) -> set[str]:
    return {text for entries in named.values() for _, text in entries}


def _known_skus(merchant: Merchant, wanted: set[str]) -> set[str]:
    if not wanted:
        return set()
    rows = Product.objects.of(merchant).filter(sku__in=wanted)
    return set(rows.values_list("sku", flat=True))


def _known_slugs(merchant: Merchant, wanted: set[str]) -> set[str]:
    if not wanted:
        return set()
    rows = Coupon.objects.of(merchant).filter(slug__in=wanted)
    return set(rows.values_list("slug", flat=True))


def _known_paths(merchant: Merchant, wanted: set[str]) -> set[str]:
    """Return the paths there are, those above a known one among them."""
    rows = Category.objects.of(merchant)
    known = set(rows.filter(path__in=wanted).values_list("path", flat=True)) if wanted else set()
    above = (path for path in wanted - known if rows.filter(path__startswith=f"{path}/").exists())
    known.update(above)
    return known if known == wanted or rows.exists() else wanted


def _unknown(named: Named, unknown: set[str], message: str) -> Iterable[FieldError]:
    for path, entries in named.items():
        missing = [(place, text) for place, text in entries if text in unknown]
        yield from (FieldError(place, message.format(text)) for place, text in missing[:TOLD])
        if len(missing) > TOLD:
            yield FieldError(path, f"{len(missing) - TOLD} more of these are unknown.")
