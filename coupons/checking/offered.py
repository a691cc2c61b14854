"""Whether there is what the coupon offers: prizes, goods, codes, and words. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from coupons.checking.facts import Essentials, Facts
from coupons.checking.finding import Finding, Severity

#: Languages in which a coupon's terms are put into words without anybody writing them.
WRITTEN_BY_THE_HOUSE = ("en", "zh-hans")


def unpublished_prizes(facts: Essentials) -> Iterator[Finding]:
    """Find prizes that nobody could use: their coupons are not out, or over."""
    for prize in facts.prizes:
        if not prize.is_out:
            yield Finding(
                "prize_unpublished",
                f"prizes.{prize.place}.coupon",
                {"slug": prize.slug},
                severity=Severity.ERROR,
            )


def untranslated_names(facts: Facts) -> Iterator[Finding]:
    """Find the shop's languages that the name is not told in; the first is the name's own."""
    for language in facts.languages[1:]:
        if language.lower() not in facts.definition["names"]:
            yield Finding("name_untranslated", "names", {"language": language})


def missing_terms(facts: Facts) -> Iterator[Finding]:
    """Find the shop's languages in which a shopper could not read the terms."""
    for language in facts.languages:
        written = described_in(facts.definition, language, own=language == facts.languages[0])
        if not written and language.lower() not in WRITTEN_BY_THE_HOUSE:
            yield Finding("terms_missing", "description", {"language": language})


def described_in(definition: Mapping[str, Any], language: str, *, own: bool) -> bool:
    """Say whether somebody wrote the terms in a language; `own`: that of the description."""
    texts = (definition.get("texts") or {}).get(language.lower()) or {}
    return bool(texts.get("description") or (own and definition["description"]))


def gone_goods(facts: Facts) -> Iterator[Finding]:
    """Find products and categories of the scope that the shop no longer has."""
    if facts.gone_products:
        names = {"products": ", ".join(facts.gone_products)}
        yield Finding("products_gone", "scope.products", names)
    if facts.gone_categories:
        names = {"categories": ", ".join(facts.gone_categories)}
        yield Finding("categories_gone", "scope.categories", names)


def no_codes(facts: Facts) -> Iterator[Finding]:
    """Find a coupon that nobody can use for want of a code."""
    if facts.terms.code is None and not facts.issued:
        yield Finding("no_codes", "code")


CHECKS = (untranslated_names, missing_terms, gone_goods, no_codes)
