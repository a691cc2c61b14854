"""Compile the translations that have changed."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.translations import compile_catalogs


class Command(BaseCommand):
    """Compile every changed .po file; needs no msgfmt."""

    help = "Compile the translations that have changed (needs no msgfmt)."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Compile, and name what was compiled."""
        for source in compile_catalogs(folders=settings.LOCALE_PATHS):
            self.stdout.write(f"compiled {source.relative_to(settings.BASE_DIR)}")
