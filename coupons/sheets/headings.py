"""Which column of a sheet stands where, by the headings of a file."""

from collections.abc import Sequence

from coupons.sheets.cell_text import Cell, folded
from coupons.sheets.columns import Column, SheetShape
from coupons.sheets.errors import Unreadable


def recognised(*, cells: Sequence[Cell], shape: SheetShape) -> dict[int, Column]:
    """Say which column stands at which place, from 0; Unreadable when one lacks or is there twice.

    Case, width and spaces don't matter; every language and the contract's names count.
    """
    known = _known(shape)
    found: dict[int, Column] = {}
    for place, cell in enumerate(cells):
        column = known.get(_heading(cell))
        if column is None:
            continue
        if column in found.values():
            raise Unreadable(f"Two columns are named {column.name}.")
        found[place] = column
    missing = [c.name for c in shape.columns if c.required and c not in found.values()]
    if missing:
        raise Unreadable(f"These columns are missing: {', '.join(missing)}.")
    return found


def not_recognised(*, cells: Sequence[Cell], shape: SheetShape) -> list[str]:
    """List the headings under which nothing is read."""
    known = _known(shape)
    return [str(cell).strip() for cell in cells if _heading(cell) not in {*known, ""}]


def _known(shape: SheetShape) -> dict[str, Column]:
    return {folded(said): column for column in shape.columns for said in column.headings()}


def _heading(cell: Cell) -> str:
    return folded(str(cell)) if cell is not None else ""
