"""The secret key of an installation that was given none."""

import os
import secrets
from pathlib import Path


def local_secret_key(*, folder: Path) -> str:
    """Return the data folder's own secret key, made the first time it is asked for.

    Two processes that start together agree: whoever links its file in first wins.
    """
    kept = folder / "secret-key"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not kept.exists():
        draft = folder / f"secret-key.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, kept)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return kept.read_text()
