"""What some countries' laws ask of coupons: one table, each row with its source.

A reminder for people, not legal advice; docs/checks.md says the same table in words.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from coupons.checking.carts import written
from coupons.checking.facts import Facts
from coupons.checking.finding import Finding
from coupons.checking.limits import one_use
from coupons.checking.offered import described_in
from coupons.pricing.terms import CouponTerms, Kind

EU = frozenset(re.findall("..", "ATBEBGCYCZDEDKEEESFIFRGRHRHUIEITLTLULVMTNLPLPTROSESISK"))
Details = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRule:
    """A rule of some countries on some coupons; `check` returns details where it speaks up."""

    code: str
    countries: frozenset[str]
    concerns: str
    requires: str
    law: str
    source: str
    field: str
    check: Callable[[Facts], Details | None]


def found(facts: Facts) -> Iterator[Finding]:
    """Find the rules of the coupon's countries that ask for a person's look."""
    if not facts.terms.countries and facts.terms.kind in (Kind.GIFT, Kind.DRAW):
        yield Finding("countries_unknown", "countries")
    for rule in RULES:
        details = rule.check(facts) if rule.countries & facts.terms.countries else None
        if details is not None:
            yield Finding(rule.code, rule.field, details, source=rule.source)


# --- How it is checked ---


def a_draw(facts: Facts) -> Details | None:
    """Speak up for every draw."""
    return {} if facts.terms.kind is Kind.DRAW else None


def a_gift(facts: Facts) -> Details | None:
    """Speak up for every gift."""
    return {} if facts.terms.kind is Kind.GIFT else None


def undescribed_draw(facts: Facts) -> Details | None:
    """Speak up for a draw without a description in Chinese or the shop's own language."""
    is_told = any(
        described_in(facts.definition, language, own=True) for language in ("zh-hans", "zh")
    )
    return {} if facts.terms.kind is Kind.DRAW and not is_told else None


def large_gift(facts: Facts) -> Details | None:
    """Compare the gifts' worth in JPY with a fifth of the least spend; speak up if unknown."""
    if facts.terms.kind is not Kind.GIFT:
        return None
    spend, worth = facts.terms.min_spend.get("JPY", 0), 0
    for gift in facts.terms.gifts:
        good = facts.gifts.get(gift.sku)
        if good is None or good.price is None or good.currency != "JPY":
            return {"value": "?", "spend": written(spend, "JPY")}
        worth += good.price * gift.quantity
    if worth <= (200 if spend < 1_000 else spend // 5):
        return None
    return {"value": written(worth, "JPY"), "spend": written(spend, "JPY")}


def large_prize_in_japan(facts: Facts) -> Details | None:
    """Compare the dearest prize with 20 times the least spend and 100,000 JPY."""
    if facts.terms.kind is not Kind.DRAW:
        return None
    spend = facts.terms.min_spend.get("JPY", 0)
    dearest = dearest_prize(facts, "JPY")
    if dearest is not None and dearest <= min(20 * spend, 100_000):
        return None
    return {"value": _told(dearest, "JPY"), "spend": written(spend, "JPY")}


def large_prize_in_china(facts: Facts) -> Details | None:
    """Compare the dearest prize with 50,000 CNY."""
    if facts.terms.kind is not Kind.DRAW:
        return None
    dearest = dearest_prize(facts, "CNY")
    is_small = dearest is not None and dearest <= 5_000_000
    return None if is_small else {"value": _told(dearest, "CNY")}


def many_prizes(facts: Facts) -> Details | None:
    """Compare the worth of all prizes with 5,000 USD."""
    if facts.terms.kind is not Kind.DRAW:
        return None
    total: int | None = 0
    for prize in facts.prizes:
        worth = _worth(prize.terms, "USD")
        known = worth is not None and prize.stock is not None and total is not None
        total = total + worth * prize.stock if known else None  # type: ignore[operator]
    return None if total is not None and total <= 500_000 else {"value": _told(total, "USD")}


def a_book(facts: Facts) -> Details | None:
    """Speak up where a book is in scope of a coupon that takes money off goods."""
    takes_off = facts.terms.kind.gives_money and facts.terms.kind is not Kind.FREE_SHIPPING
    return {"product": str(facts.book)} if facts.book and takes_off else None


def a_book_above_five_percent(facts: Facts) -> Details | None:
    """Speak up where a book is in scope, unless it is 5 % off at most."""
    is_small = facts.terms.kind is Kind.PERCENT_OFF and (facts.terms.percent_bps or 0) <= 500
    return None if is_small else a_book(facts)


def undescribed_in_the_union(facts: Facts) -> Details | None:
    """Speak up where nobody wrote a description in any language."""
    texts = facts.definition.get("texts") or {}
    told = facts.definition["description"] or any(
        text.get("description") for text in texts.values()
    )
    if told:
        return None
    return {"countries": ", ".join(sorted(facts.terms.countries & EU))}


def dearest_prize(facts: Facts, currency: str) -> int | None:
    """Return the most that one prize is worth in minor units; None where one is unknown."""
    worths = [_worth(prize.terms, currency) for prize in facts.prizes]
    known = [worth for worth in worths if worth is not None]
    return max(known, default=0) if len(known) == len(worths) else None


def _worth(terms: CouponTerms | None, currency: str) -> int | None:
    """Return what one use of a prize's coupon is worth at most; None where it cannot be told."""
    if terms is None:
        return None
    return one_use(terms, currency) or terms.cap.get(currency)


def _told(minor: int | None, currency: str) -> str:
    return "?" if minor is None else written(minor, currency)


_JAPAN = "https://www.caa.go.jp/policies/policy/representation/fair_labeling/premium_regulation/"
_CHINA = "https://www.samr.gov.cn/"

RULES = (
    CountryRule(
        code="jp_gift",
        countries=frozenset({"JP"}),
        concerns="gifts",
        requires="A gift to every buyer is worth at most 20 % of the purchase; 200 JPY where the "
        "purchase is below 1,000 JPY.",
        law="Act against Unjustifiable Premiums and Misleading Representations (Act No. 134 of "
        "1962), Article 4, with the notification on premiums to general consumers (1977, No. 5)",
        source=_JAPAN,
        field="gifts",
        check=large_gift,
    ),
    CountryRule(
        code="jp_draw",
        countries=frozenset({"JP"}),
        concerns="draws",
        requires="A prize is worth at most 20 times the purchase below 5,000 JPY, 100,000 JPY "
        "otherwise; all prizes together 2 % of the expected sales.",
        law="The same Act, Article 4, with the notification on premiums by lotteries (1977, No. 3)",
        source=_JAPAN,
        field="prizes",
        check=large_prize_in_japan,
    ),
    CountryRule(
        code="cn_draw_value",
        countries=frozenset({"CN"}),
        concerns="draws",
        requires="The highest prize is worth at most 50,000 CNY.",
        law="Interim Provisions on Regulating Promotional Activities (SAMR Order No. 32 of 2020), "
        "chapter on sales with prizes",
        source=_CHINA,
        field="prizes",
        check=large_prize_in_china,
    ),
    CountryRule(
        code="cn_draw_terms",
        countries=frozenset({"CN"}),
        concerns="draws",
        requires="Kinds of prizes, how and when to take part, number of prizes or chances, and the "
        "organiser are published before.",
        law="The same Provisions, Article 13",
        source=_CHINA,
        field="description",
        check=undescribed_draw,
    ),
    CountryRule(
        code="us_draw",
        countries=frozenset({"US"}),
        concerns="draws",
        requires="Nobody has to buy or pay to take part.",
        law="Lottery laws: 18 U.S.C. § 1301 and those of the states, such as Florida Statutes "
        "§ 849.094(2)(e)",
        source="https://www.law.cornell.edu/uscode/text/18/1301",
        field="kind",
        check=a_draw,
    ),
    CountryRule(
        code="us_draw_states",
        countries=frozenset({"US"}),
        concerns="draws",
        requires="Prizes of more than 5,000 USD in all are registered with Florida and New York, "
        "and secured by a bond or an account.",
        law="Florida Statutes § 849.094; New York General Business Law § 369-e",
        source="https://www.nysenate.gov/legislation/laws/GBS/369-E",
        field="prizes",
        check=many_prizes,
    ),
    CountryRule(
        code="ca_draw",
        countries=frozenset({"CA"}),
        concerns="draws",
        requires="No purchase to take part, some skill to win; number and value of the prizes and "
        "what bears on the chances are disclosed.",
        law="Criminal Code, section 206; Competition Act, section 74.06",
        source="https://laws-lois.justice.gc.ca/eng/acts/C-34/section-74.06.html",
        field="kind",
        check=a_draw,
    ),
    CountryRule(
        code="it_draw",
        countries=frozenset({"IT"}),
        concerns="draws",
        requires="Announced to the ministry 15 days before, with rules and a deposit worth the "
        "prizes; a year at most.",
        law="D.P.R. 26 October 2001, No. 430, Articles 1, 7 and 10",
        source="https://www.normattiva.it/uri-res/N2Ls?urn:nir:stato:decreto.del.presidente."
        "della.repubblica:2001-10-26;430",
        field="kind",
        check=a_draw,
    ),
    CountryRule(
        code="it_gift",
        countries=frozenset({"IT"}),
        concerns="gifts",
        requires="Written rules, certified before the start; as a rule a deposit.",
        law="D.P.R. 26 October 2001, No. 430, Articles 7 and 11",
        source="https://www.normattiva.it/uri-res/N2Ls?urn:nir:stato:decreto.del.presidente."
        "della.repubblica:2001-10-26;430",
        field="gifts",
        check=a_gift,
    ),
    CountryRule(
        code="eu_terms",
        countries=EU,
        concerns="all coupons",
        requires="The conditions of a promotional offer are easily accessible and presented "
        "clearly and unambiguously.",
        law="Directive 2000/31/EC, Article 6(c)",
        source="https://eur-lex.europa.eu/eli/dir/2000/31/oj",
        field="description",
        check=undescribed_in_the_union,
    ),
    CountryRule(
        code="de_books",
        countries=frozenset({"DE"}),
        concerns="discounts on books",
        requires="New books are sold to readers at the fixed price.",
        law="Buchpreisbindungsgesetz, §§ 3 and 5",
        source="https://www.gesetze-im-internet.de/buchprg/__3.html",
        field="scope",
        check=a_book,
    ),
    CountryRule(
        code="fr_books",
        countries=frozenset({"FR"}),
        concerns="discounts on books",
        requires="The price is 95 to 100 % of the publisher's.",
        law="Loi n° 81-766 of 10 August 1981 on the price of books, Article 1",
        source="https://www.legifrance.gouv.fr/loda/id/JORFTEXT000000517179",
        field="scope",
        check=a_book_above_five_percent,
    ),
    CountryRule(
        code="es_books",
        countries=frozenset({"ES"}),
        concerns="discounts on books",
        requires="The price is 95 to 100 % of the fixed one.",
        law="Ley 10/2007 of 22 June on reading, books and libraries, Article 9",
        source="https://www.boe.es/buscar/act.php?id=BOE-A-2007-12351",
        field="scope",
        check=a_book_above_five_percent,
    ),
)
