"""The log-in that a new installation starts with."""

import os
import secrets
from pathlib import Path

from django.contrib.auth import get_user_model

ADMIN = "admin"


def kept_password(*, file: Path) -> str:
    """Return the password kept in a private file, made the first time."""
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as kept:
            kept.write(secrets.token_urlsafe(12) + "\n")
    return file.read_text().strip()


def first_administrator(*, folder: Path) -> str | None:
    """Create `admin` where nobody can log in yet; return a line to print, or None."""
    users = get_user_model().objects
    if users.exists():
        return None
    file = folder / "login.txt"
    password = kept_password(file=file)
    users.create_superuser(username=ADMIN, password=password)
    return f"user {ADMIN}, password {password} (kept in {file})"
