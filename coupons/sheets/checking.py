"""What each row of a file would do: one statement for many rows, put together per kind.

The preview asks it of the rows just read, and it is asked again, under lock, of the staged
rows right before they are written.
"""

from typing import Any

from coupons.models.sheet import SheetImport
from coupons.sheets.kinds import Sheet, Stored

#: A staged cell that says to empty a value: no text that is read has such a character.
EMPTIED = "\x01"
_EMPTIES = f"chr({ord(EMPTIED)})"
_THERE_ALREADY = "It is there already."


def cell(*, stored: Stored, place: int) -> str:
    """Return the SQL of a value as the file has it; null where its cell is empty or empties."""
    if stored.type == "jsonb":
        return f"CASE WHEN NOT {empties(place=place)} THEN nullif(r.cells->{place}, 'null') END"
    return f"nullif(r.cells->>{place}, {_EMPTIES})::{stored.type}"


def empties(*, place: int) -> str:
    """Return the SQL of whether a cell says to empty its value; null where it is empty itself."""
    return f"r.cells->>{place} = {_EMPTIES}"


def wanted(*, stored: Stored, place: int) -> str:
    """Return the SQL of what a row that is there is to have by the file."""
    value = cell(stored=stored, place=place)
    if stored.usual == "NULL":
        return value
    return f"CASE WHEN {empties(place=place)} THEN {stored.usual} ELSE {value} END"


def now(*, stored: Stored) -> str:
    """Return the SQL of a value as it stands."""
    return stored.now or f"s.{stored.column}"


def there(*, sheet: Sheet) -> str:
    """Return the join with the row that is there under a row's key."""
    return (
        f"LEFT JOIN {sheet.table} s ON s.merchant_id = %(merchant)s AND s.{sheet.key} = r.key "
        f"{sheet.joins}"
    )


def check(*, sheet: Sheet, on_duplicate: str, rows: str) -> str:
    """Return the statement that says of `rows` (SQL) what each would do.

    Its columns: number, key, cells, problem, outcome, before. An empty cell changes nothing;
    one that is `EMPTIED` sets what is usual.
    """
    pairs = [(stored, place) for place, stored in enumerate(sheet.stored) if stored.column]
    differs = " OR ".join(
        f"(r.cells->>{place} IS NOT NULL"
        f" AND {wanted(stored=stored, place=place)} IS DISTINCT FROM {now(stored=stored)})"
        for stored, place in pairs
    )
    before = ", ".join(
        now(stored=stored) if stored.column else f"r.cells->{place}"
        for place, stored in enumerate(sheet.stored)
    )
    refused = "NULL::text"
    if on_duplicate == SheetImport.OnDuplicate.FAIL:
        refused = f"CASE WHEN s.id IS NOT NULL THEN '{sheet.shape.key}|{_THERE_ALREADY}' END"
    different = "changed" if on_duplicate == SheetImport.OnDuplicate.UPDATE else "kept"
    return f"""
    SELECT number, key, cells, problem,
           CASE WHEN problem <> '' THEN 'bad' WHEN is_new THEN 'new'
                WHEN differs THEN '{different}' ELSE 'same' END AS outcome,
           CASE WHEN problem = '' AND differs AND NOT is_new THEN before END AS before
      FROM (SELECT r.number, r.key, r.cells, s.id IS NULL AS is_new, ({differs}) AS differs,
                   jsonb_build_array({before}) AS before,
                   coalesce({refused}, {sheet.problem}, '') AS problem
              FROM {rows} r {there(sheet=sheet)}) AS looked
    """  # noqa: S608  (parts of our own, and numbers)


def filled(*, imported: SheetImport, **more: Any) -> dict[str, Any]:
    """Return what the statements of an import are filled with."""
    return {
        "merchant": imported.merchant_id,
        "imported": imported.pk,
        "job": imported.job_id,
        **more,
    }
