"""`manage.py rollup`: bring the figures up to date now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from reports import rollups


class Command(BaseCommand):
    """Fold what the journal holds."""

    help = "Fold the journal into the daily figures until nothing is left."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Offer to begin anew."""
        parser.add_argument(
            "--rebuild", action="store_true", help="throw the figures away and fold everything"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it and say how much was read."""
        read = rollups.rebuild() if options["rebuild"] else rollups.catch_up()
        self.stdout.write(f"{read} journal entries folded")
