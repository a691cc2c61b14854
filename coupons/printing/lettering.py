"""The one font of everything printed: Chinese and Latin letters, embedded in the file."""

from functools import lru_cache
from importlib.resources import as_file, files

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FONT = "WenQuanYi Micro Hei"
#: What the font lacks, and what is printed instead.
_INSTEAD = {"₩": "KRW ", "₹": "INR ", "₪": "ILS ", "\u202f": " ", "\u2011": "-"}
#: For any other character that it lacks.
UNKNOWN = "□"


@lru_cache(maxsize=1)
def font() -> TTFont:
    """Read the font, once in a process."""
    collection = files("paperang_p2_fonts_cjk") / "fonts" / "wqy-microhei.ttc"
    with as_file(collection) as path:
        read = TTFont(FONT, str(path), subfontIndex=0)
    pdfmetrics.registerFont(read)
    return read


def width(text: str, size: int) -> int | float:
    """Measure a text in points; the size is in tenths of a point."""
    return font().stringWidth(text, size) / 10


@lru_cache(maxsize=10_000)
def writable(text: str) -> str:
    """Return a text in characters that the font has, on one line."""
    known = font().face.charToGlyph
    told = "".join(_INSTEAD.get(c, c) for c in " ".join(text.split()))
    return "".join(c if ord(c) in known else UNKNOWN for c in told)
