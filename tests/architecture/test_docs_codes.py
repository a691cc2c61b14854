"""docs/codes.md: its patterns make what it says, and its check agrees with the code's."""

import re

import pytest

from coupons import coding, issuing
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| (\d+) \|$", PAGE, re.M)
(TILL,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)


@pytest.mark.parametrize(("pattern", "code", "combinations"), EXAMPLES)
def test_an_example_is_a_code_of_its_pattern(pattern: str, code: str, combinations: str) -> None:
    parsed = coding.Pattern.parse(pattern)
    assert parsed.fits(code)
    assert parsed.written(coding.normal_form(code)) == code
    assert parsed.key_space == int(combinations)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 4


def test_the_till_of_the_page_finds_what_the_code_finds() -> None:
    names: dict = {}
    exec(TILL, names)  # noqa: S102  (our own page)
    pattern = coding.Pattern.parse("LOVU-#{8}[0-9]{2}*")
    for code in pattern.lines(100).split("\n"):
        assert names["is_typed_right"](pattern.written(code).lower())
        for at in range(4, 15):
            other = "7" if code[at] != "7" else "8"
            wrong = code[:at] + other + code[at + 1 :]
            assert not names["is_typed_right"](wrong)
            assert not pattern.fits(wrong)


def test_the_numbers_of_the_page_are_the_codes() -> None:
    for number in (
        coding.SAFE_GUESSES_PER_HIT,
        coding.MIN_GUESSES_PER_HIT,
        issuing.MAX_BATCH,
        issuing.CHUNK,
    ):
        assert f"{number:,}" in PAGE
    assert f"`{coding.ALPHABET}`" in PAGE
    assert f"at most {coding.MAX_LENGTH} characters" in PAGE


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
