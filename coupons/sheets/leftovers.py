"""The rows of a file that were not taken, as a file to mend and send again."""

import tempfile
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.files import File
from django.utils import translation
from django.utils.translation import gettext as _

from coupons.caller import STAFF
from coupons.models import SheetImport, StagedRow, User
from coupons.sheets.cell_text import CLEARED
from coupons.sheets.checking import EMPTIED
from coupons.sheets.kinds import Sheet, kind
from coupons.sheets.writing import csv_chunks


def keep(*, imported: SheetImport) -> None:
    """Make the bad rows the result of the import's job, in the language of who asked for it."""
    job = imported.job
    if job.result:
        job.result.delete(save=False)
    if not imported.bad:
        return
    with tempfile.TemporaryFile() as made, translation.override(_language(imported)):
        for chunk in csv_chunks(_rows(imported)):
            made.write(chunk)
        made.seek(0)
        job.result.save(f"{job.pk}-bad-rows.csv", File(made), save=False)


def in_words(*, problem: str, sheet: Sheet) -> str:
    """Say what is wrong with a row: each column by its heading, with its sentence."""
    # The sentences' translations stand beside the forms that show them too.
    from coupons.admin.words import sentence

    headings = {column.name: column.heading for column in sheet.shape.columns}
    told = []
    for line in problem.split("\n"):
        column, _separator, said = line.partition("|")
        told.append(f"{headings.get(column.partition('.')[0], column)}: {sentence(said)}")
    return " ".join(told)


def _rows(imported: SheetImport) -> Iterator[list[Any]]:
    sheet = kind(name=imported.sheet)
    headings = {column.name: str(column.heading) for column in sheet.shape.columns}
    names = [stored.name for stored in sheet.stored]
    shown = [place for place, name in enumerate(names) if name in imported.columns]
    yield [
        headings[sheet.shape.key],
        *(headings[names[place]] for place in shown),
        _("Row in the file"),
        _("What is wrong"),
    ]
    bad = StagedRow.objects.of(imported.merchant_id).filter(imported=imported, outcome="bad")
    for row in bad.order_by("number").iterator(chunk_size=2_000):
        everything = dict(zip(names, row.cells, strict=True))
        said = [_typed(sheet, name, value, everything) for name, value in everything.items()]
        told = in_words(problem=row.problem, sheet=sheet)
        yield [row.key, *(said[place] for place in shown), row.number, told]


def _typed(sheet: Sheet, name: str, value: Any, everything: dict[str, Any]) -> str:
    if value == EMPTIED:
        return CLEARED
    return "" if value is None else sheet.said(name, value, everything)


def _language(imported: SheetImport) -> str:
    kind_of, _separator, name = imported.created_by.partition(":")
    person = User.objects.filter(username=name).first() if kind_of == STAFF else None
    return (person.language if person else "") or settings.LANGUAGE_CODE
