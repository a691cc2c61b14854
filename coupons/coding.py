"""The text of a code: one normal form, patterns that make new ones, odds of a guess.

Pure: no database, no clock. Randomness comes from the operating system.
"""

import re
import secrets
import unicodedata
from dataclasses import dataclass

#: Digits and capitals without those that look or sound alike (0 O, 1 I L, U V).
ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
MAX_LENGTH = 64
#: One hit in fewer guesses than this, and a pattern is refused.
MIN_GUESSES_PER_HIT = 1_000
#: A pattern that the house chooses is at least this safe, and so should others be.
SAFE_GUESSES_PER_HIT = 1_000_000

_PATTERN = re.compile(r"[A-Za-z0-9#\- ]+\Z")


def normal_form(typed: str) -> str:
    """Bring what somebody typed to the one form that is stored and compared.

    Case, spaces, hyphens and full-width characters don't matter: NFKC, upper case,
    then every separator, dash and invisible character dropped.
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed).upper())
    return "".join(c for c in text if unicodedata.category(c) not in _DROPPED)


_DROPPED = frozenset({"Zs", "Zl", "Zp", "Pd", "Cc", "Cf"})


def problem_with(text: str) -> str | None:
    """Say what is wrong with a code in its normal form; None when it will do."""
    if not text:
        return "The code is empty."
    if len(text) > MAX_LENGTH:
        return f"A code has at most {MAX_LENGTH} characters."
    if any(unicodedata.category(c)[0] in "CZ" or c.isspace() for c in text):
        return "The code has characters that cannot be typed."
    if any("a" <= c <= "z" for c in text):
        return "The code has characters without a capital form."
    return None


@dataclass(frozen=True, slots=True)
class Pattern:
    """How the codes of a batch look: `#` is one random character, the rest stands."""

    text: str

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Read a pattern such as `SUMMER-####-####`; ValueError says what is wrong."""
        if not text or not _PATTERN.match(text):
            raise ValueError("A pattern has letters, digits, hyphens and # only.")
        if "#" not in text:
            raise ValueError("A pattern needs at least one #, which stands for a random character.")
        if len(normal_form(text)) > MAX_LENGTH:
            raise ValueError(f"A code has at most {MAX_LENGTH} characters.")
        return cls(text)

    @property
    def key_space(self) -> int:
        """Count the different codes the pattern can make."""
        return int(len(ALPHABET) ** self.text.count("#"))

    def guesses_per_hit(self, count: int) -> int:
        """Say how many guesses hit one of `count` codes once, on average."""
        return self.key_space // max(count, 1)

    def has_room_for(self, count: int) -> bool:
        """Say whether `count` codes leave guessing hopeless enough."""
        return self.guesses_per_hit(count) >= MIN_GUESSES_PER_HIT

    def make(self) -> str:
        """Make one code at random, in its normal form."""
        filled = (secrets.choice(ALPHABET) if c == "#" else c for c in self.text)
        return normal_form("".join(filled))


def default_pattern(count: int) -> Pattern:
    """Choose the shortest plain pattern, of 8 characters or more, that is safe for `count`."""
    for groups in range(2, 9):
        pattern = Pattern("-".join(["####"] * groups))
        if pattern.guesses_per_hit(count) >= SAFE_GUESSES_PER_HIT:
            return pattern
    raise ValueError("No pattern is long enough for that many codes.")
