"""A coupon's rules as its shopper reads them: a headline and short sentences, per language."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation

from coupons.plain_words import conditions, giving
from coupons.plain_words.wording import Names, Speech
from coupons.reasons import language_of

__all__ = ["Names", "Speech", "Words", "languages", "plain_words"]


@dataclass(frozen=True, slots=True)
class Words:
    """What a shopper reads: `validity` is the one of the sentences that says when."""

    headline: str
    validity: str
    sentences: tuple[str, ...]


def plain_words(
    definition: Mapping[str, Any], *, language: str, names: Names | None = None
) -> Words:
    """Say a definition in a language; what it leaves open or has wrong is left out."""
    language = language_of(language)
    speech = Speech(language=language, names=names or Names())
    with translation.override(language):
        return Words(
            headline=giving.headline(definition, speech=speech),
            validity=conditions.validity(definition, speech=speech),
            sentences=tuple(_sentences(definition, speech=speech)),
        )


def _sentences(definition: Mapping[str, Any], *, speech: Speech) -> list[str]:
    said = [
        *giving.sentences(definition, speech=speech),
        *conditions.sentences(definition, speech=speech),
    ]
    return [text for text in said if text]


def languages(wanted: Iterable[str], definition: Mapping[str, Any]) -> list[str]:
    """Name the languages to say a coupon in: the merchant's, and those it has texts in."""
    texts = (*wanted, *(definition.get("names") or ()), *(definition.get("texts") or ()))
    ours = {"en", "zh"}
    known = [language_of(each) for each in texts if each.lower()[:2] in ours]
    return list(dict.fromkeys(known)) or ["en"]
