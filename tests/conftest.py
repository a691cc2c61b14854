"""What every test may ask for: servers, a worker, a browser."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import TransactionTestCase

from config.services.addresses import addresses
from config.services.lease import borrowed, stop_unused
from config.services.processes import ServiceError
from config.translations import compile_catalogs

HOUR = 60 * 60
NO_BROWSER = "no Chromium found"
#: The first takes a third less time than the others.
CHROMIUMS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_sessionstart() -> None:
    """Compile the translations, and clear away what a killed test run left."""
    compile_catalogs(folders=settings.LOCALE_PATHS)
    for folder in Path("/tmp").glob("hexiao-test-*"):  # noqa: S108
        with suppress(OSError, ServiceError):
            if folder.stat().st_uid == os.geteuid() and _age(folder) > HOUR:
                stop_and_remove(folder)


def _age(folder: Path) -> float:
    return time.time() - folder.stat().st_mtime


def stop_and_remove(folder: Path) -> None:
    """Stop a data folder's servers and delete it; ServiceError while they are in use."""
    stop_unused(at=addresses(data=folder))
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def durable() -> bool:
    """Say whether PostgreSQL writes to the disk before it says that it has."""
    return False


@pytest.fixture(scope="session")
def services(durable: bool) -> Iterator[None]:
    """Have PostgreSQL and Valkey running; the last test stops them."""
    if settings.EMBEDDED is None:
        yield
        return
    with borrowed(at=settings.EMBEDDED, durable=durable):
        yield
    if "HEXIAO_TEST_DATA" not in os.environ:
        shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(services: None) -> None:
    """Start the servers before pytest-django makes its database."""


#: Written by the migrations, the same for every test.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> Iterator[None]:
    """Empty, after a test that commits, only the tables that it wrote to.

    Django empties all of them and makes every permission anew: ten times the work.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_tables())
        yield


#: Bytes of the tables written to from which on they are made anew instead of swept.
MUCH = 16 * 2**20


def empty_tables() -> None:
    """Empty the database but for what the migrations have written.

    To truncate makes every file of nearly every table anew, 0.1 s; most tests write few rows.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor)) - KEPT_TABLES
        seen = [
            f'(SELECT \'"{name}"\', pg_relation_size(\'"{name}"\') FROM "{name}" LIMIT 1)'  # noqa: S608  (our own tables)
            for name in sorted(tables)
        ]
        cursor.execute(" UNION ALL ".join(seen))
        written = dict(cursor.fetchall())
        if sum(written.values()) > MUCH:
            cursor.execute(f"TRUNCATE {', '.join(written)} CASCADE")
        elif written:
            # Nothing asks for the order of foreign keys, nor keeps what is only added to.
            sweep = "; ".join(f"DELETE FROM {name}" for name in written)  # noqa: S608
            cursor.execute(f"SET LOCAL session_replication_role = replica; {sweep}")


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let a module's fixtures write what all its tests find; they roll back what they do."""
    with django_db_blocker.unblock():
        yield
        empty_tables()


@pytest.fixture(autouse=True)
def empty_cache(request: pytest.FixtureRequest) -> None:
    """Give each test that has a database an empty Valkey too."""
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        request.getfixturevalue("services")
        cache.clear()


@pytest.fixture
def process_environ(services: None, transactional_db: None) -> dict[str, str]:
    """Return the environment for a process that shares this run's database and Valkey."""
    database = settings.DATABASES["default"]
    environ = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    if settings.EMBEDDED is not None:
        url = settings.EMBEDDED.database_url.rpartition("/")[0]
        environ |= {"DATABASE_URL": f"{url}/{database['NAME']}", "REDIS_URL": settings.REDIS_URL}
    else:
        environ["DATABASE_URL"] = os.environ["DATABASE_URL"].rpartition("/")[0] + (
            f"/{database['NAME']}"
        )
    return environ


@pytest.fixture
def live(services: None, transactional_db: None) -> Iterator[None]:
    """Have a Celery worker taking tasks from the real broker, in a thread."""
    from celery.contrib.testing.worker import start_worker

    from config.celery import app

    with start_worker(
        app, pool="solo", perform_ping_check=False, shutdown_timeout=30, loglevel="WARNING"
    ):
        yield


def chromium() -> str | None:
    """Return the system's Chromium, rather the one that can do without windows."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def skip_unless_ci(reason: str) -> NoReturn:
    """Pass a test over for what this machine lacks; CI lacks nothing, so there it fails."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI tests everything", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def needed_program(request: pytest.FixtureRequest) -> None:
    """Have the program that a test is marked to need."""
    marker = request.node.get_closest_marker("needs")
    if marker is not None and shutil.which(marker.args[0]) is None:
        skip_unless_ci(f"no {marker.args[0]} found")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Have the system's Chromium, driven by Playwright."""
    program = chromium()
    if program is None:
        skip_unless_ci(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    # Playwright keeps an event loop in this thread; Django takes that for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            driven = playwright.chromium.launch(
                executable_path=program, headless=True, args=BROWSER_FLAGS
            )
            yield driven
            driven.close()
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """Have a fresh page in a context of its own."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


#: Folders whose tests take longest, which begin first: none of them is left for the end.
FIRST = ("browser", "faults", "integration", "concurrency")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long files begin first, each as a whole; within a folder the order stays random."""

    def place(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return FIRST.index(folder) if folder in FIRST else len(FIRST)

    items.sort(key=place)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that the browser tests did not run."""
    missed = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if NO_BROWSER in str(report.longrepr)
    ]
    if missed:
        terminalreporter.write_sep(
            "!",
            f"{len(missed)} BROWSER TESTS DID NOT RUN: install Chromium (apt-get install chromium)",
            red=True,
            bold=True,
        )
