"""The texts of the project in other languages: found, collected, compiled.

Babel does it all, since gettext's own tools are missing on a bare machine.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

# How the code marks a text, and which of its arguments is what.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
# Written by people of the project, read by people who use it.
FOLDERS = ("config", "reports", "redemption", "campaigns", "risk", "coupons", "templates")
SUFFIXES = {".py", ".html", ".txt"}


def compile_catalogs(*, folders: list[Path]) -> list[Path]:
    """Compile every .po that is newer than its .mo; return those compiled.

    The new file is put in place whole: another process may be reading the old one.
    """
    compiled = []
    for source in sorted(po for folder in folders for po in folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = target.with_suffix(f".mo.{os.getpid()}")
        with draft.open("wb") as binary:
            write_mo(binary, read_catalog(source=source))
        draft.replace(target)
        compiled.append(source)
    return compiled


def read_catalog(*, source: Path) -> Catalog:
    """Read a .po file; the folder it stands in names its language (`zh_Hans`)."""
    with source.open("rb") as text:
        return read_po(text, locale=source.parent.parent.name, abort_invalid=True)


def collect(*, project: Path) -> Catalog:
    """Return every text that the project's code and templates mark for translation."""
    found = Catalog(charset="utf-8", fuzzy=False)
    for path in _sources(project=project):
        text = path.read_text()
        if path.suffix != ".py":
            # Something like Python comes out, indented like the page.
            lines = templatize(text, origin=str(path)).splitlines()
            text = "\n".join(line.strip() for line in lines)
        for _line, message, _comments, context in extract(
            "python", io.BytesIO(text.encode()), keywords=KEYWORDS
        ):
            place = (path.relative_to(project).as_posix(), 0)
            found.add(message, locations=[place], context=context)
    return found


def untranslated(*, source: Path, found: Catalog) -> list[str]:
    """List the texts that a .po file leaves out, leaves empty or marks as doubtful."""
    catalog = read_catalog(source=source)
    missing = []
    for message in found:
        if not message.id:
            continue
        known = catalog.get(message.id, message.context)
        strings = [known.string] if known and isinstance(known.string, str) else []
        if known and not isinstance(known.string, str):
            strings = list(known.string or ())
        if known is None or known.fuzzy or not strings or not all(strings):
            missing.append(message.id if isinstance(message.id, str) else message.id[0])
    return missing


def update_catalog(*, source: Path, found: Catalog) -> None:
    """Add new texts to a .po file and drop those that are gone; translations stay."""
    catalog = read_catalog(source=source)
    made = catalog.creation_date
    catalog.update(found, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    # A header that stays the same as long as the texts do.
    catalog.creation_date = made
    catalog.project, catalog.version = "Hexiao", "1"
    catalog.last_translator = catalog.language_team = "Hexiao"
    with source.open("wb") as text:
        # No line numbers: they would change with every edit of the code.
        write_po(text, catalog, sort_output=True, include_lineno=False, width=96)


def _sources(*, project: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((project / folder).rglob("*")):
            if path.suffix in SUFFIXES and "migrations" not in path.parts:
                yield path
