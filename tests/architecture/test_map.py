"""ARCHITECTURE.md names every module of the two largest packages, and no other."""

import re

import pytest

from tests.architecture.source import ROOT

PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


#: Packages of verbs or pure modules that a table tells of, beside the modules.
PACKAGES = ("sheets", "printing", "batching")


def table(package: str) -> str:
    """Return the table of a package."""
    return PAGE.partition(f"| `{package}` | |\n")[2].partition("\n\n")[0]


@pytest.mark.parametrize("package", ["coupons", "redemption"])
def test_the_map_is_the_house(package: str) -> None:
    there = {path.stem for path in (ROOT / package).glob("*.py")}
    there |= {name for name in PACKAGES if (ROOT / package / name).is_dir()}
    told = set(re.findall(r"`(\w+)`", table(package)))
    assert told == there - {"__init__", "apps", "errors", "tasks"}


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / target).exists(), target
