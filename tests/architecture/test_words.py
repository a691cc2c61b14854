"""Every sentence that a person may read is there in Chinese."""

import ast
import re
from pathlib import Path

from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from coupons.admin.words import SENTENCES, SHAPES, sentence

#: Whose errors the console's forms show.
VERBS = [
    "coupons/changing.py",
    "coupons/lifecycle.py",
    "coupons/reviewing.py",
    "coupons/freezing.py",
    "coupons/moving.py",
    "coupons/replacing.py",
    "coupons/references.py",
    "coupons/issuing.py",
    "coupons/undoing.py",
    "coupons/pooling.py",
    "coupons/reissuing.py",
    "coupons/revoking.py",
    "coupons/walking.py",
    "coupons/importing.py",
    "coupons/jobs.py",
    "coupons/catalogue.py",
    "campaigns/customers.py",
    "coupons/constraints.py",
    "coupons/coding.py",
    "coupons/pictures.py",
    "coupons/printing/running.py",
    "coupons/pins.py",
    "coupons/team.py",
    "coupons/redeemers.py",
    "coupons/staff_groups.py",
    "redemption/key_names.py",
    "redemption/keys.py",
    "redemption/networks.py",
    "redemption/trial.py",
    "redemption/desk.py",
    "redemption/scanning.py",
    "redemption/desk_proofs.py",
    "redemption/holds.py",
    "redemption/marking.py",
    "redemption/confirming.py",
    "redemption/reversing.py",
    "redemption/webhooks/endpoints.py",
]
PLACEHOLDER = re.compile(r"%\([a-z]+\)s")


def told(call: ast.Call) -> list[str]:
    """Return the sentences that a call says, with X for what is filled in."""
    said = []
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            said.append(argument.value)
        if isinstance(argument, ast.JoinedStr):
            said.append(
                "".join(
                    str(part.value) if isinstance(part, ast.Constant) else "X"
                    for part in argument.values
                )
            )
    return [text for text in said if text.endswith(".") and " " in text]


def sentences_of_the_verbs() -> set[str]:
    found: set[str] = set()
    for file in VERBS:
        for node in ast.walk(ast.parse((settings.BASE_DIR / file).read_text())):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name == "FieldError" or name[:1].isupper():
                    found |= set(told(node))
    return found


def sentences_of_sheets() -> set[str]:
    """Return what is said of files and cells, also where it stands in a constant."""
    found: set[str] = set()
    for file in (settings.BASE_DIR / "coupons/sheets").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name in {"Unreadable", "ValueError"}:
                found |= set(told(node))
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                said = node.value.value
                found |= {said} if isinstance(said, str) and said.endswith(".") else set()
            if isinstance(node, ast.Return) and isinstance(node.value, ast.JoinedStr):
                found |= set(told(ast.Call(node.value, [node.value], [])))
    return found


def test_every_sentence_about_a_sheet_is_known_to_the_console() -> None:
    known = {PLACEHOLDER.sub("X", text) for text in (*SENTENCES, *SHAPES)}
    assert len(sentences_of_sheets()) > 20
    assert sentences_of_sheets() - known == set()


def test_every_sentence_of_a_verb_is_known_to_the_console() -> None:
    known = {PLACEHOLDER.sub("X", text) for text in (*SENTENCES, *SHAPES)}
    assert len(sentences_of_the_verbs()) > 20
    assert sentences_of_the_verbs() - known == set()


def test_a_sentence_with_a_number_in_it_finds_its_translation() -> None:
    with translation.override("zh-hans"):
        assert sentence("From 1 to 10,000,000 codes.") == "券码数量须在 1 到 10,000,000 之间。"
        assert sentence("USD has 2 decimals; the amount has 3.").startswith("USD 有 2 位小数")
        assert sentence("Never heard of.") == "Never heard of."


def test_nothing_is_left_untranslated() -> None:
    for file in Path(settings.BASE_DIR / "locale").glob("*/LC_MESSAGES/*.po"):
        with file.open("rb") as text:
            catalog = read_po(text)
        missing = [m.id for m in catalog if m.id and (not m.string or m.fuzzy)]
        assert missing == [], file
