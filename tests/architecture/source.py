"""The project's own Python files, parsed, for the tests of the house rules."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "reports", "redemption", "campaigns", "risk", "coupons")


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def files(*packages: str) -> Iterator[Path]:
    """Name the Python files of those packages (all of them by default), without migrations."""
    for package in packages or PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def name_of(path: Path) -> str:
    """Return a path as it is written in a message."""
    return str(path.relative_to(ROOT))


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Name each call in a tree by its dotted source."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node
