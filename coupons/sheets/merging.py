"""Staged rows brought into the tables where they belong, many by one statement.

Before a row is written it is checked once more, under the lock of the row that is there: what
somebody else did between the preview and now is neither lost nor overwritten unseen.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg import errors as pg

from coupons import jobs, planning
from coupons.errors import Invalid
from coupons.models.sheet import SheetImport, StagedRow
from coupons.sheets.checking import cell, check, empties, filled
from coupons.sheets.kinds import Sheet, Stored, kind

#: Rows applied in one transaction; a kind may ask for fewer.
CHUNK = 10_000

_ROWS = """(SELECT number, key, cells, outcome FROM coupons_stagedrow
            WHERE imported_id = %(imported)s AND number > %(after)s AND number <= %(last)s
              AND outcome <> 'bad')"""
_NEXT = """
SELECT max(number), count(*) FROM (
    SELECT number FROM coupons_stagedrow WHERE imported_id = %s AND number > %s
     ORDER BY number LIMIT %s) AS next
"""
_RECHECK = """
UPDATE coupons_stagedrow d
   SET outcome = CASE WHEN checked.outcome = 'new' AND d.outcome <> 'new' THEN 'bad'
                      ELSE checked.outcome END,
       problem = CASE WHEN checked.outcome = 'new' AND d.outcome <> 'new'
                      THEN '{key}|It was deleted meanwhile.' ELSE checked.problem END,
       before = checked.before
  FROM ({check}) AS checked
 WHERE d.imported_id = %(imported)s AND d.number = checked.number
   AND d.number > %(after)s AND d.number <= %(last)s
   AND (d.outcome, d.before) IS DISTINCT FROM (checked.outcome, checked.before)
"""
_COUNT = f"SELECT outcome, count(*) FROM {_ROWS} AS r GROUP BY outcome"  # noqa: S608


def merge_piece(*, imported: SheetImport, at: datetime) -> int:
    """Write the next rows; return how many those were, 0 once there are none left.

    Raises `jobs.Again` where somebody came between.
    """
    sheet = kind(name=imported.sheet)
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [imported.pk, imported.applied_to, min(CHUNK, sheet.at_once)])
        last, rows = cursor.fetchone()
        if not rows:
            return 0
        values = filled(imported=imported, after=imported.applied_to, last=last, at=at)
        try:
            with planning.by_key():
                _check_again(cursor, sheet, imported, values)
                if sheet.apply is None:
                    write(cursor=cursor, sheet=sheet, values=values)
            if sheet.apply is not None:
                _row_by_row(
                    sheet.apply, sheet, imported, after=imported.applied_to, last=last, at=at
                )
        except OperationalError as error:
            if isinstance(error.__cause__, pg.DeadlockDetected):
                raise jobs.Again from error
            raise
    imported.applied_to = last
    return int(rows)


def _check_again(cursor: Any, sheet: Sheet, imported: SheetImport, values: dict[str, Any]) -> None:
    cursor.execute(
        f"SELECT FROM {sheet.table} s WHERE s.merchant_id = %(merchant)s"  # noqa: S608
        f" AND s.{sheet.key} = ANY(ARRAY(SELECT key FROM {_ROWS} AS r))"
        f" ORDER BY {sheet.lock_order or 's.' + sheet.key} FOR NO KEY UPDATE",
        values,
    )
    query = check(sheet=sheet, on_duplicate=imported.on_duplicate, rows=_ROWS)
    cursor.execute(_RECHECK.format(check=query, key=sheet.shape.key), values)


def _row_by_row(
    apply: Callable[..., None],
    sheet: Sheet,
    imported: SheetImport,
    *,
    after: int,
    last: int,
    at: datetime,
) -> None:
    """Hand each row to its verb; what that refuses becomes a bad one and changes nothing."""
    rows = StagedRow.objects.of(imported.merchant_id).filter(
        imported=imported, number__gt=after, number__lte=last, outcome__in=("new", "changed")
    )
    names = [stored.name for stored in sheet.stored]
    for row in rows.order_by("number"):
        try:
            with transaction.atomic():
                apply(
                    row=dict(zip(names, row.cells, strict=True)),
                    merchant=imported.merchant,
                    key=row.key,
                    by=imported.created_by,
                    at=at,
                )
        except Invalid as error:
            problem = "\n".join(f"{each.field}|{each.message}" for each in error.errors)
            rows.filter(number=row.number).update(outcome="bad", problem=problem)


def write(*, cursor: Any, sheet: Sheet, values: dict[str, Any]) -> None:
    """Insert what is new and change what is to be, of the rows between `after` and `last`."""
    cursor.execute(_COUNT, values)
    counts = dict(cursor.fetchall())
    if sheet.first and (counts.get("new") or counts.get("changed")):
        cursor.execute(sheet.first.format(rows=_ROWS), values)
    if counts.get("new"):
        cursor.execute(_insert(sheet), values)
        _all_there(made=cursor.rowcount, wanted=counts["new"])
    if counts.get("changed"):
        cursor.execute(_update(sheet), values)


def _all_there(*, made: int, wanted: int) -> None:
    """Have the piece done anew where somebody made one of its rows since it was checked."""
    if made != wanted:
        raise jobs.Again


def _columns(sheet: Sheet) -> list[tuple[int, Stored]]:
    return [(place, stored) for place, stored in enumerate(sheet.stored) if stored.column]


def _written(stored: Stored, place: int, otherwise: str, usual: str) -> str:
    given = stored.written.format(cell=cell(stored=stored, place=place))
    return (
        f"CASE WHEN r.cells->>{place} IS NULL THEN {otherwise}"
        f" WHEN {empties(place=place)} THEN {usual} ELSE {given} END"
    )


def _insert(sheet: Sheet) -> str:
    columns = {
        stored.column: _written(stored, place, stored.fresh, stored.fresh)
        for place, stored in _columns(sheet)
    }
    columns |= sheet.more
    return f"""
    INSERT INTO {sheet.table} (merchant_id, {sheet.key}, {", ".join(columns)})
    SELECT %(merchant)s, r.key, {", ".join(columns.values())}
      FROM {_ROWS} AS r {sheet.new_joins}
     WHERE r.outcome = 'new' ORDER BY r.number
        ON CONFLICT (merchant_id, {sheet.key}) DO NOTHING
    """  # noqa: S608


def _update(sheet: Sheet) -> str:
    sets = ", ".join(
        f"{stored.column} = {_written(stored, place, f's.{stored.column}', stored.usual)}"
        for place, stored in _columns(sheet)
    )
    return f"""
    UPDATE {sheet.table} s SET {sets} FROM {_ROWS} AS r
     WHERE r.outcome = 'changed' AND s.merchant_id = %(merchant)s AND s.{sheet.key} = r.key
    """  # noqa: S608
