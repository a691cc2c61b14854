"""Spreadsheets brought in: uploaded, read and checked, looked at, then applied.

All of it are pieces of one job. Reading stages the rows and says what each would do; the job
then waits for a person. What is applied is exactly what was staged.
"""

from datetime import datetime
from pathlib import PurePath

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.db.models import QuerySet

from coupons import jobs, planning
from coupons.constraints import explained
from coupons.errors import FieldError, HexiaoError, Invalid
from coupons.models import Coupon, Job, Merchant, SheetImport, StagedRow
from coupons.sheets import leftovers, merging, staging
from coupons.sheets.digests import digest_of
from coupons.sheets.errors import Unreadable
from coupons.sheets.kept_open import let_go
from coupons.sheets.kinds import kind

Stage = SheetImport.Stage
FAIL = SheetImport.OnDuplicate.FAIL

#: A file of so many bytes is read while its sender waits, so that the preview is there at once.
SMALL = 256 * 1024
#: Pieces of such a file at most; a packed one may hold more than it seems.
SMALL_PIECES = 3

NOTHING_APPLIED = "Some rows are bad or there already, so nothing was applied."
NO_ROWS = "The file has no rows below its headings."


def upload(
    *,
    merchant: Merchant,
    sheet: str,
    file: File,
    coupon: Coupon | None = None,
    on_duplicate: str = SheetImport.OnDuplicate.SKIP,
    at_once: bool = False,
    by: str,
    at: datetime,
) -> SheetImport:
    """Keep a file and have it read; with `at_once` it is applied without being looked at.

    A small one is read before this returns. Raises `Invalid` for a file that is too large.
    """
    most = settings.SHEET_MAX_BYTES
    if not file.size or file.size > most:
        message = "The file is empty." if not file.size else f"At most {most >> 20} MB."
        raise Invalid(errors=[FieldError("file", message)])
    name = PurePath(file.name or sheet).name[-200:]
    with transaction.atomic():
        job = jobs.start(merchant=merchant, kind=Job.Kind.IMPORT, about=name, total=0, by=by, at=at)
        imported = SheetImport(
            merchant=merchant,
            job=job,
            sheet=kind(name=sheet).shape.name,
            coupon=coupon,
            file_name=name,
            digest=digest_of(file=file),
            on_duplicate=on_duplicate,
            at_once=at_once,
            created_by=by,
            created_at=at,
        )
        # The name that a sender gave is for people; in the storage it is ours.
        imported.file.save(f"{job.pk}{PurePath(name).suffix.lower()[:8]}", file, save=False)
        imported.save()
    if file.size <= SMALL and not at_once:
        _read_now(job, at=at)
    return SheetImport.objects.select_related("job").get(pk=imported.pk)


def confirm(*, imported: SheetImport, by: str, at: datetime) -> SheetImport:
    """Have what was staged applied.

    Raises `WrongState` where it doesn't wait for that, and `Invalid` where a coupon may no
    longer issue so many codes.
    """
    with explained(), transaction.atomic():
        jobs.go_on(job=imported.job, total=imported.rows)
        _open(imported, at=at)
        imported.save()
    return imported


def cancel(*, imported: SheetImport, at: datetime) -> None:
    """Stop an import; what it has applied stays. Raises `WrongState` where it is over."""
    jobs.cancel(job=imported.job, at=at)


def work(*, job: Job, at: datetime) -> bool:
    """Read or apply the next rows, as a piece of the job."""
    imported = SheetImport.objects.select_related("merchant", "coupon").get(job=job)
    imported.job = job
    try:
        more = (
            _read(imported, at=at) if imported.stage == Stage.READING else _apply(imported, at=at)
        )
    except Unreadable as error:
        let_go()
        raise jobs.JobFailed(error.detail) from error
    imported.save()
    return more


def stopped(*, job: Job, at: datetime) -> None:
    """Give back what was taken for rows that are not applied, and say where it ended."""
    imported = SheetImport.objects.select_related("merchant").get(job=job)
    imported.job = job
    if imported.stage == Stage.APPLYING:
        kind(name=imported.sheet).closing(imported=imported, at=at)
    failed = job.status == Job.Status.FAILED
    imported.stage = Stage.REFUSED if failed and not imported.applied_to else Stage.STOPPED
    staging.count(imported=imported)
    imported.save()


def same_before(*, imported: SheetImport) -> SheetImport | None:
    """Return the last import of the very same file for the same purpose that was applied."""
    rows: QuerySet[SheetImport] = SheetImport.objects.of(imported.merchant)
    return (
        rows.filter(
            digest=imported.digest,
            sheet=imported.sheet,
            coupon=imported.coupon_id,
            stage=Stage.APPLIED,
        )
        .exclude(pk=imported.pk)
        .order_by("-created_at")
        .first()
    )


def rows(*, imported: SheetImport, outcome: str, most: int) -> list[StagedRow]:
    """List the first staged rows of one outcome."""
    found = StagedRow.objects.of(imported.merchant_id).filter(imported=imported, outcome=outcome)
    return list(found.order_by("number")[:most])


def forget(*, job: Job, most: int, at: datetime) -> bool:
    """Remove the next staged rows of an import that is over, at last its file."""
    imported = SheetImport.objects.of(job.merchant_id).get(job=job)
    if StagedRow.objects.of(job.merchant_id).filter(imported=imported).delete_first(most=most):
        return True
    if imported.file:
        imported.file.delete(save=False)
    SheetImport.objects.filter(pk=imported.pk).update(file="")
    return False


def _read_now(job: Job, *, at: datetime) -> None:
    for _ in range(SMALL_PIECES):
        if not jobs.work_on(job_id=job.pk, at=at):
            break
    let_go()


def _read(imported: SheetImport, *, at: datetime) -> bool:
    job, rows_before = imported.job, imported.rows
    more = staging.read_piece(imported=imported)
    job.done += imported.rows - rows_before
    job.total = job.done
    if more:
        return True
    if not imported.rows:
        raise jobs.JobFailed(NO_ROWS)
    if imported.rows > staging.CHUNK:
        planning.know(model=StagedRow, columns=("merchant_id", "imported_id", "number", "outcome"))
    staging.refuse_twins(imported=imported)
    kind(name=imported.sheet).staged(imported)
    staging.count(imported=imported)
    imported.stage = Stage.CHECKED
    leftovers.keep(imported=imported)
    if imported.on_duplicate == FAIL and imported.bad:
        imported.stage = Stage.REFUSED
        return jobs.finish(job=job, at=at, problem=NOTHING_APPLIED)
    if not imported.at_once:
        job.status = Job.Status.WAITING
        return False
    return _go_on(imported, at=at)


def _go_on(imported: SheetImport, *, at: datetime) -> bool:
    """Begin to apply what nobody wants to look at first."""
    try:
        with transaction.atomic():
            _open(imported, at=at)
    except HexiaoError as error:
        imported.stage = Stage.REFUSED
        told = " ".join([each.message for each in error.errors]) or error.detail
        return jobs.finish(job=imported.job, at=at, problem=told)
    imported.job.done = 0
    return True


def _open(imported: SheetImport, *, at: datetime) -> None:
    kind(name=imported.sheet).opening(imported=imported, at=at)
    imported.stage = Stage.APPLYING


def _apply(imported: SheetImport, *, at: datetime) -> bool:
    """Apply the next rows; all of them at once where it is to be all or none."""
    job, whole = imported.job, imported.on_duplicate == FAIL
    while done := merging.merge_piece(imported=imported, at=at):
        job.done += done
        if not whole:
            return True
    staging.count(imported=imported)
    if whole and imported.bad:
        raise jobs.JobFailed(NOTHING_APPLIED)
    kind(name=imported.sheet).closing(imported=imported, at=at)
    leftovers.keep(imported=imported)
    imported.stage = Stage.APPLIED
    return jobs.finish(job=job, at=at)
