"""Read the fields of a JSON object one by one, collecting everything that is wrong.

Pure: no database, no clock. A reader never raises; it notes an error and goes on.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from coupons.errors import FieldError
from coupons.pricing.money import format_amount, parse_amount

#: PostgreSQL's integer; no limit or count needs more.
MAX_INTEGER = 2_147_483_647
MAX_ITEMS = 20_000

_PERCENT = re.compile(r"(0|[1-9][0-9]{0,2})(?:\.([0-9]{1,2}))?", re.ASCII)


class Reader:
    """One JSON object being read; `path` is where it stands in the body."""

    def __init__(
        self, body: object, *, errors: list[FieldError], path: str = "", ignore: Iterable[str] = ()
    ) -> None:
        self.errors = errors
        self.path = path
        self._seen: set[str] = set(ignore)
        self.body: Mapping[Any, Any] = {}
        if isinstance(body, Mapping):
            self.body = body
        elif body is not None:
            self.refuse("", "Send an object.")

    def refuse(self, key: str, message: str) -> None:
        """Note that something is wrong with a field."""
        place = ".".join(part for part in (self.path, key) if part)
        self.errors.append(FieldError(place, message))

    def given(self, key: str) -> Any:
        """Return the raw value of a field, None where it is missing."""
        self._seen.add(key)
        return self.body.get(key)

    def has(self, key: str) -> bool:
        """Say whether a field was sent, even as null."""
        return key in self.body

    def refuse_unknown(self) -> None:
        """Refuse the fields that nobody has asked for; call it last."""
        for key in self.body:
            if key not in self._seen:
                self.refuse(_shown(key), "There is no such field.")

    def part(self, key: str) -> "Reader":
        """Return a reader for a nested object, an empty one where it is missing."""
        return self._inside(key, self.given(key))

    def parts(self, key: str) -> list["Reader"]:
        """Return a reader for each object of a list."""
        return [self._inside(f"{key}.{i}", item) for i, item in enumerate(self._items(key))]

    def _inside(self, key: str, value: object) -> "Reader":
        path = ".".join(part for part in (self.path, key) if part)
        return Reader({} if value is None else value, errors=self.errors, path=path)

    def text(self, key: str, *, most: int, default: str = "", required: bool = False) -> str:
        """Read a text of up to `most` characters."""
        value = self.given(key)
        if value is None or (required and isinstance(value, str) and not value.strip()):
            if required:
                self.refuse(key, "This is required.")
            return default
        if not isinstance(value, str):
            self.refuse(key, "Send a string.")
            return default
        problem = problem_with_text(value, most=most)
        if problem:
            self.refuse(key, problem)
            return default
        return value

    def pattern(self, key: str, *, shape: re.Pattern[str], hint: str, **more: Any) -> str:
        """Read a text that matches `shape` as a whole; `hint` tells what it looks like."""
        before = len(self.errors)
        value = self.text(key, **more)
        if value and len(self.errors) == before and not shape.fullmatch(value):
            self.refuse(key, hint)
            return ""
        return value

    def choice(self, key: str, *, options: Sequence[str], default: str | None) -> str:
        """Read one word out of a set; without a default it is required."""
        value = self.given(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in options:
            self.refuse(key, f"Choose one of {', '.join(options)}.")
            return default or ""
        return value

    def integer(
        self,
        key: str,
        *,
        least: int = 1,
        most: int = MAX_INTEGER,
        default: int | None = None,
        required: bool = False,
    ) -> int | None:
        """Read a whole number; None or `default` where it is missing."""
        value = self.given(key)
        if value is None:
            if required:
                self.refuse(key, "This is required.")
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.refuse(key, f"Send a whole number from {least} to {most}.")
            return default
        return value

    def flag(self, key: str) -> bool:
        """Read true or false, false where it is missing."""
        value = self.given(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            self.refuse(key, "Send true or false.")
            return False
        return value

    def money(
        self, key: str, *, required: bool = False, zero: bool = False
    ) -> dict[str, str] | None:
        """Read amounts by currency, in the order given; None where there are none."""
        value = self.given(key)
        if value is None or value == {}:
            if required:
                self.refuse(key, 'Send an amount for each currency, such as {"USD": "10.00"}.')
            return None
        if not isinstance(value, Mapping):
            self.refuse(key, 'Send an amount for each currency, such as {"USD": "10.00"}.')
            return None
        amounts: dict[str, str] = {}
        for currency, amount in value.items():
            try:
                minor = parse_amount(amount, currency)
            except ValueError as wrong:
                self.refuse(f"{key}.{_shown(currency)}", str(wrong))
                continue
            if minor == 0 and not zero:
                self.refuse(f"{key}.{currency}", "The amount must be more than zero.")
                continue
            amounts[currency] = format_amount(minor, currency)
        return amounts or None

    def percent(
        self, key: str, *, required: bool = False, default: str | None = None
    ) -> str | None:
        """Read a percentage above 0, at most 100, with at most two decimals: "12.5"."""
        value = self.given(key)
        if value is None:
            if required:
                self.refuse(key, 'Send a percentage, such as "20".')
            return default
        match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
        if match is None or not 0 < percent_bps(value) <= 10_000:
            self.refuse(key, 'Send a percentage above 0 and up to 100 as a string, such as "12.5".')
            return default
        whole, fraction = match[1], (match[2] or "").rstrip("0")
        return f"{whole}.{fraction}" if fraction else whole

    def moment(self, key: str) -> str | None:
        """Read a time with its offset from UTC."""
        value = self.given(key)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
            moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            moment = None
        if moment is None or moment.tzinfo is None:
            self.refuse(
                key, 'Send a time with its offset from UTC, such as "2026-11-27T00:00:00-05:00".'
            )
            return None
        return moment.isoformat()

    def words(
        self,
        key: str,
        *,
        most: int = 200,
        shape: re.Pattern[str] | None = None,
        hint: str = "",
        options: Sequence[str] | None = None,
    ) -> list[str]:
        """Read a list of different short texts, each once, in the order given."""
        kept: dict[str, None] = {}
        for i, value in enumerate(self._items(key)):
            place = f"{key}.{i}"
            if not isinstance(value, str) or not value.strip():
                self.refuse(place, "Send a string that is not empty.")
            elif problem := problem_with_text(value, most=most):
                self.refuse(place, problem)
            elif options is not None and value not in options:
                self.refuse(place, f"Choose out of {', '.join(options)}.")
            elif shape is not None and not shape.fullmatch(value):
                self.refuse(place, hint)
            else:
                kept[value] = None
        return list(kept)

    def _items(self, key: str) -> Sequence[object]:
        value = self.given(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            self.refuse(key, "Send a list.")
            return ()
        if len(value) > MAX_ITEMS:
            self.refuse(key, f"Send at most {MAX_ITEMS} entries.")
            return ()
        return value


def percent_bps(text: str) -> int:
    """Return a percentage that was read before in basis points: "12.5" is 1250."""
    whole, _, fraction = text.partition(".")
    return int(whole) * 100 + int(fraction.ljust(2, "0"))


def problem_with_text(text: str, *, most: int) -> str | None:
    """Say what is wrong with a text: too long, or characters no page or database can show."""
    if len(text) > most:
        return f"At most {most} characters."
    for character in text:
        # Lone surrogates and control characters; a line break or a tab is fine.
        if unicodedata.category(character) in ("Cs", "Cc") and character not in "\n\r\t":
            return "It has characters that cannot be shown or stored."
    return None


def _shown(key: object) -> str:
    """Return a field's name as an answer may repeat it."""
    return str(key)[:80].encode("utf-8", "replace").decode()
