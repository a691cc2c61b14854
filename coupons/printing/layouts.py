"""The papers that vouchers are printed on, and where on them each voucher stands.

Pure. Lengths are whole tenths of a millimetre, from the upper left corner.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _


class Arrangement(StrEnum):
    """How the parts of a voucher stand to each other."""

    #: The words at the left, the QR code at the right.
    BESIDE = "beside"
    #: One under the other, for narrow paper.
    STACKED = "stacked"


@dataclass(frozen=True, slots=True)
class Layout:
    """One paper with its vouchers, all of one size, in columns and rows."""

    name: str
    title: Any
    paper: tuple[int, int]
    cell: tuple[int, int]
    columns: int = 1
    rows: int = 1
    #: Of the first voucher's corner, from the left and from the top.
    margin: tuple[int, int] = (0, 0)
    arrangement: Arrangement = Arrangement.BESIDE
    #: What printers cannot reach or a cut may take away, within each voucher.
    inset: int = 40
    #: Plain paper that is cut after printing; labels are cut already.
    is_cut: bool = False
    #: Shows a strip in the coupon's colour.
    has_strip: bool = False

    @property
    def per_page(self) -> int:
        """Count the vouchers of one page."""
        return self.columns * self.rows

    def corners(self) -> Iterator[tuple[int, int]]:
        """Walk over the upper left corners of a page's vouchers, row by row."""
        left, top = self.margin
        width, height = self.cell
        for row in range(self.rows):
            for column in range(self.columns):
                yield left + column * width, top + row * height


_ALL = (
    Layout(
        name="a4-cards",
        title=_("A4, 10 cards of 85 × 55 mm, to be cut"),
        paper=(2100, 2970),
        cell=(850, 550),
        columns=2,
        rows=5,
        margin=(200, 110),
        is_cut=True,
        has_strip=True,
    ),
    Layout(
        name="a4-vouchers",
        title=_("A4, 3 vouchers of 190 × 90 mm, to be cut"),
        paper=(2100, 2970),
        cell=(1900, 900),
        rows=3,
        margin=(100, 135),
        inset=60,
        is_cut=True,
        has_strip=True,
    ),
    Layout(
        name="a4-labels",
        title=_("A4, 24 labels of 70 × 37 mm"),
        paper=(2100, 2970),
        cell=(700, 370),
        columns=3,
        rows=8,
        margin=(0, 5),
        inset=45,
    ),
    Layout(
        name="letter-cards",
        title=_("US Letter, 10 cards of 3.5 × 2 inches, to be cut"),
        paper=(2159, 2794),
        cell=(889, 508),
        columns=2,
        rows=5,
        margin=(190, 127),
        is_cut=True,
        has_strip=True,
    ),
    Layout(
        name="roll-80",
        title=_("Receipt roll of 80 mm, one after the other"),
        paper=(800, 1300),
        cell=(800, 1300),
        arrangement=Arrangement.STACKED,
        inset=50,
    ),
    Layout(
        name="roll-58",
        title=_("Receipt roll of 58 mm, one after the other"),
        paper=(580, 1050),
        cell=(580, 1050),
        arrangement=Arrangement.STACKED,
        inset=50,
    ),
)

#: By name, in the order in which they are offered.
LAYOUTS: Mapping[str, Layout] = {layout.name: layout for layout in _ALL}


def cut_marks(layout: Layout) -> Iterator[tuple[int, int, int, int]]:
    """Walk over the marks (x, y, x, y) beyond the vouchers that say where to cut."""
    if not layout.is_cut:
        return
    (left, top), (width, height) = layout.margin, layout.cell
    right, bottom = left + layout.columns * width, top + layout.rows * height
    for x in range(left, right + 1, width):
        yield x, top - 60, x, top - 20
        yield x, bottom + 20, x, bottom + 60
    for y in range(top, bottom + 1, height):
        yield left - 60, y, left - 20, y
        yield right + 20, y, right + 60, y
