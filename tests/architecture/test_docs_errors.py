"""docs/errors.md names every error code and every reason, and nothing else."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from coupons.errors import HexiaoError
from coupons.pricing.quote import Reason

PROJECT = Path(__file__).resolve().parents[2]
PAGE = PROJECT / "docs" / "errors.md"
PACKAGES = ("coupons", "risk", "campaigns", "redemption", "reports", "config")
#: A class that only stands for others, or that no answer tells of under its own name.
BASES = {HexiaoError}

_ROW = re.compile(r"^\| `(?P<code>\w+)` \| (?:(?P<status>\d{3}) \| )?(?P<meaning>.+?) \|", re.M)


def raised() -> dict[str, set[int]]:
    """Return the codes of every error class of the house, with their statuses."""
    for package in PACKAGES:
        for module in walk_packages([str(PROJECT / package)], f"{package}."):
            if ".migrations" not in module.name and ".management" not in module.name:
                import_module(module.name)
    codes: dict[str, set[int]] = {}
    for error in _subclasses(HexiaoError):
        if error not in BASES:
            codes.setdefault(error.code, set()).add(error.status)
    return codes


def _subclasses(kind: type[HexiaoError]) -> Iterator[type[HexiaoError]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith(PACKAGES):
            yield each
            yield from _subclasses(each)


def told_directly() -> dict[str, set[int]]:
    """Return the codes of problems that are not raised but built, with their statuses."""
    codes: dict[str, set[int]] = {}
    for package in PACKAGES:
        for path in (PROJECT / package).rglob("*.py"):
            text = path.read_text()
            for match in re.finditer(r'problem\(\s*code="(\w+)",\s*status=(\d+)', text):
                codes.setdefault(match[1], set()).add(int(match[2]))
            built = len(re.findall(r"(?<!def )\bproblem\(\s*code=\"", text))
            assert built == len(re.findall(r'problem\(\s*code="\w+",\s*status=\d+', text)), path
    return codes


def section(title: str) -> str:
    """Return the text of one section of the page."""
    _, _, rest = PAGE.read_text().partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0]


def test_the_page_has_every_code_with_its_status_and_nothing_else() -> None:
    known: dict[str, set[int]] = raised()
    for code, statuses in told_directly().items():
        known.setdefault(code, set()).update(statuses)
    told = {match["code"]: {int(match["status"])} for match in _ROW.finditer(section("Codes"))}
    assert told == known


def test_the_codes_stand_in_the_order_of_their_statuses() -> None:
    statuses = [int(match["status"]) for match in _ROW.finditer(section("Codes"))]
    assert statuses == sorted(statuses)


def test_the_page_has_every_reason_in_the_order_in_which_they_are_told() -> None:
    told = [match["code"] for match in _ROW.finditer(section("Reasons"))]
    assert told == [reason.value for reason in Reason]


def test_every_error_has_a_stable_name_a_status_and_a_title() -> None:
    for error in _subclasses(HexiaoError):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
        assert 400 <= error.status < 500
        assert error.title != HexiaoError.title
