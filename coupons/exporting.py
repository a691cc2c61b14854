"""Rows taken away as a spreadsheet: written in parts by a job, joined at the end.

A part is what one statement finds after the last row of the part before, so a file of any
length takes little memory, and a worker that is killed loses one part at most.
"""

import csv
import io
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.files import File
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import translation

from coupons import jobs, journal, parts
from coupons.errors import FieldError, Invalid
from coupons.models import Job, Merchant, SheetExport
from coupons.sheets import outgoing
from coupons.sheets.kinds import Sheet, kind
from coupons.sheets.writing import csv_chunks, write_workbook

#: Rows of a part, about as many as are written in a third of a second.
PIECE = 50_000
#: So many rows are written while the person waits.
AT_ONCE = 5_000

Format = SheetExport.Format


def start(
    *,
    merchant: Merchant,
    sheet: str,
    format: str,
    filters: Mapping[str, str],
    language: str,
    by: str,
    at: datetime,
) -> Job:
    """Write rows to a file; up to 5,000 of them before this returns.

    `filters` are those of the kind of sheet, by name; empty ones count for nothing. Raises
    `Invalid` for one that there is not, and for a format or a language that there is not.
    """
    found = kind(name=sheet)
    asked = {name: value for name, value in filters.items() if value}
    rows = _narrowed(found, merchant=merchant, filters=asked, by=by, at=at)
    if format not in Format.values or language not in dict(settings.LANGUAGES):
        raise Invalid(errors=[FieldError("format", "There is no such format or language.")])
    few = rows.order_by(found.out.along(asked)).values("pk")[: AT_ONCE + 1].count()
    told = "-".join(filter(None, (sheet, found.out.called(merchant, asked))))
    with transaction.atomic():
        job = jobs.start(
            merchant=merchant, kind=Job.Kind.EXPORT, about=told, total=few, by=by, at=at
        )
        SheetExport.objects.create(
            merchant=merchant,
            job=job,
            sheet=sheet,
            format=format,
            language=language,
            filters=asked,
        )
    while few <= AT_ONCE and jobs.work_on(job_id=job.pk, at=at):
        pass
    job.refresh_from_db()
    return job


def accepted(*, sheet: str, name: str) -> bool:
    """Say whether that kind of sheet may be narrowed by a filter of that name."""
    return name in kind(name=sheet).out.filters


def write_piece(*, job: Job, at: datetime) -> bool:
    """Write the next rows, or join what is written, as a piece of the job."""
    export = SheetExport.objects.select_related("merchant").get(job=job)
    sheet = kind(name=export.sheet)
    rows = _narrowed(
        sheet,
        merchant=export.merchant,
        filters=export.filters,
        by=job.created_by,
        at=job.created_at,
    )
    with translation.override(export.language):
        piece = outgoing.next_piece(
            out=sheet.out,
            shape=sheet.shape,
            rows=rows,
            along=sheet.out.along(export.filters),
            after=export.after,
            most=PIECE,
            zone=ZoneInfo(export.merchant.time_zone),
        )
        if piece is None:
            return _finish(export, sheet, job, at=at)
    parts.keep(of=_parts_of(job), number=export.parts, content=piece.content)
    export.after = piece.last
    export.parts += 1
    export.save(update_fields=["after", "parts"])
    job.done += piece.count
    job.total = max(job.total, job.done)
    return True


def stopped(*, job: Job, at: datetime) -> None:
    """Forget what a stopped job has written."""
    count = SheetExport.objects.values_list("parts", flat=True).get(job=job)
    transaction.on_commit(partial(parts.forget, of=_parts_of(job), count=count), robust=True)


def _narrowed(
    sheet: Sheet, *, merchant: Merchant, filters: Mapping[str, str], by: str, at: datetime
) -> QuerySet:
    try:
        return outgoing.narrowed(out=sheet.out, merchant=merchant, filters=filters, by=by, at=at)
    except KeyError as error:
        wrong = FieldError(str(error.args[0]), "The rows cannot be narrowed by this.")
        raise Invalid(errors=[wrong]) from error
    except ValueError as error:
        raise Invalid(errors=[FieldError("filters", "There is nothing of that name.")]) from error


def _finish(export: SheetExport, sheet: Sheet, job: Job, *, at: datetime) -> bool:
    zone = ZoneInfo(export.merchant.time_zone)
    name = f"{job.about}-{job.created_at.astimezone(zone):%Y-%m-%d}.{export.format}"
    with tempfile.TemporaryFile() as made:
        if export.format == Format.CSV:
            _join_lines(made, export, sheet)
        else:
            _allow_silence()
            rows = _rows(export, sheet)
            write_workbook(file=made, columns=sheet.shape.columns, rows=rows, zone=zone)
        made.seek(0)
        # In a folder of its own, so that two of one day have the same name.
        job.result.save(f"{job.pk}/{name}", File(made), save=False)
    job.total = job.done
    journal.record(
        merchant=export.merchant,
        type="sheet.exported",
        actor=job.created_by,
        at=at,
        data={
            "sheet": export.sheet,
            "format": export.format,
            "filters": export.filters,
            "count": job.done,
        },
    )
    count = export.parts
    transaction.on_commit(partial(parts.forget, of=_parts_of(job), count=count), robust=True)
    return jobs.finish(job=job, at=at)


def _allow_silence() -> None:
    """Keep the database from ending this transaction while a workbook, made in one go, is made.

    A million rows take longer than it waits for the next statement.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '1h'")


def _join_lines(made: IO[bytes], export: SheetExport, sheet: Sheet) -> None:
    for chunk in csv_chunks([[str(column.heading) for column in sheet.shape.columns]]):
        made.write(chunk)
    parts.join(of=_parts_of(export.job), count=export.parts, to=made)


def _rows(export: SheetExport, sheet: Sheet) -> Iterator[list[Any]]:
    """Read the parts again, value by value."""
    columns = sheet.shape.columns
    for number in range(export.parts):
        with (
            parts.opened(of=_parts_of(export.job), number=number) as part,
            io.TextIOWrapper(part, encoding="utf-8", newline="") as text,
        ):
            for row in csv.reader(text):
                yield [
                    outgoing.typed(text=cell, column=column) if cell else None
                    for cell, column in zip(row, columns, strict=True)
                ]


def _parts_of(job: Job) -> str:
    return f"exporting/{job.pk}"
