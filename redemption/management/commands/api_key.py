"""`manage.py api_key`: make a key for a program, or a key's successor, and print it once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from coupons.caller import SYSTEM
from coupons.errors import HexiaoError
from coupons.models import Channel, Merchant
from redemption import keys
from redemption.models import ApiKey, KeyMethod


class Command(BaseCommand):
    """Make an API key."""

    help = "Make an API key, or a key's successor, and print it. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the key is for, or which key it replaces."""
        parser.add_argument("--merchant", metavar="SLUG")
        parser.add_argument("--name")
        parser.add_argument("--scopes", metavar="A,B")
        parser.add_argument("--method", default=KeyMethod.AUTOMATIC, choices=KeyMethod.values)
        parser.add_argument("--channel", metavar="SLUG")
        parser.add_argument("--from", dest="allowed", default="", metavar="NETWORK,NETWORK")
        parser.add_argument("--rate", type=int, metavar="CALLS_A_MINUTE")
        parser.add_argument("--rotate", metavar="PREFIX", help="make this key's successor")
        parser.add_argument("--overlap-hours", type=int, default=24, metavar="N")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key and print it alone on a line."""
        try:
            key = self._successor(options) if options["rotate"] else self._new(options)
        except HexiaoError as error:
            told = [f"{each.field}: {each.message}" for each in error.errors]
            raise CommandError("\n".join(told) or error.detail) from error
        self.stdout.write(key)

    def _successor(self, options: dict[str, Any]) -> str:
        named = [f"--{name}" for name in ("merchant", "name", "scopes") if options[name]]
        if named:
            raise CommandError(f"A successor is what its predecessor is; leave out {named[0]}.")
        row = ApiKey.objects.select_related("merchant").filter(prefix=options["rotate"]).first()
        if row is None:
            raise CommandError(f"There is no key {options['rotate']}.")
        _, key = keys.rotate(
            key=row, overlap_hours=options["overlap_hours"], by=SYSTEM, at=timezone.now()
        )
        return key

    def _new(self, options: dict[str, Any]) -> str:
        for name in ("merchant", "name", "scopes"):
            if options[name] is None:
                raise CommandError(f"Give --{name}, or --rotate.")
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {options['merchant']}.")
        channel = None
        if options["channel"]:
            channel = Channel.objects.of(merchant).filter(slug=options["channel"]).first()
            if channel is None:
                raise CommandError(f"{merchant} has no channel {options['channel']}.")
        _, key = keys.create(
            merchant=merchant,
            name=options["name"],
            scopes=_listed(options["scopes"]),
            method=options["method"],
            channel=channel,
            allowed_networks=_listed(options["allowed"]),
            rate_per_minute=options["rate"],
            by=SYSTEM,
            at=timezone.now(),
        )
        return key


def _listed(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]
