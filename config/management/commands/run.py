"""`manage.py run`: everything in one command."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.instance import AlreadyRunning
from config.launch import CannotRun, Launch, run
from config.services.processes import ServiceError
from config.supervisor import Stopped


class Command(BaseCommand):
    """Start the servers, prepare everything, serve until Ctrl-C."""

    help = "Start everything: servers, web, worker and beat; --demo with a year of real data."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the port and whether this is the demo."""
        parser.add_argument("--demo", action="store_true", help="load the demo's data first")
        parser.add_argument(
            "--port", type=int, default=settings.PORT, help="default: $PORT or 8000"
        )

    def handle(self, *_args: Any, demo: bool, port: int, **_options: Any) -> None:
        """Run, and turn every way of ending into words and an exit code."""
        if settings.PRODUCTION:
            call_command("check", deploy=True, fail_level="ERROR")
        launch = Launch(folder=settings.DATA_DIR, port=port, demo=demo, tell=self._tell)
        try:
            reason = run(launch=launch)
        except AlreadyRunning as running:
            self._tell(str(running))
            return
        except Stopped as stopped:
            self._tell(f"stopped ({stopped})")
            return
        except (CannotRun, ServiceError) as error:
            raise CommandError(str(error)) from error
        raise CommandError(reason)

    def _tell(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
