#!/usr/bin/env python
"""Run a management command, with the servers it needs."""

import contextlib
import os
import signal
import sys

# These neither read nor write the database, or care for the servers themselves.
WITHOUT_SERVICES = {
    "", "help", "version", "--help", "-h", "--version",
    "collectstatic", "findstatic", "compilemessages", "makemessages",
    "compile_translations", "collect_translations",
    "diffsettings", "startapp", "startproject", "spectacular", "run", "services",
}  # fmt: skip


def main() -> None:
    """Run the command of this command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from config.services.lease import borrowed
    from config.services.processes import ServiceError

    # Asked to end, a command still gives its servers back.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    command = next((word for word in sys.argv[1:2]), "")
    asks_for_help = not {"--help", "-h"}.isdisjoint(sys.argv)
    embedded = None
    if command not in WITHOUT_SERVICES and not asks_for_help:
        embedded = settings.EMBEDDED
    try:
        with borrowed(at=embedded) if embedded else contextlib.nullcontext():
            execute_from_command_line(sys.argv)
    except ServiceError as error:
        sys.exit(f"hexiao: {error}")


if __name__ == "__main__":
    main()
