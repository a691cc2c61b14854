"""The part of a definition that shoppers see: texts by language, the face, what follows.

Pure, as `definition` is, which reads the rest.
"""

import re
from typing import Any

from coupons.colors import HEX_COLOR, PALETTE
from coupons.fields import Reader

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.ASCII)
_PICTURE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def presentation(reader: Reader, *, slug: str) -> dict[str, Any]:
    """Read texts, face and follow-up of the coupon with that slug."""
    return {
        "texts": _texts(reader),
        "face": _face(reader.part("face")),
        "follow_up": _follow_up(reader, slug=slug),
    }


def _texts(reader: Reader) -> dict[str, dict[str, str]]:
    """Read description and thank-you of other languages; a language without either is none."""
    texts = reader.part("texts")
    found = {}
    for language in texts.body:
        if isinstance(language, str) and LANGUAGE.fullmatch(language):
            part = texts.part(language)
            found[language] = {
                "description": part.text("description", most=5_000),
                "thank_you": part.text("thank_you", most=2_000),
            }
            part.refuse_unknown()
        else:
            texts.given(language)
            texts.refuse(str(language)[:20], 'Use a language tag such as "zh-hans".')
    return {key: text for key, text in sorted(found.items()) if any(text.values())}


def _face(part: Reader) -> dict[str, str | None]:
    color = part.text("color", most=20).lower()
    if color and color not in PALETTE and not HEX_COLOR.fullmatch(color):
        part.refuse("color", f"Name one of {', '.join(PALETTE)}, or write it as #1a2b3c.")
        color = ""
    hint = "Name a picture that was uploaded, by its id."
    picture = part.pattern("picture", shape=_PICTURE, hint=hint, most=36)
    part.refuse_unknown()
    return {"color": color or None, "picture": picture or None}


def _follow_up(reader: Reader, *, slug: str) -> str | None:
    hint = "Name a coupon by its slug."
    other = reader.pattern("follow_up", shape=SLUG, hint=hint, most=80) or None
    if other is not None and other == slug:
        reader.refuse("follow_up", "A coupon cannot follow itself.")
    return other
