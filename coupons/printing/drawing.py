"""Vouchers drawn on the pages of a PDF."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import IO, Any

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import Canvas

from coupons.printing import lettering, qr
from coupons.printing.fitting import Fitted, Room, fit
from coupons.printing.layouts import Arrangement, Layout, cut_marks

INK, QUIET_INK = HexColor("#000000"), HexColor("#444444")
#: How many kinds of one text may be kept fitted: the words of a coupon, not its codes.
KEPT = 500


@dataclass(frozen=True, slots=True)
class Words:
    """What all vouchers of one coupon say, in one language."""

    shop: str
    headline: str
    name: str
    terms: str
    #: Above the code, and below the QR code.
    code_label: str
    scan_label: str
    #: The coupon's colour, #rrggbb.
    color: str


@dataclass(frozen=True, slots=True)
class Voucher:
    """What one voucher says beside."""

    #: In groups, as it is read.
    code: str
    link: str
    validity: str


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in points; `bottom` counts from the foot of the page, as PDF does."""

    left: int | float
    bottom: int | float
    width: int | float
    height: int | float

    @property
    def top(self) -> int | float:
        """Return its upper edge."""
        return self.bottom + self.height


@dataclass(frozen=True, slots=True)
class _Line:
    """A text of a voucher, how large it may be, and the part of the height it may take (%)."""

    text: str
    largest: int
    smallest: int
    lines: int
    share: int
    color: Color = INK
    is_bold: bool = False


def write(*, to: IO[bytes], layout: Layout, words: Words, vouchers: Iterable[Voucher]) -> None:
    """Write a PDF with these vouchers, page by page."""
    lettering.font()
    canvas = Canvas(
        to,
        pagesize=(points(layout.paper[0]), points(layout.paper[1])),
        pageCompression=1,
        # The same vouchers are the same file.
        invariant=1,
    )
    canvas.setTitle(words.name)
    canvas.setAuthor(words.shop)
    waiting = iter(vouchers)
    while page := list(islice(waiting, layout.per_page)):
        _draw_page(canvas, layout=layout, words=words, vouchers=page)
        canvas.showPage()
    canvas.save()


def points(tenths: int) -> int | float:
    """Turn tenths of a millimetre into points."""
    return tenths * 72 / 254


def _draw_page(canvas: Any, *, layout: Layout, words: Words, vouchers: Sequence[Voucher]) -> None:
    page_height = points(layout.paper[1])
    for voucher, (left, top) in zip(vouchers, layout.corners(), strict=False):
        width, height = points(layout.cell[0]), points(layout.cell[1])
        cell = Box(points(left), page_height - points(top) - height, width, height)
        if layout.has_strip:
            _draw_strip(canvas, cell, words.color)
        inset = points(layout.inset)
        strip = points(STRIP) if layout.has_strip else 0
        inner = Box(
            cell.left + inset + strip,
            cell.bottom + inset,
            width - 2 * inset - strip,
            height - 2 * inset,
        )
        if layout.arrangement is Arrangement.BESIDE:
            _draw_beside(canvas, inner, words, voucher)
        else:
            _draw_stacked(canvas, inner, words, voucher)
    canvas.setLineWidth(1 / 4)
    for x, y, to_x, to_y in cut_marks(layout):
        canvas.line(points(x), page_height - points(y), points(to_x), page_height - points(to_y))


#: The width of the strip in the coupon's colour, in tenths of a millimetre.
STRIP = 30


def _draw_strip(canvas: Any, cell: Box, color: str) -> None:
    canvas.setFillColor(HexColor(color))
    canvas.rect(cell.left, cell.bottom, points(STRIP), cell.height, stroke=0, fill=1)


def _draw_beside(canvas: Any, box: Box, words: Words, voucher: Voucher) -> None:
    """Draw the words at the left, the code at their foot, and the QR code at the right."""
    side = min(box.height * 86 / 100, box.width * 38 / 100)
    gap = box.width * 3 / 100
    text_width = box.width - side - gap
    code = _code(voucher, width=text_width, height=box.height * 30 / 100, largest=box.height)
    _draw_lines(canvas, code, left=box.left, top=box.bottom + code.height, is_bold=True)
    label_size = max(45, min(80, round(box.height / 2)))
    foot = box.bottom + code.height + label_size / 10
    _draw(canvas, words.code_label, left=box.left, y=foot - label_size / 20, size=label_size)
    words_height = box.top - foot - label_size / 10
    _draw_column(
        canvas, Box(box.left, box.top - words_height, text_width, words_height), words, voucher
    )
    label = _fitted(words.scan_label, Room(side, box.height * 14 / 100, label_size, 35, 2))
    bottom = box.bottom + (box.height - side - label.height) / 2 + label.height
    left = box.left + box.width - side
    canvas.addLiteral(qr.filled(qr.modules(voucher.link), x=left, y=bottom, side=side))
    _draw_lines(canvas, label, left=left, top=bottom, width=side, color=QUIET_INK)


def _draw_stacked(canvas: Any, box: Box, words: Words, voucher: Voucher) -> None:
    """Draw everything one under the other, for a receipt printer."""
    side = min(box.width * 75 / 100, box.height * 38 / 100)
    code = _code(voucher, width=box.width, height=box.height * 12 / 100, largest=box.width)
    left = box.left + (box.width - side) / 2
    _draw_lines(canvas, code, left=box.left, top=box.bottom + code.height, width=box.width,
                is_bold=True)  # fmt: skip
    label = _fitted(words.scan_label, Room(box.width, 20, 80, 50, 2))
    top = box.bottom + code.height + label.height + 2
    _draw_lines(canvas, label, left=box.left, top=top, width=box.width, color=QUIET_INK)
    canvas.addLiteral(qr.filled(qr.modules(voucher.link), x=left, y=top, side=side))
    height = box.top - top - side
    _draw_column(canvas, Box(box.left, top + side, box.width, height), words, voucher)


def _draw_column(canvas: Any, box: Box, words: Words, voucher: Voucher) -> None:
    """Draw the words from the top down; the terms take what room is left."""
    scale = min(240, max(90, round(box.height * 100 / 72)))
    top = box.top
    for line in _lines(words, voucher, scale):
        left = top - box.bottom
        room = Room(
            box.width, min(left, box.height * line.share / 100), line.largest, line.smallest,
            line.lines,
        )  # fmt: skip
        fitted = _fitted(line.text, room)
        _draw_lines(canvas, fitted, left=box.left, top=top, color=line.color, is_bold=line.is_bold)
        top -= fitted.height


def _lines(words: Words, voucher: Voucher, scale: int) -> list[_Line]:
    return [
        _Line(words.shop, 60 * scale // 100, 40, 1, 14, QUIET_INK),
        _Line(words.headline, 130 * scale // 100, 60, 2, 38, is_bold=True),
        _Line(words.name, 75 * scale // 100, 50, 2, 24),
        _Line(voucher.validity, 60 * scale // 100, 40, 2, 24, QUIET_INK),
        _Line(words.terms, min(80, 50 * scale // 100), 40, 40, 100, QUIET_INK),
    ]


def _code(
    voucher: Voucher, *, width: int | float, height: int | float, largest: int | float
) -> Fitted:
    room = Room(width, height, min(240, max(110, round(largest))), 50, 3)
    return fit(lettering.writable(voucher.code), room=room, measure=lettering.width, is_whole=True)


@lru_cache(maxsize=KEPT)
def _fitted(text: str, room: Room) -> Fitted:
    return fit(lettering.writable(text), room=room, measure=lettering.width)


def _draw_lines(
    canvas: Any,
    fitted: Fitted,
    *,
    left: int | float,
    top: int | float,
    width: int | float = 0,
    color: Color = INK,
    is_bold: bool = False,
) -> None:
    """Draw lines from the top down; with a width, each in its middle."""
    size = fitted.size
    for place, line in enumerate(fitted.lines, start=1):
        shift = (width - lettering.width(line, size)) / 2 if width else 0
        # A line's letters stand a fifth of their size above the foot of the line.
        y = top - place * fitted.leading + size / 50 + (fitted.leading - size / 10) / 2
        _draw(canvas, line, left=left + shift, y=y, size=size, color=color, is_bold=is_bold)


def _draw(
    canvas: Any,
    text: str,
    *,
    left: int | float,
    y: int | float,
    size: int,
    color: Color = QUIET_INK,
    is_bold: bool = False,
) -> None:
    canvas.setFont(lettering.FONT, size / 10)
    canvas.setFillColor(color)
    if is_bold:
        # The font has no bold: its outlines are drawn too.
        canvas.setStrokeColor(color)
        canvas.setLineWidth(size / 700)
    canvas.drawString(left, y, text, mode=2 if is_bold else 0)
