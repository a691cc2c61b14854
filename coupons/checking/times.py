"""Whether the coupon's time makes sense. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from coupons.checking.facts import Essentials, Facts
from coupons.checking.finding import Finding, Severity

#: A start of today that was typed without a time is no mistake.
_TODAY = timedelta(days=1)


def over_before_start(facts: Essentials) -> Iterator[Finding]:
    """Find an end that has passed."""
    if facts.ends_at is not None and facts.ends_at <= facts.at:
        yield Finding("over_before_start", "ends_at", severity=Severity.ERROR)


def no_end(facts: Facts) -> Iterator[Finding]:
    """Find a coupon that neither ends nor runs out after a claim."""
    if facts.ends_at is None and facts.terms.valid_days is None:
        yield Finding("no_end", "ends_at")


def start_in_the_past(facts: Facts) -> Iterator[Finding]:
    """Find a start more than a day ago, which publishing does not bring back."""
    if facts.starts_at is not None and facts.starts_at < facts.at - _TODAY:
        start = facts.definition["starts_at"] or facts.starts_at.isoformat()
        yield Finding("start_in_the_past", "starts_at", {"start": start[:16].replace("T", " ")})


CHECKS = (no_end, start_in_the_past)
