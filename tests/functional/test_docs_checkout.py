"""docs/checkout.md from top to bottom: every example in curl and in Python, with its answer."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from coupons.models import Merchant
from tests.architecture.source import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = (ROOT / "docs" / "checkout.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:8000"
END = "---- end of the example ----"
_PART = re.compile(r"^(?:```(\w+)\n(.*?)^```$|Answer, (\d{3})(, here in full)?:$)", re.M | re.S)


@dataclass
class Example:
    """One example in both languages, and the answer that is shown."""

    code: dict[str, str]
    status: int = 0
    in_full: bool = False
    shown: Any = None


def examples() -> list[Example]:
    """Read the page: sh, Python, and mostly an answer."""
    found: list[Example] = []
    for language, text, status, in_full in _PART.findall(PAGE):
        if status:
            found[-1].status, found[-1].in_full = int(status), bool(in_full)
        elif language == "json":
            found[-1].shown = json.loads(text)
        elif language == "sh":
            found.append(Example({language: text}))
        else:
            found[-1].code[language] = text
    return found


def differs(shown: Any, given: Any, kept: dict[str, str], *, in_full: bool = False) -> str:
    """Say where an answer is not as shown, or "". Fields that are not shown don't matter.

    A "…" stands for any text, a "$NAME" for one that is kept under that name.
    """
    if isinstance(shown, dict) and isinstance(given, dict):
        if missing := (shown.keys() ^ given.keys() if in_full else shown.keys() - given.keys()):
            return f"{sorted(missing)} of {given}"
        pairs = [(key, shown[key], given[key]) for key in shown]
    elif isinstance(shown, list) and isinstance(given, list) and len(shown) == len(given):
        pairs = [(i, *pair) for i, pair in enumerate(zip(shown, given, strict=True))]
    elif isinstance(shown, str) and isinstance(given, str) and shown == "…":
        return ""
    elif isinstance(shown, str) and isinstance(given, str) and shown.startswith("$"):
        kept[shown.removeprefix("$")] = given
        return ""
    else:
        return "" if shown == given else f"shown {shown}, given {given}"
    found = [(key, differs(one, two, kept, in_full=in_full)) for key, one, two in pairs]
    return "; ".join(f"{key}: {told}" for key, told in found if told)


class Terminal:
    """A shell that a reader types the examples into."""

    def __init__(self, *, url: str, environ: dict[str, str], home: Path) -> None:
        (home / ".curlrc").write_text('write-out = "\\n%{http_code}\\n"\n')
        self.url = url
        self.shell = subprocess.Popen(
            ["sh"],
            cwd=ROOT,
            env=environ | {"CURL_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def does(self, example: Example, kept: dict[str, str]) -> tuple[int, Any]:
        """Type one example; returns the status and the body of its last answer."""
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        text = (
            example.code["sh"].replace(HERE, self.url).replace(".venv/bin/python", sys.executable)
        )
        names = "".join(f"{name}={value}\n" for name, value in kept.items())
        self.shell.stdin.write(f"{names}{text}\necho '{END}'\n")
        self.shell.stdin.flush()
        told = iter(self.shell.stdout.readline, f"{END}\n")
        said = [line.strip() for line in told if line.strip()]
        for line in [line for line in said if line.isdigit()]:
            assert int(line) < 400 or int(line) == example.status, said
        return (int(said[-1]), json.loads(said[-2])) if said else (0, None)

    def closes(self) -> None:
        """Leave the shell."""
        self.shell.communicate("exit\n", timeout=10)


class Prompt:
    """A Python prompt that a reader types the examples into."""

    def __init__(self, *, url: str) -> None:
        self.url = url
        self.names: dict[str, Any] = {}

    def does(self, example: Example, kept: dict[str, str]) -> tuple[int, Any]:
        """Type one example; returns the status and the body of its `answer`."""
        exec(example.code["python"].replace(HERE, self.url), self.names)  # noqa: S102
        answer = self.names.get("answer")
        return (answer.status_code, answer.json()) if answer else (0, None)

    def closes(self) -> None:
        """Close the connections."""
        self.names["hexiao"].close()


@pytest.fixture
def reader(
    request: pytest.FixtureRequest,
    live_server: Any,
    settings: Any,
    process_environ: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Terminal | Prompt]:
    settings.HEXIAO_TEST_CLOCK = True
    Merchant.objects.create(slug="journey", name="Journey", currency="USD")
    if request.param == "sh":
        terminal = Terminal(url=live_server.url, environ=process_environ, home=tmp_path)
        yield terminal
        terminal.closes()
        return
    made = re.search(r"manage\.py (api_key .*?)\)", PAGE, re.S)
    assert made is not None
    said = subprocess.run(
        [sys.executable, "manage.py", *made[1].replace("\\\n", " ").split()],
        cwd=ROOT, env=process_environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    monkeypatch.setenv("KEY", said.stdout.strip())
    prompt = Prompt(url=live_server.url)
    yield prompt
    prompt.closes()


@pytest.mark.parametrize(
    "reader",
    [
        pytest.param("sh", marks=pytest.mark.needs("curl")),
        "python",
    ],
    indirect=True,
)
def test_every_example_answers_as_it_is_shown(reader: Terminal | Prompt) -> None:
    kept: dict[str, str] = {}
    for example in examples():
        status, body = reader.does(example, kept)
        if example.shown is None:
            assert status < 300, body
            continue
        assert status == example.status, body
        assert differs(example.shown, body, kept, in_full=example.in_full) == ""


def test_every_example_is_shown_in_both_languages() -> None:
    found = examples()
    assert len(found) > 15
    for example in found:
        assert set(example.code) == {"sh", "python"}
        assert (example.shown is None) == (example.status == 0)


def test_the_python_example_repeats_what_is_worth_it_under_one_key() -> None:
    def problem(status: int, code: str, **headers: str) -> httpx.Response:
        kind = {"Content-Type": "application/problem+json"}
        return httpx.Response(status, json={"code": code}, headers=kind | headers)

    answers: list[httpx.Response | None] = [
        None,
        httpx.Response(502, text="<html>"),
        problem(503, "database_unavailable", **{"Retry-After": "7"}),
        problem(409, "try_again", **{"Retry-After": "1"}),
        problem(422, "coupon_rejected"),
    ]
    keys: list[str] = []

    def answered(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        answer = answers[len(keys) - 1]
        if answer is None:
            raise httpx.ReadTimeout("lost")
        return answer

    (text,) = [e.code["python"] for e in examples() if "def post(" in e.code["python"]]
    paused: list[float] = []
    names: dict[str, Any] = {
        "httpx": httpx,
        "hexiao": httpx.Client(base_url=HERE, transport=httpx.MockTransport(answered)),
        "time": SimpleNamespace(sleep=paused.append),
    }
    exec(text.partition("guest = ")[0], names)  # noqa: S102
    assert names["post"]("redemptions", {}, key="O-1/1").status_code == 422
    assert keys == ["O-1/1"] * 5
    assert paused == [1, 2, 7, 1]


def test_python_needs_nothing_but_httpx() -> None:
    imported = re.findall(r"^(?:import|from) (\w+)", PAGE, re.M)
    assert [name for name in imported if name not in sys.stdlib_module_names] == ["httpx"]


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).exists(), target
