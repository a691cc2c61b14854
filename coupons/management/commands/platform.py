"""`manage.py platform`: say which merchant is the platform, or make one it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from coupons import platform
from coupons.caller import SYSTEM
from coupons.errors import HexiaoError
from coupons.models import Merchant


class Command(BaseCommand):
    """Show or choose the platform, whose coupons work in every shop."""

    help = "Say which merchant is the platform, whose coupons work in every shop, or choose it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the merchant that is to be it."""
        parser.add_argument("slug", nargs="?", metavar="SLUG", help="make this merchant it")
        parser.add_argument("--none", action="store_true", help="have none")

    def handle(self, *_args: Any, slug: str | None, none: bool, **_options: Any) -> None:
        """Change it if asked to, and print who it is."""
        found = platform.current()
        if none and found:
            platform.dismiss(merchant=found, by=SYSTEM, at=timezone.now())
        elif slug:
            self._appoint(slug)
        found = platform.current()
        self.stdout.write(f"{found.slug} is the platform." if found else "There is no platform.")

    def _appoint(self, slug: str) -> None:
        merchant = Merchant.objects.filter(slug=slug).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {slug}.")
        try:
            platform.appoint(merchant=merchant, by=SYSTEM, at=timezone.now())
        except HexiaoError as error:
            raise CommandError(error.detail) from error
