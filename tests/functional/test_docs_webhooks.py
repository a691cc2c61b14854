"""docs/webhooks.md: its receivers verify what is really sent, and its table is the code's."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from redemption.models import EventType
from redemption.webhooks import endpoints, posting, sending
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
BODY = '{"id":"1","type":"coupon.paused","data":{"name":"夏日券"}}'


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


def is_genuine() -> Any:
    names: dict[str, Any] = {}
    exec(block("python"), names)  # noqa: S102
    return names["is_genuine"]


def headers(*secrets: str, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return posting.signed(secrets=list(secrets), event="e-1", body=BODY, at=at)


def test_the_python_example_takes_what_is_genuine_and_nothing_else() -> None:
    new, old = endpoints.new_secret(), endpoints.new_secret()
    sent = headers(new, old)
    verify = is_genuine()
    assert verify(sent, BODY.encode(), new)
    assert verify(sent, BODY.encode(), old)
    assert not verify(sent, BODY.encode(), endpoints.new_secret())
    assert not verify(sent, BODY.encode() + b" ", new)
    assert not verify({**sent, "webhook-id": "e-2"}, BODY.encode(), new)
    stale = headers(new, at=datetime.now(UTC) - timedelta(minutes=6))
    assert not verify(stale, BODY.encode(), new)


@pytest.mark.needs("openssl")
def test_the_shell_example_prints_the_signature(tmp_path: Path) -> None:
    secret = endpoints.new_secret()
    sent = headers(secret)
    (tmp_path / "body.json").write_text(BODY, encoding="utf-8")
    said = subprocess.run(
        ["sh", "-c", block("sh")],
        cwd=tmp_path,
        env={
            "PATH": "/usr/bin:/bin:/usr/local/bin",
            "SECRET": secret,
            "ID": sent["webhook-id"],
            "TIMESTAMP": sent["webhook-timestamp"],
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"v1,{said.stdout.strip()}" == sent["webhook-signature"]


def test_every_type_is_explained() -> None:
    assert {t for t in EventType.values if f"`{t}`" not in PAGE} == set()


def test_the_table_of_attempts_is_the_codes() -> None:
    units = {"second": 1, "minute": 60, "hour": 3_600}
    rows = re.findall(r"^\| (\d+) \| (\d+) (second|minute|hour)s? \|$", PAGE, re.MULTILINE)
    told = [timedelta(seconds=int(n) * units[unit]) for _, n, unit in rows]
    assert tuple(told) == sending.PAUSES
    assert [int(attempt) for attempt, _, _ in rows] == list(range(2, len(told) + 2))
