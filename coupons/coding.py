"""The text of a code: one normal form, patterns that make new ones, odds of a guess.

Pure: no database, no clock. Randomness comes from the operating system.
"""

import os
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import prod

#: Digits and capitals without those that look or sound alike (0 O, 1 I L, U V).
ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
MAX_LENGTH = 64
#: One hit in fewer guesses than this, and a pattern is refused.
MIN_GUESSES_PER_HIT = 1_000
#: A pattern that the house chooses is at least this safe, and so should others be.
SAFE_GUESSES_PER_HIT = 1_000_000

_DIGITS = frozenset("0123456789")
_DROPPED = frozenset({"Zs", "Zl", "Zp", "Pd", "Cc", "Cf"})
#: The same for plain ASCII, which nearly every code is.
_ASCII_DROPPED = bytes([*range(33), ord("-"), 127])

# What a character counts in the check. The characters of ALPHABET have a value each; the others
# share some, but no two digits do, and nowhere may two of one value stand in turn (docs/codes.md).
_VALUED = "ABCDEFGHJKMNPQRSTWXYZ23456789" + "01ILOUV"
#: Prime, so that no product of a weight and a difference is nothing.
_MODULUS = len(ALPHABET)
_VALUES = {character: index % _MODULUS for index, character in enumerate(_VALUED)}
#: Columns that can be added up before a byte is full: a rest of 28, and 8 times 28.
_COLUMNS = 8
_REST = bytes(byte % _MODULUS for byte in range(256))

_TOKEN = re.compile(r"(\[[^\[\]]*\]|[A-Za-z0-9#*\- ])(?:\{([1-9][0-9]?)\})?")
_CLASS = re.compile(r"(?:[A-Z0-9]-[A-Z0-9]|[A-Z0-9])+\Z")
_RANGE = re.compile(r"([A-Z0-9])(?:-([A-Z0-9]))?")


def normal_form(typed: str) -> str:
    """Bring what somebody typed to the one form that is stored and compared.

    Case, spaces, hyphens and full-width characters don't matter: NFKC, upper case,
    then every separator, dash and invisible character dropped.
    """
    if typed.isascii():
        return typed.encode().upper().translate(None, _ASCII_DROPPED).decode()
    return _normal_form_of_any(typed)


def _normal_form_of_any(typed: str) -> str:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed).upper())
    return "".join(c for c in text if unicodedata.category(c) not in _DROPPED)


def problem_with(text: str) -> str | None:
    """Say what is wrong with a code in its normal form; None when it will do."""
    if not text:
        return "The code is empty."
    if len(text) > MAX_LENGTH:
        return f"A code has at most {MAX_LENGTH} characters."
    # Nearly all codes are so; a character at a time takes ten times as long.
    if text.isascii() and text.isprintable() and " " not in text and text == text.upper():
        return None
    if any(unicodedata.category(c)[0] in "CZ" or c.isspace() for c in text):
        return "The code has characters that cannot be typed."
    if any("a" <= c <= "z" for c in text):
        return "The code has characters without a capital form."
    return None


class Safety(StrEnum):
    """How hopeless guessing is."""

    GOOD = "good"
    WEAK = "weak"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Pattern:
    """How the codes of a batch look; docs/codes.md has the language.

    `places` has for each character of the normal form those that may stand there.
    """

    text: str
    places: tuple[str, ...]
    check_at: int | None

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Read a pattern such as `SUMMER-####-####`; ValueError says what is wrong."""
        return _parsed(text)

    @property
    def key_space(self) -> int:
        """Count the different codes the pattern can make; a check character adds none."""
        return prod(len(each) for at, each in enumerate(self.places) if at != self.check_at)

    def guesses_per_hit(self, count: int) -> int:
        """Say how many guesses hit one of `count` codes once, on average."""
        return self.key_space // max(count, 1)

    def safety(self, count: int) -> Safety:
        """Judge how hopeless guessing one of `count` codes is."""
        guesses = self.guesses_per_hit(count)
        if guesses < MIN_GUESSES_PER_HIT:
            return Safety.REFUSED
        return Safety.WEAK if guesses < SAFE_GUESSES_PER_HIT else Safety.GOOD

    def make(self) -> str:
        """Make one code at random, in its normal form."""
        return self.lines(1)

    def lines(self, count: int) -> str:
        """Make `count` codes at random, one a line, in their normal form.

        A code may come twice. Column by column, so that millions take seconds.
        """
        columns = [_drawn(each, count) for each in self.places]
        if self.check_at is not None:
            columns[self.check_at] = _checks(columns, self.check_at)
        width = len(columns) + 1
        made = bytearray(b"\n" * (width * count))
        for at, column in enumerate(columns):
            made[at::width] = column
        return made[:-1].decode()

    def fits(self, typed: str) -> bool:
        """Say whether this can be a code of the pattern, and not one with a typing mistake.

        With a check character every single wrong character is found, and every two
        neighbours that changed places.
        """
        text = normal_form(typed)
        if len(text) != len(self.places):
            return False
        if any(c not in each for c, each in zip(text, self.places, strict=True)):
            return False
        if self.check_at is None:
            return True
        return sum(_weight(at) * _VALUES[c] for at, c in enumerate(text)) % _MODULUS == 0

    def written(self, text: str) -> str:
        """Write a code in its normal form with the hyphens and spaces of its pattern."""
        characters, shown = iter(text), ""
        for part, times in _tokens(self.text):
            is_apart = part in "- "
            shown += part * times if is_apart else "".join(next(characters) for _ in range(times))
        return shown


def default_pattern(count: int) -> Pattern:
    """Choose the shortest plain pattern, of 8 characters or more, that is safe for `count`."""
    for groups in range(2, 9):
        pattern = Pattern.parse("-".join(["####"] * groups))
        if pattern.guesses_per_hit(count) >= SAFE_GUESSES_PER_HIT:
            return pattern
    raise ValueError("No pattern is long enough for that many codes.")


@lru_cache(maxsize=256)
def _parsed(text: str) -> Pattern:
    places: list[str] = []
    check_at = None
    for part, times in _tokens(text):
        if part == "*":
            if check_at is not None or times > 1:
                raise ValueError("A pattern has at most one *, the check character.")
            check_at = len(places)
        if part not in "- ":
            places += [_place(part)] * times
    pattern = Pattern(text, tuple(places), check_at)
    if pattern.key_space <= 1:
        raise ValueError("A pattern needs at least one #, which stands for a random character.")
    if len(places) > MAX_LENGTH:
        raise ValueError(f"A code has at most {MAX_LENGTH} characters.")
    return pattern


def _tokens(text: str) -> list[tuple[str, int]]:
    """Take a pattern apart: each part, and how often it stands there."""
    found, at = [], 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError("A pattern has letters, digits, hyphens, #, *, [A-F2-9] and {4} only.")
        found.append((token[1].upper(), int(token[2] or 1)))
        at = token.end()
    return found


def _place(part: str) -> str:
    """Return the characters that may stand where a part stands."""
    if part in "#*":
        return ALPHABET
    return _class(part) if part.startswith("[") else part


def _class(part: str) -> str:
    if not _CLASS.match(part[1:-1]):
        raise ValueError(f"{part} is no class of characters; write one such as [A-F2-9].")
    characters: set[str] = set()
    for first, last in _RANGE.findall(part[1:-1]):
        end = last or first
        if first > end or first.isdigit() != end.isdigit():
            raise ValueError(f"{part} is no class of characters; write one such as [A-F2-9].")
        characters.update(map(chr, range(ord(first), ord(end) + 1)))
    alike = characters - set(ALPHABET)
    # Where only digits can stand, nobody reads a zero as a letter.
    if alike and not characters <= _DIGITS:
        named = " ".join(sorted(alike))
        raise ValueError(f"{part} has {named}, taken for other characters; leave them out.")
    return "".join(sorted(characters))


def _drawn(letters: str, count: int) -> bytes:
    """Draw so many characters, every one as likely as any other."""
    if len(letters) == 1:
        return letters.encode() * count
    table, beyond = _sieve(letters)
    drawn = b""
    while len(drawn) < count:
        missing = count - len(drawn)
        more = os.urandom(missing * 256 // (256 - len(beyond)) + 32)
        drawn += more.translate(table, beyond)
    return drawn[:count]


@lru_cache(maxsize=256)
def _sieve(letters: str) -> tuple[bytes, bytes]:
    """Return what each byte draws, and the bytes that would favour some and are thrown away."""
    fair = 256 - 256 % len(letters)
    table = bytes(ord(letters[byte % len(letters)]) for byte in range(256))
    return table, bytes(range(fair, 256))


def _weight(at: int) -> int:
    """Return what a place weighs: powers of 2, so that neighbours differ and none is nothing."""
    return pow(2, at, _MODULUS)


def _checks(columns: list[bytes], check_at: int) -> bytes:
    """Return the column of check characters: with them, each code's weighted sum is nothing.

    A column is added to the others as one large number with a byte for each code.
    """
    count, total, added = len(columns[check_at]), 0, 0
    for at, column in enumerate(columns):
        if at != check_at:
            total += int.from_bytes(column.translate(_weighed(at)), "big")
            added += 1
        if added == _COLUMNS:
            rests = total.to_bytes(count, "big").translate(_REST)
            total, added = int.from_bytes(rests, "big"), 0
    return total.to_bytes(count, "big").translate(_evened(check_at))


@lru_cache(maxsize=MAX_LENGTH)
def _weighed(at: int) -> bytes:
    """Return what each character adds to the sum at a place."""
    return bytes(_weight(at) * _VALUES.get(chr(byte), 0) % _MODULUS for byte in range(256))


@lru_cache(maxsize=MAX_LENGTH)
def _evened(at: int) -> bytes:
    """Return the character that makes up for each sum at a place."""
    back = pow(_weight(at), -1, _MODULUS)
    return bytes(ord(_VALUED[-byte * back % _MODULUS]) for byte in range(256))
