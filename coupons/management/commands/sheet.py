"""`manage.py sheet`: spreadsheets of codes, products or customers, from the command line."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any, cast

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from coupons import importing, jobs
from coupons.caller import SYSTEM
from coupons.errors import HexiaoError
from coupons.models import Coupon, Merchant, SheetImport, StagedRow
from coupons.sheets.kinds import kind, kinds
from coupons.sheets.leftovers import in_words

#: Bad rows that are printed; the file of the job has all of them.
SHOWN = 50
#: Seconds between looks at a job that a worker has taken.
LOOK = 1 / 5
STAGES = SheetImport.Stage


class Command(BaseCommand):
    """Bring a spreadsheet in. Exit status 1 if a row was bad or nothing could be applied."""

    help = "Import a spreadsheet of codes, products or customers."

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

    def handle(self, *_args: Any, dry_run: bool, **options: Any) -> None:
        """Read the file, apply it, and tell what came of it."""
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
        shop = Merchant.objects.filter(slug=merchant).first()
        if shop is None:
            raise CommandError(f"There is no merchant {merchant}.")
        found = Coupon.objects.of(shop).filter(slug=coupon).first()
        if coupon and found is None:
            raise CommandError(f"There is no coupon {coupon}.")
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
            told = " ".join([each.message for each in error.errors]) or error.detail
            raise CommandError(told) from error

    def _followed(self, imported: SheetImport) -> SheetImport:
        """Do the job here, or watch the worker that has it, until it is over or waits."""
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"))
        console = Console(file=cast(IO[str], self.stderr))
        with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
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
