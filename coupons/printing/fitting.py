"""Words made to fit: broken into lines, made smaller, and cut as the last resort.

Pure. Sizes are whole tenths of a point; widths and heights are points.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: The width of a text in points at a size in points.
Measure = Callable[[str, int], int | float]

#: From one baseline to the next, in hundredths of the size.
LEADING = 125
STEP = 5
CUT = "…"
#: What may not begin a line stays with what stands before it.
_CLOSING = "，。、；：！？）」』》】”’,.;:!?)]}%…"
_PIECE = re.compile(rf"(?:[⺀-￯]|[^\s⺀-￯-]*-|[^\s⺀-￯-]+)[{re.escape(_CLOSING)}]*\s*")


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines of one size, in tenths of a point."""

    size: int
    lines: tuple[str, ...]

    @property
    def leading(self) -> int | float:
        """Return how far apart the baselines are, in points."""
        return self.size * LEADING / 1000

    @property
    def height(self) -> int | float:
        """Return how high the lines are together, in points."""
        return self.leading * len(self.lines)


@dataclass(frozen=True, slots=True)
class Room:
    """How much room there is, in points, and the sizes and lines that will do."""

    width: int | float
    height: int | float
    largest: int
    smallest: int
    lines: int = 1


def fit(text: str, *, room: Room, measure: Measure, is_whole: bool = False) -> Fitted:
    """Set a text as large as its room allows.

    What does not fit at the smallest size is cut with an ellipsis; where it must stay whole,
    as a code must, it gets smaller and longer instead.
    """
    for size in range(room.largest, room.smallest - 1, -STEP):
        lines = tuple(broken(text, width=room.width, size=size, measure=measure))
        if _holds(lines, size, room):
            return Fitted(size, lines)
    if is_whole:
        smaller = range(room.smallest - 1, 9, -1)
        for size in smaller:
            lines = tuple(broken(text, width=room.width, size=size, measure=measure))
            if Fitted(size, lines).height <= room.height:
                return Fitted(size, lines)
    return _cut(text, room=room, measure=measure)


def broken(text: str, *, width: int | float, size: int, measure: Measure) -> Iterator[str]:
    """Break a text: between words, after hyphens, between Chinese characters, else anywhere."""
    line = ""
    for piece in _PIECE.findall(text):
        if measure((line + piece).rstrip(), size) <= width:
            line += piece
            continue
        if line:
            yield line.rstrip()
        line = piece
        while measure(line.rstrip(), size) > width and len(line) > 1:
            count = _that_fit(line, width=width, size=size, measure=measure)
            yield line[:count]
            line = line[count:]
    if line.strip():
        yield line.rstrip()


def _that_fit(text: str, *, width: int | float, size: int, measure: Measure) -> int:
    count = 1
    while count < len(text) and measure(text[: count + 1], size) <= width:
        count += 1
    return count


def _holds(lines: tuple[str, ...], size: int, room: Room) -> bool:
    return len(lines) <= room.lines and Fitted(size, lines).height <= room.height


def _cut(text: str, *, room: Room, measure: Measure) -> Fitted:
    size = room.smallest
    lines = list(broken(text, width=room.width, size=size, measure=measure))
    most = min(room.lines, int(room.height * 1000) // (size * LEADING))
    if len(lines) <= most:
        return Fitted(size, tuple(lines))
    if most < 1:
        return Fitted(size, ())
    last = lines[most - 1]
    while last and measure(last + CUT, size) > room.width:
        last = last[:-1]
    return Fitted(size, (*lines[: most - 1], last.rstrip() + CUT))
