"""`manage.py reconcile`: every counter recounted from the ledger."""

import json
import sys
from dataclasses import asdict
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from coupons.models import Merchant
from redemption import reconciling
from redemption.reconciling import Compared, Difference


class Command(BaseCommand):
    """Show where counters and ledger differ; change nothing. Exit status 1 if any does."""

    help = "Recount every counter from the ledger and show where they differ; changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the merchant, and how to print."""
        parser.add_argument("--merchant", metavar="SLUG", help="only this merchant's")
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="print one JSON document"
        )

    def handle(self, *_args: Any, merchant: str | None, as_json: bool, **_options: Any) -> None:
        """Recount, print, and say by the exit status whether all is well."""
        found: list[Difference] = []
        compared: list[Compared] = []
        for each in reconciling.compare(merchant=_merchant(merchant)):
            if isinstance(each, Compared):
                compared.append(each)
            else:
                found.append(each)
        if as_json:
            self._print_json(compared=compared, found=found)
        else:
            self._print_tables(compared=compared, found=found)
        if found:
            sys.exit(1)

    def _print_json(self, *, compared: list[Compared], found: list[Difference]) -> None:
        whole = {
            "compared": [asdict(each) for each in compared],
            "differences": [asdict(each) for each in found],
        }
        self.stdout.write(json.dumps(whole, ensure_ascii=False, indent=2))

    def _print_tables(self, *, compared: list[Compared], found: list[Difference]) -> None:
        console = Console(file=cast(IO[str], self.stdout))
        totals = Table("Counter", "Compared", "Different")
        for each in compared:
            totals.add_row(each.counter, f"{each.numbers:,}", f"{each.different:,}")
        console.print(totals)
        numbers = sum(each.numbers for each in compared)
        if not found:
            console.print(f"No difference: {numbers:,} numbers compared.")
            return
        drift = Table("Counter", "Merchant", "What", "Kept", "Counted", "Off by")
        for one in found:
            off = one.kept - one.counted
            drift.add_row(
                one.counter, one.merchant, one.subject,
                f"{one.kept:,}", f"{one.counted:,}", f"{off:+,}",
            )  # fmt: skip
        console.print(drift)
        console.print(f"{len(found):,} of {numbers:,} numbers differ. Nothing was changed.")


def _merchant(slug: str | None) -> Merchant | None:
    if slug is None:
        return None
    merchant = Merchant.objects.filter(slug=slug).first()
    if merchant is None:
        raise CommandError(f"There is no merchant {slug}.")
    return merchant
