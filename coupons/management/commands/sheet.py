"""`manage.py sheet`: spreadsheets brought in and taken away, from the command line."""

import shutil
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from coupons import exporting, importing, jobs
from coupons.caller import SYSTEM
from coupons.errors import HexiaoError
from coupons.models import Coupon, Job, Merchant, SheetImport, StagedRow
from coupons.sheets.kinds import kind, kinds
from coupons.sheets.leftovers import in_words

#: Bad rows that are printed; the file of the job has all of them.
SHOWN = 50
#: Seconds between looks at a job that a worker has taken.
LOOK = 1 / 5
STAGES = SheetImport.Stage
#: What rows may be narrowed by, beside the coupon.
FILTERS = ("state", "batch", "pool", "shared", "kind", "q")


class Command(BaseCommand):
    """Bring a spreadsheet in, or write one.

    Exit status 1 if a row was bad, nothing could be applied, or nothing was written.
    """

    help = "Import or export a spreadsheet of codes, products, customers or coupons."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is to be done, with which file, for whom."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        taken = verbs.add_parser("import", help="apply a file, row by row or all at once")
        taken.add_argument("sheet", choices=[each.shape.name for each in kinds()])
        taken.add_argument("file", type=Path)
        taken.add_argument("--merchant", metavar="SLUG", required=True)
        taken.add_argument("--coupon", metavar="SLUG", help="that codes go to")
        taken.add_argument(
            "--on-duplicate",
            choices=SheetImport.OnDuplicate.values,
            default=SheetImport.OnDuplicate.SKIP,
            help="what becomes of rows that are there already (default: %(default)s)",
        )
        taken.add_argument("--dry-run", action="store_true", help="only say what it would do")
        given = verbs.add_parser("export", help="write a file; its name says of which kind")
        given.add_argument("sheet", choices=[each.shape.name for each in kinds()])
        given.add_argument("file", type=Path, help="that ends in .xlsx or .csv")
        given.add_argument("--merchant", metavar="SLUG", required=True)
        given.add_argument("--language", default=settings.LANGUAGE_CODE, help="of the headings")
        given.add_argument("--coupon", metavar="SLUG", help="whose codes")
        for name in FILTERS:
            given.add_argument(f"--{name}", help="narrow the rows, as the list in the console does")

    def handle(self, *_args: Any, verb: str, **options: Any) -> None:
        """Bring the file in, or write it."""
        if verb == "export":
            self._export(**options)
        else:
            self._import(**options)

    def _export(
        self,
        *,
        sheet: str,
        file: Path,
        merchant: str,
        language: str,
        coupon: str | None,
        **more: Any,
    ) -> None:
        shop = _merchant(merchant)
        filters = {name: more[name] or "" for name in FILTERS}
        found = _coupon(shop, coupon)
        filters["coupon"] = str(found.pk) if found else ""
        try:
            job = exporting.start(
                merchant=shop,
                sheet=sheet,
                format=file.suffix.removeprefix("."),
                filters=filters,
                language=language,
                by=SYSTEM,
                at=timezone.now(),
            )
        except HexiaoError as error:
            raise CommandError(_told(error)) from error
        job = self._worked_off(job)
        if job.status != Job.Status.DONE:
            raise CommandError(job.problem or job.get_status_display())
        with job.result.open("rb") as made, file.open("wb") as copy:
            shutil.copyfileobj(made, copy)
        self.stdout.write(f"{job.done:,} rows in {file}.")

    def _worked_off(self, job: Job) -> Job:
        """Do the job here, or watch the worker that has it, until it is over."""
        with self._progress() as bar:
            shown = bar.add_task(str(job.get_kind_display()), total=None)
            while job.status in jobs.UNFINISHED:
                if not jobs.work_on(job_id=job.pk, at=timezone.now()):
                    time.sleep(LOOK)
                job.refresh_from_db()
                bar.update(shown, completed=job.done)
        return job

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"))
        console = Console(file=cast(IO[str], self.stderr))
        return Progress(*columns, TimeElapsedColumn(), console=console)

    def _import(self, *, dry_run: bool, **options: Any) -> None:
        imported = self._upload(at_once=not dry_run, **options)
        imported = self._followed(imported)
        if imported.stage == STAGES.CHECKED:
            importing.cancel(imported=imported, at=timezone.now())
        self._tell(imported, dry_run=dry_run)
        if imported.bad or imported.stage not in (STAGES.APPLIED, STAGES.CHECKED):
            sys.exit(1)

    def _upload(
        self,
        *,
        sheet: str,
        file: Path,
        merchant: str,
        coupon: str | None,
        on_duplicate: str,
        at_once: bool,
        **_: Any,
    ) -> SheetImport:
        shop = _merchant(merchant)
        found = _coupon(shop, coupon)
        try:
            with file.open("rb") as opened:
                return importing.upload(
                    merchant=shop,
                    sheet=sheet,
                    file=File(opened, name=file.name),
                    coupon=found,
                    on_duplicate=on_duplicate,
                    at_once=at_once,
                    by=SYSTEM,
                    at=timezone.now(),
                )
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}.") from error
        except HexiaoError as error:
            raise CommandError(_told(error)) from error

    def _followed(self, imported: SheetImport) -> SheetImport:
        """Do the job here, or watch the worker that has it, until it is over or waits."""
        with self._progress() as bar:
            shown = bar.add_task("", total=None)
            while True:
                more = jobs.work_on(job_id=imported.job_id, at=timezone.now())
                imported = SheetImport.objects.select_related("job").get(pk=imported.pk)
                job = imported.job
                total = job.total if imported.stage == STAGES.APPLYING else None
                described = str(imported.get_stage_display())
                bar.update(shown, description=described, completed=job.done, total=total)
                if job.status not in jobs.UNFINISHED:
                    return imported
                if not more:
                    time.sleep(LOOK)

    def _tell(self, imported: SheetImport, *, dry_run: bool) -> None:
        sheet = kind(name=imported.sheet)
        if imported.bad:
            for row in importing.rows(imported=imported, outcome=StagedRow.Outcome.BAD, most=SHOWN):
                told = in_words(problem=row.problem, sheet=sheet)
                self.stdout.write(f"Row {row.number} ({row.key}): {told}")
            if imported.bad > SHOWN:
                self.stdout.write(f"… and {imported.bad - SHOWN:,} more bad rows.")
        counts = ", ".join(
            f"{getattr(imported, outcome):,} {outcome}" for outcome in StagedRow.Outcome.values
        )
        problem = f" {imported.job.problem}" if imported.job.problem else ""
        done = "Nothing was applied:" if dry_run else f"{imported.get_stage_display()}:"
        self.stdout.write(f"{done} {counts}.{problem}")


def _merchant(slug: str) -> Merchant:
    found = Merchant.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no merchant {slug}.")
    return found


def _coupon(merchant: Merchant, slug: str | None) -> Coupon | None:
    found: Coupon | None = Coupon.objects.of(merchant).filter(slug=slug).first()
    if slug and found is None:
        raise CommandError(f"There is no coupon {slug}.")
    return found


def _told(error: HexiaoError) -> str:
    return " ".join([each.message for each in error.errors]) or error.detail
