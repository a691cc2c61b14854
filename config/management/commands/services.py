"""Look at the embedded servers, or keep them running apart from `run`."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.services import lease, postgres, valkey
from config.services.processes import ServiceError


class Command(BaseCommand):
    """Say where the servers are; start them to stay; stop them."""

    help = "Show, start or stop the embedded PostgreSQL and Valkey."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do."""
        parser.add_argument("action", choices=("status", "start", "stop"))

    def handle(self, *_args: Any, action: str, **_options: Any) -> None:
        """Do it, then say how things are."""
        at = settings.EMBEDDED
        if at is None:
            raise CommandError("DATABASE_URL and REDIS_URL name other servers; see to them there.")
        try:
            if action == "start":
                lease.start_and_leave(at=at)
            elif action == "stop":
                lease.stop_unused(at=at)
        except ServiceError as error:
            raise CommandError(str(error)) from error
        for name, pid, url in (
            ("PostgreSQL", postgres.running(at=at), at.database_url),
            ("Valkey", valkey.running(at=at), at.redis_url),
        ):
            self.stdout.write(f"{name}: {f'process {pid}' if pid else 'not running'}  {url}")
