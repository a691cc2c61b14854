"""A file that is written in parts: each is kept until all are there, then they are joined."""

import shutil
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

_READ = 1 << 20


def keep(*, of: str, number: int, content: bytes) -> None:
    """Keep a part; one that a killed worker left under its name gives way."""
    name = _name(of, number)
    default_storage.delete(name)
    default_storage.save(name, ContentFile(content))


def opened(*, of: str, number: int) -> IO[bytes]:
    """Open a part, to be closed by the caller."""
    return default_storage.open(_name(of, number), "rb")


def join(*, of: str, count: int, to: IO[bytes]) -> None:
    """Write all parts of a file one after the other."""
    for number in range(count):
        with opened(of=of, number=number) as part:
            shutil.copyfileobj(part, to, _READ)


def forget(*, of: str, count: int) -> None:
    """Delete the parts of a file, one that a killed worker left among them."""
    for number in range(count + 1):
        default_storage.delete(_name(of, number))


def _name(of: str, number: int) -> str:
    return f"{of}/{number}"
