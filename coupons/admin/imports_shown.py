"""What an import's page shows: counts, the first differences, the first bad rows."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from coupons import importing
from coupons.admin.shown import EMPTY, badge, number
from coupons.admin.words import sentence
from coupons.models import SheetImport, StagedRow
from coupons.sheets.checking import EMPTIED
from coupons.sheets.kinds import Sheet, kind
from coupons.sheets.leftovers import in_words

#: Rows of a table of the preview.
SHOWN = 20
Stage = SheetImport.Stage
Outcome = StagedRow.Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """A value of a row as it stands, and as the file has it."""

    row: int
    key: str
    column: Any
    old: str
    new: str


def looked_at(*, imported: SheetImport) -> dict[str, Any]:
    """Gather what the page shows, in a fixed number of queries."""
    sheet = kind(name=imported.sheet)
    under_way = imported.stage in (Stage.READING, Stage.APPLYING)
    waits = imported.stage == Stage.CHECKED
    return {
        "imported": imported,
        "job": imported.job,
        "stage": badge(imported.stage, imported.get_stage_display()),
        "sheet": sheet.shape,
        "headings": [c.heading for c in sheet.shape.columns if c.name in imported.columns],
        "counts": [
            (outcome, Outcome(outcome).label, number(getattr(imported, outcome)))
            for outcome in Outcome.values
        ],
        "problem": sentence(imported.job.problem),
        "under_way": under_way,
        "waits": waits,
        "applies": imported.new + imported.changed,
        "differences": [] if under_way else differences(imported=imported, sheet=sheet),
        "bad_rows": [] if under_way else _bad(imported, sheet),
        "shown": SHOWN,
        "days": settings.HEXIAO_FILE_DAYS,
        "same_before": importing.same_before(imported=imported) if waits else None,
    }


def differences(*, imported: SheetImport, sheet: Sheet) -> list[Difference]:
    """List the first values that the file has otherwise than they stand."""
    outcome = Outcome.CHANGED if imported.changed else Outcome.KEPT
    if not getattr(imported, outcome):
        return []
    headings = {column.name: column.heading for column in sheet.shape.columns}
    names = [stored.name for stored in sheet.stored]
    found = []
    for row in importing.rows(imported=imported, outcome=outcome, most=SHOWN):
        new = dict(zip(names, row.cells, strict=True))
        old = dict(zip(names, row.before or row.cells, strict=True))
        found += [
            Difference(
                row.number,
                row.key,
                headings[name],
                _said(sheet, name, old[name], old),
                _said(sheet, name, new[name], {**old, **_given(new)}),
            )
            for name in names
            if new[name] is not None and _plain(new[name]) != _plain(old[name])
        ]
    return found[:SHOWN]


def _bad(imported: SheetImport, sheet: Sheet) -> list[tuple[int, str, str]]:
    if not imported.bad:
        return []
    rows = importing.rows(imported=imported, outcome=Outcome.BAD, most=SHOWN)
    return [
        (row.number, row.key or EMPTY, in_words(problem=row.problem, sheet=sheet)) for row in rows
    ]


def _given(cells: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in cells.items() if value is not None}


def _plain(value: Any) -> Any:
    """Bring the two ways in which a time is written to one."""
    if value == EMPTIED:
        return None
    return value.replace("+00:00", "Z") if isinstance(value, str) else value


def _said(sheet: Sheet, name: str, value: Any, everything: dict[str, Any]) -> str:
    if value is None or value in ("", EMPTIED, [], {}):
        return EMPTY
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return sheet.said(name, value, everything)
