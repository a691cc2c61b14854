"""Mistakes in the environment stop the start; other servers than the embedded ones work."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.test import override_settings

PROJECT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "HEXIAO_PRODUCTION": "1",
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "coupons.example",
    "HEXIAO_URL": "https://coupons.example",
}


def manage(*words: str, environ: dict[str, str], data: Path) -> "subprocess.CompletedProcess[str]":
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=PROJECT,
        env=kept | {"HEXIAO_DATA": str(data)} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"HEXIAO_PRODUCTOIN": "1"}, "Unknown settings: HEXIAO_PRODUCTOIN"),
        ({"HEXIAO_PRODUCTION": "1"}, "Set the SECRET_KEY environment variable"),
        (
            {"HEXIAO_PRODUCTION": "1", "SECRET_KEY": "k" * 60},
            "Set the ALLOWED_HOSTS environment variable",
        ),
        ({"REDIS_URL": "redis://x"}, "Set both DATABASE_URL and REDIS_URL, or neither"),
        ({"HEXIAO_FILES_S3_REGION": "eu-central-1"}, "Set HEXIAO_FILES_S3_BUCKET too"),
        ({"HEXIAO_FILE_DAYS": "0"}, "is too small"),
    ],
)
def test_mistake_in_the_environment_stops_the_start(
    environ: dict[str, str], told: str, tmp_path: Path
) -> None:
    refused = manage("diffsettings", environ=environ, data=tmp_path)
    assert refused.returncode == 1
    assert told in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_run_in_production_passes_the_deployment_checks_first(tmp_path: Path) -> None:
    refused = manage("run", environ=PRODUCTION | {"HEXIAO_TEST_CLOCK": "1"}, data=tmp_path)
    assert refused.returncode == 1
    assert "hexiao.E001" in refused.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("production", "clock", "ids"),
    [(True, True, ["hexiao.E001"]), (True, False, []), (False, True, [])],
)
def test_test_clock_is_refused_in_production_only(
    production: bool, clock: bool, ids: list[str]
) -> None:
    with override_settings(PRODUCTION=production, HEXIAO_TEST_CLOCK=clock):
        assert [found.id for found in run_checks() if found.id.startswith("hexiao")] == ids


def test_every_setting_is_in_the_documents_and_no_other() -> None:
    code = (PROJECT / "config" / "settings.py").read_text()
    page = (PROJECT / "docs" / "running.md").read_text().split("## Settings")[1].split("\n## ")[0]
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', code))
    known = set(re.findall(r'^    "(HEXIAO_[A-Z_]+)",$', code, re.MULTILINE))
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)) == read | known


def test_other_servers_are_used_where_the_environment_names_them(
    process_environ: dict[str, str], tmp_path: Path
) -> None:
    named = {name: process_environ[name] for name in ("DATABASE_URL", "REDIS_URL")}
    program = (
        "import json; from django.db import connection; from django.core.cache import cache;"
        "from config.celery import app;"
        "cache.set('seen', 1, 60);"
        "c = connection.cursor(); c.execute('SELECT current_database()');"
        "app.connection().ensure_connection(max_retries=1);"
        "print(json.dumps([c.fetchone()[0], cache.get('seen')]))"
    )
    done = manage("shell", "--no-imports", "--command", program, environ=named, data=tmp_path)
    assert done.returncode == 0, done.stderr
    name = process_environ["DATABASE_URL"].rpartition("/")[2]
    assert json.loads(done.stdout) == [name, 1]
    assert not (tmp_path / "postgres").exists()
