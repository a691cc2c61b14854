"""`manage.py api_key`: make a key for a program, and print it once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from coupons.caller import SYSTEM
from coupons.errors import Invalid
from coupons.models import Channel, Merchant
from redemption import keys
from redemption.models import KeyMethod


class Command(BaseCommand):
    """Make an API key."""

    help = "Make an API key of a merchant and print it. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the key is for."""
        parser.add_argument("--merchant", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True)
        parser.add_argument("--scopes", required=True, metavar="A,B")
        parser.add_argument("--method", default=KeyMethod.AUTOMATIC, choices=KeyMethod.values)
        parser.add_argument("--channel", metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key and print it alone on a line."""
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {options['merchant']}.")
        channel = None
        if options["channel"]:
            channel = Channel.objects.of(merchant).filter(slug=options["channel"]).first()
            if channel is None:
                raise CommandError(f"{merchant} has no channel {options['channel']}.")
        try:
            _, key = keys.create(
                merchant=merchant,
                name=options["name"],
                scopes=[scope.strip() for scope in options["scopes"].split(",") if scope.strip()],
                method=options["method"],
                channel=channel,
                by=SYSTEM,
                at=timezone.now(),
            )
        except Invalid as error:
            raise CommandError(f"{error.errors[0].field}: {error.errors[0].message}") from error
        self.stdout.write(key)
