"""The colours a coupon may have, and the colour of text that stands out on each.

Pure. Contrast is counted as WCAG 2 does.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

HEX_COLOR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
#: The named colours, each dark or light enough to be told from the others.
PALETTE: Mapping[str, str] = {
    "red": "#b3261e",
    "orange": "#c2410c",
    "gold": "#f2c14e",
    "green": "#1e7a46",
    "teal": "#0f6b78",
    "blue": "#1d4ed8",
    "purple": "#6d28d9",
    "pink": "#f8c8dc",
    "black": "#1f2328",
}
DEFAULT = "teal"
WHITE, BLACK = "#ffffff", "#000000"


def shown(color: str | None) -> str:
    """Return a named or written colour as #rrggbb; the house's own where there is none."""
    return PALETTE.get(color or DEFAULT, color or "")


@lru_cache(maxsize=1_000)
def ink_on(background: str) -> str:
    """Return white or black, whichever stands out more on a colour: at least 4.5 : 1."""
    return max((WHITE, BLACK), key=lambda ink: contrast(ink, background))


def contrast(one: str, other: str) -> Decimal:
    """Return how much two colours (#rrggbb) differ, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + Decimal("0.05")) / (dark + Decimal("0.05"))


def _luminance(color: str) -> Decimal:
    red, green, blue = (_linear(int(color[place : place + 2], 16)) for place in (1, 3, 5))
    return Decimal("0.2126") * red + Decimal("0.7152") * green + Decimal("0.0722") * blue


def _linear(level: int) -> Decimal:
    part = Decimal(level) / 255
    if part <= Decimal("0.03928"):
        return part / Decimal("12.92")
    return Decimal(((part + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4"))
