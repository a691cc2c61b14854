"""Patterns, check characters, randomness, and the normal form's short way."""

import re
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coupons import coding
from coupons.coding import ALPHABET, Pattern, Safety

DIGITS = "0123456789"
PARTS = st.sampled_from(
    ["#", "#{3}", "[0-9]", "[0-9]{4}", "[A-F2-9]", "[ABC]{2}", "S", "U", "0", "-", " "]
)
PATTERNS = st.builds(
    lambda before, after: "".join([*before, "*", *after, "#"]),
    st.lists(PARTS, max_size=6),
    st.lists(PARTS, max_size=6),
)


@pytest.mark.parametrize(
    ("text", "key_space", "length"),
    [
        ("SUMMER-####-####", 29**8, 14),
        ("summer #{8}", 29**8, 14),
        ("[0-9]{6}", 10**6, 6),
        ("[A-F2-9]#", 14 * 29, 2),
        ("[abc]{2}-#", 9 * 29, 3),
        ("####-*", 29**4, 5),
        ("X{3}#", 29, 4),
        ("#{64}", 29**64, 64),
    ],
)
def test_a_pattern_says_how_many_codes_it_can_make(text: str, key_space: int, length: int) -> None:
    pattern = Pattern.parse(text)
    assert (pattern.key_space, len(pattern.make())) == (key_space, length)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "at least one #"),
        ("SUMMER", "at least one #"),
        ("[A]-*", "at least one #"),
        ("S_####", "letters, digits, hyphens"),
        ("####\n", "letters, digits, hyphens"),
        ("夏####", "letters, digits, hyphens"),
        ("[A-F", "letters, digits, hyphens"),
        ("#{0}", "letters, digits, hyphens"),
        ("#{100}", "letters, digits, hyphens"),
        ("#{2}{2}", "letters, digits, hyphens"),
        ("[]#", "no class"),
        ("[A-9]#", "no class"),
        ("[F-A]#", "no class"),
        ("[A_]#", "no class"),
        ("#**", "at most one"),
        ("#*{2}", "at most one"),
        ("#{65}", "at most 64 characters"),
        ("[A-Z]#", r"\[A-Z\] has I L O U V, taken for other characters"),
        ("[0-9A]#", r"\[0-9A\] has 0 1, taken"),
        ("[OQ]#", "has O, taken"),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused_with_the_reason(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Pattern.parse(text)


def test_no_random_character_looks_like_another() -> None:
    assert set(ALPHABET) & set("01OILUV") == set()
    made = "".join(Pattern.parse("#{8}[0-9]").lines(2_000).split("\n"))
    assert set(made) == set(ALPHABET) | set(DIGITS)


@given(PATTERNS)
def test_every_code_that_a_pattern_makes_fits_it(text: str) -> None:
    pattern = Pattern.parse(text)
    for code in pattern.lines(20).split("\n"):
        assert code == coding.normal_form(code)
        assert coding.problem_with(code) is None
        assert pattern.fits(code)
        written = pattern.written(code)
        assert coding.normal_form(written) == code
        apart = re.sub(r"\[.*?\]", "", text)
        assert len(written) - len(code) == apart.count("-") + apart.count(" ")


@given(PATTERNS, st.data())
def test_every_single_wrong_character_is_found(text: str, data: st.DataObject) -> None:
    pattern = Pattern.parse(text)
    code = pattern.make()
    at = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    assume(wrong != code[at])
    assert not pattern.fits(code[:at] + wrong + code[at + 1 :])


@given(PATTERNS, st.data())
def test_every_two_neighbours_that_changed_places_are_found(text: str, data: st.DataObject) -> None:
    pattern = Pattern.parse(text)
    code = pattern.make()
    assume(len(code) > 1)
    at = data.draw(st.integers(0, len(code) - 2))
    assume(code[at] != code[at + 1])
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert not pattern.fits(swapped)


def test_a_code_of_any_length_is_checked_to_its_end() -> None:
    pattern = Pattern.parse("#{63}*")
    code = pattern.make()
    for at in range(63):
        if code[at] != code[at + 1]:
            assert not pattern.fits(code[:at] + code[at + 1] + code[at] + code[at + 2 :])
    assert pattern.fits(code.lower())


@pytest.mark.parametrize("typed", ["", "SUMMER", "WINTER7777", "SUMMER77770", "SUMMER777O"])
def test_what_no_code_of_a_pattern_can_be_does_not_fit(typed: str) -> None:
    assert not Pattern.parse("SUMMER-####").fits(typed)


def test_every_character_is_as_likely_as_any_other() -> None:
    """Chi-squared for 28 degrees of freedom is beyond 90 once in ten million runs."""
    made = Pattern.parse("#").lines(290_000).replace("\n", "")
    counts = Counter(made)
    assert sum((counts[c] - 10_000) ** 2 / 10_000 for c in ALPHABET) < 90


@pytest.mark.parametrize("count", [1, 2, 255, 10_000])
def test_as_many_codes_come_as_were_asked_for(count: int) -> None:
    lines = Pattern.parse("A-####-[0-9]*").lines(count).split("\n")
    assert len(lines) == count
    assert {len(line) for line in lines} == {7}


@pytest.mark.parametrize(
    ("count", "safety"),
    [(1, Safety.GOOD), (21, Safety.WEAK), (21_000, Safety.REFUSED)],
)
def test_safety_is_judged_by_guesses_for_a_hit(count: int, safety: Safety) -> None:
    assert Pattern.parse("#####").safety(count) == safety


@given(st.text(st.characters(max_codepoint=127)) | st.text())
def test_the_short_way_to_the_normal_form_says_the_same_as_the_long_one(typed: str) -> None:
    assert coding.normal_form(typed) == coding._normal_form_of_any(typed)


def test_each_ascii_character_takes_the_short_way_to_the_same_end() -> None:
    for character in map(chr, range(128)):
        assert coding.normal_form(character) == coding._normal_form_of_any(character)
