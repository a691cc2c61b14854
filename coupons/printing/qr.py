"""QR codes as shapes: for a PDF, and for a page."""

import segno

#: Looking for the mask that is easiest to read takes four fifths of the time that a voucher
#: takes; on paper any of the eight is read.
MASK = 2
#: The light border that a reader needs, in modules.
QUIET = 4


def modules(link: str) -> tuple[bytes, ...]:
    """Return the rows of a QR code, 1 for each dark module, without the border."""
    code = segno.make(link, error="m", micro=False, boost_error=False, mask=MASK)
    return tuple(bytes(row) for row in code.matrix)


def filled(rows: tuple[bytes, ...], *, x: int | float, y: int | float, side: int | float) -> str:
    """Draw a QR code as one filled path of a PDF; `x`, `y` is its lower left corner, in points.

    The border lies within `side`.
    """
    count = len(rows)
    module = side / (count + 2 * QUIET)
    begin = f"q {module:.5f} 0 0 {module:.5f} {x + QUIET * module:.3f} {y + QUIET * module:.3f} cm"
    runs = [
        f"{start} {count - 1 - place} {length} 1 re"
        for place, row in enumerate(rows)
        for start, length in _runs(row)
    ]
    return "\n".join([begin, "0 g", *runs, "f", "Q"])


def svg(link: str) -> str:
    """Return a QR code as an SVG element that grows with its place."""
    return str(
        segno.make(link, error="m", micro=False).svg_inline(
            omitsize=True, border=QUIET, light="#fff", svgclass=None, lineclass=None
        )
    )


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Find the dark runs of a row: (first module, how many)."""
    runs: list[tuple[int, int]] = []
    start = row.find(1)
    while start >= 0:
        end = row.find(0, start)
        end = len(row) if end < 0 else end
        runs.append((start, end - start))
        start = row.find(1, end)
    return runs
