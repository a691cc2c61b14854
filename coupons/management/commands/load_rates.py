"""`manage.py load_rates`: the European Central Bank's exchange rates."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from coupons import rates


class Command(BaseCommand):
    """Load the reference rates; again, it changes nothing."""

    help = "Load the European Central Bank's exchange rates, as far as they are not there yet."

    def handle(self, *_args: Any, verbosity: int = 1, **_options: Any) -> None:
        """Load them and say how many days are new."""
        loaded = rates.load_reference(at=timezone.now())
        if verbosity:
            self.stdout.write(f"exchange rates of {loaded} days loaded")
