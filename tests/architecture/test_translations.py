"""Every text that the project marks for translation has one in every language."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings

from config.translations import collect, read_catalog, untranslated

SOURCES = sorted(
    source for folder in settings.LOCALE_PATHS for source in folder.glob("*/LC_MESSAGES/django.po")
)


@pytest.fixture(scope="module")
def found() -> Catalog:
    return collect(project=settings.BASE_DIR)


def test_every_language_but_the_first_has_its_file() -> None:
    folders = {source.parent.parent.name.lower().replace("_", "-") for source in SOURCES}
    assert folders == {code for code, _ in settings.LANGUAGES if code != "en"}


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.parent.parent.name)
def test_every_text_is_translated(source: Path, found: Catalog) -> None:
    assert len(found) > 100
    assert untranslated(source=source, found=found) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.parent.parent.name)
def test_translations_fill_in_what_the_text_fills_in(source: Path) -> None:
    wrong = []
    for message in read_catalog(source=source):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
        wanted = placeholders(ids[-1])
        wrong += [ids[0] for text in texts if text and message.id and placeholders(text) != wanted]
    assert wrong == []


def placeholders(text: str) -> list[str]:
    """Return what is filled in: `{name}`, `%(name)s` and `%s`; other braces are text."""
    return sorted(re.findall(r"\{\w*\}|%\(\w+\)[sd]|%[sd]", text))
