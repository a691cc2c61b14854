"""Vouchers on paper: where they stand, and that their words stay where they belong."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coupons import coding
from coupons.printing import lettering, qr
from coupons.printing.fitting import CUT, Room, fit
from coupons.printing.layouts import LAYOUTS, Layout, cut_marks
from coupons.printing.links import grouped

#: The font's width is not asked here: a Chinese letter is as wide as it is high, others half.


def measure(text: str, size: int) -> float:
    return sum(size if c >= "⺀" else size / 2 for c in text) / 10


every_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)


@every_layout
def test_vouchers_stand_on_the_paper_and_not_on_each_other(layout: Layout) -> None:
    corners = list(layout.corners())
    assert len(set(corners)) == layout.per_page
    for left, top in corners:
        assert 0 <= left <= layout.paper[0] - layout.cell[0]
        assert 0 <= top <= layout.paper[1] - layout.cell[1]
    for (left, top), (other_left, other_top) in itertools.pairwise(corners):
        is_beside = other_left - left >= layout.cell[0]
        is_below = other_top - top >= layout.cell[1]
        assert is_beside or is_below


@every_layout
def test_marks_for_cutting_stand_on_the_paper_beside_the_vouchers(layout: Layout) -> None:
    marks = list(cut_marks(layout))
    assert bool(marks) == layout.is_cut
    (left, top), (width, height) = layout.margin, layout.cell
    right, bottom = left + layout.columns * width, top + layout.rows * height
    for x, y, to_x, to_y in marks:
        assert min(x, to_x) >= 0
        assert max(x, to_x) <= layout.paper[0]
        assert min(y, to_y) >= 0
        assert max(y, to_y) <= layout.paper[1]
        beside = max(x, to_x) < left or min(x, to_x) > right
        assert beside or max(y, to_y) < top or min(y, to_y) > bottom


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Spring sale", ("Spring sale",)),
        ("Spring sale for everybody", ("Spring sale for", "everybody")),
        ("春季大促全场满减优惠券", ("春季大促全场满减优", "惠券")),
        # What closes a sentence does not begin a line.
        ("春季大促全场满减优。惠券", ("春季大促全场满减", "优。惠券")),
        ("ABCD-EFGH-JKMN-PQRS-TWXY", ("ABCD-EFGH-JKMN-", "PQRS-TWXY")),
        ("Donaudampfschifffahrt", ("Donaudampfschifffa", "hrt")),
    ],
)
def test_words_are_broken_where_one_may(text: str, lines: tuple[str, ...]) -> None:
    room = Room(width=90, height=100, largest=100, smallest=100, lines=9)
    assert fit(text, room=room, measure=measure).lines == lines


def test_a_text_gets_smaller_before_it_is_cut() -> None:
    room = Room(width=90, height=30, largest=200, smallest=50, lines=1)
    assert fit("Ten off", room=room, measure=measure).size == 200
    assert fit("Ten off everything", room=room, measure=measure).size == 100
    cut = fit("Ten off everything that is in the shop today", room=room, measure=measure)
    assert cut.size == 50
    assert cut.lines == ("Ten off everything that is in the" + CUT,)


@given(
    text=st.text(min_size=1, max_size=64).map(coding.normal_form).filter(bool),
    width=st.integers(60, 300),
    height=st.integers(15, 60),
)
@settings(max_examples=200, deadline=None)
def test_a_code_stays_whole_whatever_the_room(text: str, width: int, height: int) -> None:
    room = Room(width=width, height=height, largest=160, smallest=50, lines=3)
    fitted = fit(text, room=room, measure=measure, is_whole=True)
    assert "".join(fitted.lines) == text
    assert fitted.height <= height
    assert all(measure(line, fitted.size) <= width for line in fitted.lines)


@pytest.mark.parametrize(
    ("code", "pattern", "read"),
    [
        ("SUMMER10", "", "SUMMER10"),
        ("SUMMERABCD2345", "SUMMER-####-####", "SUMMER-ABCD-2345"),
        ("ABCD2345EFGH", "", "ABCD-2345-EFGH"),
        ("ABCD2345EFGHJ", "", "ABCD-2345-EFGH-J"),
        # Replaced by a code of another length.
        ("ABCD2345EFGH", "X-####", "ABCD-2345-EFGH"),
    ],
)
def test_a_code_is_written_in_groups_that_are_the_same_code(
    code: str, pattern: str, read: str
) -> None:
    assert grouped(code=code, pattern=pattern) == read
    assert coding.normal_form(read) == code


def test_the_font_has_both_languages_and_says_what_it_lacks() -> None:
    assert lettering.writable("满200减30元 £€¥ ₫ %") == "满200减30元 £€¥ ₫ %"
    assert lettering.writable("₩5,000\n ₹9") == "KRW 5,000 INR 9"
    assert lettering.writable("🎁 Gift") == "□ Gift"


def test_a_qr_code_is_drawn_as_one_path() -> None:
    rows = qr.modules("https://example.com/c/acme#SUMMER10")
    drawn = qr.filled(rows, x=10, y=20, side=100)
    squares = [line.split() for line in drawn.splitlines() if line.endswith(" re")]
    assert sum(int(width) for _, _, width, *_ in squares) == sum(map(sum, rows))
    assert drawn.startswith("q ")
    assert drawn.endswith("f\nQ")
