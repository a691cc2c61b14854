"""Bring the .po files up to date with the code."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.translations import collect, untranslated, update_catalog


class Command(BaseCommand):
    """Collect the marked texts into every .po file; needs no xgettext."""

    help = "Add new texts to the .po files and drop gone ones (needs no xgettext)."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Collect, and say how many texts wait for a translation."""
        found = collect(project=settings.BASE_DIR)
        for folder in settings.LOCALE_PATHS:
            for source in sorted(folder.glob("*/LC_MESSAGES/django.po")):
                update_catalog(source=source, found=found)
                waiting = len(untranslated(source=source, found=found))
                name = source.relative_to(settings.BASE_DIR)
                self.stdout.write(f"{name}: {len(found)} texts, {waiting} without a translation")
