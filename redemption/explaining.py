"""Why a cart got its answer: judged once more on what was kept, and laid beside it."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from coupons.pricing.money import format_amount
from coupons.pricing.quote import Quote
from coupons.pricing.trace import Trace, trace
from redemption import evidence
from redemption.models import Redemption, RefusedAttempt
from redemption.refusing import told_of
from redemption.shapes import QuoteAnswer

#: A code and what became of it, in words that do not depend on a language.
Outcomes = list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A trace, and where the answer given then says otherwise: an engine of today judged it."""

    trace: Trace
    then: Outcomes
    now: Outcomes

    @property
    def differs(self) -> bool:
        """Say whether today's engine gives another answer."""
        return sorted(self.then) != sorted(self.now)


def redemption_explained(*, redemption: Redemption) -> Explained | None:
    """Explain a redemption; None for one from before evidence was kept."""
    if redemption.evidence is None:
        return None
    found = _judged_again(redemption.evidence)
    given = msgspec.convert(redemption.quote, QuoteAnswer)
    codes = {branch.code for branch in found.branches if branch.terms}
    then = [*_applied_then(given)]
    for each in given.rejected:
        code = evidence.told_of(code=each.code, known=each.code in codes)
        then.append((code, ", ".join(reason.reason for reason in each.reasons)))
    return Explained(trace=found, then=then, now=_outcomes(found.quote))


def attempt_explained(*, attempt: RefusedAttempt) -> Explained:
    """Explain why an attempt was refused."""
    found = _judged_again(attempt.evidence)
    then = [(code, ", ".join(reasons)) for code, reasons in attempt.told]
    return Explained(trace=found, then=then, now=_refused(found.quote))


def _judged_again(stored: dict[str, object]) -> Trace:
    return trace(case=evidence.case_of(kept=evidence.evidence(stored=stored)))


def _applied_then(given: QuoteAnswer) -> Iterable[tuple[str, str]]:
    for each in given.applied:
        parts = [(line.id, line.discount) for line in each.lines]
        yield each.code, _taken(each.discount, each.shipping_discount, parts)


def _outcomes(quote: Quote) -> Outcomes:
    def money(minor: int) -> str:
        return format_amount(minor, quote.currency)

    applied = [
        (
            each.code,
            _taken(
                money(each.discount),
                money(each.shipping_discount),
                [(line, money(minor)) for line, minor in each.lines],
            ),
        )
        for each in quote.applied
    ]
    return [*applied, *_refused(quote)]


def _refused(quote: Quote) -> Outcomes:
    return [(str(code), ", ".join(reasons)) for code, reasons in told_of(quote=quote)]


def _taken(discount: str, shipping: str, parts: Iterable[tuple[str, str]]) -> str:
    lines = ", ".join(f"{line}: {minor}" for line, minor in parts)
    return f"{discount} ({lines}) + {shipping}"
