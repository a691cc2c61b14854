"""docs/checks.md names every check and every country's rule with its source, and no other."""

import re

from coupons.checking.countries import EU, RULES
from coupons.checking.wording import MESSAGES
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
CHECKS, COUNTRIES = PAGE.split("\n## Countries\n")


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row that begins with a code."""
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]


def test_every_rule_stands_there_with_its_law_and_address() -> None:
    told = {cells[0].strip("`"): cells[1:] for cells in rows(COUNTRIES)}
    assert list(told) == [rule.code for rule in RULES]
    for rule in RULES:
        where = "EU" if rule.countries == EU else ", ".join(sorted(rule.countries))
        check = (rule.check.__doc__ or "").rstrip(".") + "."
        law = f"[{rule.law}]({rule.source})"
        assert told[rule.code] == [where, rule.concerns, rule.requires, check, law]


def test_every_other_check_stands_there_once() -> None:
    codes = [cells[0].strip("`") for cells in rows(CHECKS)]
    assert sorted(codes) == sorted(MESSAGES.keys() - {rule.code for rule in RULES})


def test_only_what_cannot_work_is_called_a_problem() -> None:
    problems = {cells[0].strip("`") for cells in rows(CHECKS) if cells[1] == "problem"}
    assert problems == {"over_before_start", "prize_unpublished"}


def test_every_rule_has_something_to_say_and_a_public_address() -> None:
    for rule in RULES:
        assert rule.code in MESSAGES
        assert re.fullmatch(r"https://\S+", rule.source)
        assert "no legal advice" in PAGE
    assert len(EU) == 27
