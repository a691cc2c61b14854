"""The rules that CONTRIBUTING.md names, held by reading the code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT, calls, files, name_of, parsed

#: What the top folder may hold beside the packages (tool configuration included).
TOP = {
    *PACKAGES,
    *("templates", "static", "tests", "docs", "locale", ".ci"),
    *("manage.py", "Makefile", "pyproject.toml", "requirements.lock", "LICENSE"),
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *(".gitignore", ".pre-commit-config.yaml", ".editorconfig"),
}
VAGUE = {"utils", "util", "helpers", "helper", "common", "core", "misc", "base_utils"}
#: The one place in each package that may take row locks.
LOCKS = {
    "coupons/reading.py",
    "coupons/lifecycle.py",
    "coupons/jobs.py",
    "coupons/walking.py",
    "coupons/catalogue.py",
    "campaigns/customers.py",
    "coupons/team.py",
    "redemption/batching/taking.py",
    "redemption/holds.py",
    "redemption/reversing.py",
    "redemption/splitting.py",
}
MOST_LINES = 400
LONGEST_FUNCTION = 40


def tracked() -> list[str]:
    """List what git keeps, and what it would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def test_imports_go_down_only() -> None:
    checked = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_top_folder_holds_what_it_should() -> None:
    assert {path.split("/")[0] for path in tracked()} <= TOP


def test_there_are_no_signals() -> None:
    for path in files():
        text = path.read_text(encoding="utf-8")
        for word in (
            "@receiver",
            "django.dispatch",
            "django.db.models.signals",
            "pre_save",
            "post_save",
        ):
            assert word not in text, f"{name_of(path)} has {word}"


def test_no_module_has_a_vague_name() -> None:
    for path in files():
        assert path.stem not in VAGUE, name_of(path)
        assert not VAGUE.intersection(path.relative_to(ROOT).parts[:-1]), name_of(path)


def test_pure_modules_know_no_framework_and_no_clock() -> None:
    pure = [*(ROOT / "coupons/pricing").glob("*.py"), ROOT / "coupons/coding.py"]
    pure += [ROOT / "coupons/definition.py", ROOT / "coupons/compilation.py"]
    pure += [ROOT / "coupons/presentation.py", ROOT / "coupons/colors.py"]
    for path in pure:
        for node in ast.walk(parsed(path)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] not in {"django", "celery", "time", "random"}, (
                    f"{name_of(path)} imports {name}"
                )
        for called, _ in calls(parsed(path)):
            assert not called.endswith((".now", ".utcnow", ".today")), name_of(path)


def test_verbs_take_the_clock_as_an_argument() -> None:
    verbs = ["coupons/lifecycle.py", "coupons/changing.py", "coupons/reviewing.py"]
    verbs += ["redemption/checkout.py", "redemption/ledger.py"]
    verbs += ["coupons/rates.py", "coupons/reach.py", "coupons/taxes.py"]
    verbs += ["coupons/channels.py", "coupons/describing.py", "coupons/platform.py"]
    verbs += ["coupons/redeemers.py", "coupons/staff_groups.py"]
    verbs += ["redemption/quoting.py", "redemption/qualifying.py"]
    verbs += ["redemption/facts.py", "campaigns/customers.py", "coupons/catalogue.py"]
    verbs += ["redemption/desk.py", "redemption/finding.py", "redemption/scanning.py"]
    verbs += ["redemption/trial.py", "redemption/events.py", "redemption/orders.py"]
    verbs += ["redemption/evidence.py", "redemption/refusing.py", "redemption/holds.py"]
    verbs += ["redemption/confirming.py", "campaigns/activity.py"]
    hooks = ("endpoints", "events", "folding", "deliveries", "posting")
    verbs += [f"redemption/webhooks/{name}.py" for name in hooks]
    for verb in verbs:
        for called, _ in calls(parsed(ROOT / verb)):
            assert not called.endswith((".now", ".utcnow", ".today")), f"{verb} calls {called}"


def test_tasks_are_started_on_commit() -> None:
    """`task.delay` stands in a task, a sweep, or inside `transaction.on_commit`."""
    for path in files():
        if path.name == "tasks.py":
            continue
        for called, node in calls(parsed(path)):
            assert not called.endswith((".delay", ".apply_async")), (
                f"{name_of(path)}:{node.lineno} starts a task before the commit"
            )


#: The modules whose public functions are verbs.
VERBS = {
    "campaigns": "activity customers",
    "coupons": "catalogue changing channels describing exporting face follow_ups freezing "
    "handing_out history importing issuing jobs lifecycle moving parts pictures pin_tries pins "
    "platform pooling rates reach reading redeemers references reissuing replacing reviewing "
    "reviewing_rights revoking seats staff_groups taxes undoing walking",
    "coupons/printing": "joining running",
    "redemption": "batches checkout confirming counting desk events evidence facts finding "
    "guessing holds keys looking messages metering orders proof_needs proving qualifying quoting "
    "reconciling refusing returns reversing scanning splitting trial",
    "redemption/webhooks": "deliveries endpoints events folding posting sending",
}


def test_public_verbs_take_keywords_only() -> None:
    for package, names in VERBS.items():
        for name in names.split():
            _check_keywords(ROOT / package / f"{name}.py")


#: Public functions of one plain argument, whose name says it all.
PLAIN = {"current_definition", "retried", "stored_answer", "iso", "shown"}


def _check_keywords(path: Path) -> None:
    for node in parsed(path).body:
        is_verb = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if is_verb and node.name not in PLAIN:
            assert not node.args.args, f"{name_of(path)}: {node.name}"


def test_row_locks_are_taken_in_few_places() -> None:
    found = {
        name_of(path)
        for path in files()
        for called, _ in calls(parsed(path))
        if called.endswith(".select_for_update")
    }
    assert found <= LOCKS, found - LOCKS


def test_money_knows_no_floats() -> None:
    for path in files("coupons", "redemption", "campaigns"):
        for node in ast.walk(parsed(path)):
            is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
            assert not is_float, f"{name_of(path)}:{getattr(node, 'lineno', '?')}"


#: One settings file, as Django has it.
LONG_BY_NATURE = {"config/settings.py"}


@pytest.mark.parametrize(
    "path", [path for path in files() if name_of(path) not in LONG_BY_NATURE], ids=name_of
)
def test_modules_and_functions_stay_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef):
            start = node.body[0].end_lineno if ast.get_docstring(node) else node.lineno
            length = (node.end_lineno or 0) - (start or 0)
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


def test_no_file_names_a_registry_or_a_place_on_a_machine() -> None:
    for path in tracked():
        if path.endswith((".png", ".ico")):
            continue
        # What other programs wrote for the tests is in any encoding.
        errors = "replace" if path.startswith("tests/files/") else "strict"
        text = (ROOT / path).read_text(encoding="utf-8", errors=errors)
        assert str(ROOT) + "/" not in text, path
        if path.endswith((".lock", ".toml")):
            assert "https://" not in text, path
