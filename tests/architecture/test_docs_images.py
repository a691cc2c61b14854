"""Every picture is shown by a document, and every picture that one shows is there."""

import re

from tests.architecture.source import ROOT

IMAGES = ROOT / "docs" / "images"
VARIANTS = {"en-1280", "en-390", "zh-1280", "zh-390"}
SHOWN = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
NAME = re.compile(r"(.+)-((?:en|zh)-(?:1280|390))\.png")


def shown() -> list[tuple[str, str, str]]:
    """Return each picture of the documents: the document, the alternative text, the address."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        (str(path.relative_to(ROOT)), alt, str((path.parent / target).resolve()))
        for path in documents
        for alt, target in SHOWN.findall(path.read_text(encoding="utf-8"))
    ]


def pages() -> dict[str, set[str]]:
    """Return the pages that were photographed, each with its languages and widths."""
    found: dict[str, set[str]] = {}
    for path in IMAGES.iterdir():
        name = NAME.fullmatch(path.name)
        assert name, f"{path.name} is no picture that `make screenshots` takes"
        found.setdefault(name[1], set()).add(name[2])
    return found


def test_every_picture_that_is_shown_is_there_and_has_words() -> None:
    there = {str(path) for path in IMAGES.iterdir()}
    assert [(document, target) for document, _, target in shown() if target not in there] == []
    assert [(document, target) for document, alt, target in shown() if len(alt) < 10] == []


def test_every_page_that_was_photographed_is_shown_in_some_document() -> None:
    names = [NAME.search(target.rsplit("/", 1)[-1]) for _, _, target in shown()]
    assert pages().keys() - {name[1] for name in names if name} == set()


def test_every_page_was_photographed_in_both_languages_and_widths() -> None:
    assert {page for page, variants in pages().items() if variants != VARIANTS} == set()
