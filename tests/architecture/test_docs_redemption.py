"""docs/redemption.md: the order of locks is the code's, and what it names is there."""

import ast
import re
from importlib import import_module
from inspect import getsource

from redemption import ledger, taking
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "redemption.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| \d+ \| [^|]+ \| (?:`(\w+)`)? ?\| (?:`(\w+)`)? ?\|$", re.M)


def in_order(function: object, names: set[str]) -> list[str]:
    """Return those of the names that a function uses, by the place of their last use."""
    last: dict[str, tuple[int, int]] = {}
    for node in ast.walk(ast.parse(getsource(function)).body[0]):  # type: ignore[arg-type]
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                if name in names:
                    last[name] = max(last.get(name, (0, 0)), (node.lineno, node.col_offset))
    return sorted(last, key=last.__getitem__)


def test_the_order_of_locks_is_the_order_in_the_code() -> None:
    rows = _ROW.findall(PAGE)
    assert len(rows) == 10
    takes = [take for take, _ in rows if take]
    gives = [give for _, give in rows if give]
    assert in_order(ledger.write, set(takes)) == takes
    assert in_order(taking.give_back, set(gives)) == gives


def test_every_statement_is_in_the_table() -> None:
    given = {name for name in vars(taking) if name.startswith(("GIVE_", "SETTLE_"))}
    assert {give for _, give in _ROW.findall(PAGE) if give} == given


def test_every_function_named_is_there() -> None:
    named = re.findall(r"`([a-z_]+)\.([a-z_]+)`", PAGE)
    assert len(named) > 10
    for module, name in named:
        assert hasattr(import_module(f"redemption.{module}"), name), f"{module}.{name}"


def test_every_constraint_named_is_there() -> None:
    section = PAGE.partition("## What each constraint guards")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `(\w+)` \|", section, re.M)
    assert len(named) > 10
    models = [*ROOT.glob("coupons/models/*.py"), *ROOT.glob("redemption/models/*.py")]
    code = "".join(path.read_text(encoding="utf-8") for path in models)
    assert [name for name in named if f'"{name}"' not in code] == []


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
