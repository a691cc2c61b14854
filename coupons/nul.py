"""The NUL character, which PostgreSQL keeps in no text."""

import re

#: The escape itself: after an even number of backslashes, not behind an escaped one.
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def is_in_json(text: bytes) -> bool:
    """Say whether a text of some JSON has one; raw, it would be no JSON."""
    return b"\\u0000" in text and _ESCAPE.search(text) is not None
