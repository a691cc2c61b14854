"""A database that goes away and comes back: told as 503, and forgotten at once.

The API runs in a process of its own, with a PostgreSQL of its own that is really
stopped, killed and started; the requests pass through WSGI as a server makes them,
with the connection kept between them.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.services import lease
from config.services.addresses import addresses

#: When a request is made that works, and how many of them are.
TIMES = {
    "before": 2,
    "reopened": 1,
    "after the cut": 8,
    "started": 1,
    "recovered": 1,
    "after the crash": 3,
}

PROJECT = Path(__file__).resolve().parents[2]

PROGRAM = r"""
import json, os, signal, time
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.db import connection
import httpx
from config.services import lease, postgres
from config.wsgi import application
from redemption import keys
from tests.shop import Shop, cart, order

at = settings.EMBEDDED
TERMINATE = (
    "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

def terminate():
    # Every connection but this one, and wait until they are gone.
    import psycopg
    with psycopg.connect(at.database_url, autocommit=True) as other:
        assert other.execute(TERMINATE).fetchone()[0] >= 1

def start():
    assert lease.revive(at=at)

with lease.borrowed(at=at, durable=False):
    call_command("migrate", verbosity=0)
    shop = Shop.open()
    shop.coupon("ten-off")
    web = httpx.Client(
        transport=httpx.WSGITransport(app=application, raise_app_exceptions=False),
        base_url="http://localhost/api/v1/",
        headers={"Authorization": f"Api-Key {shop.api.key}"},
    )
    def calls(ref): return [
        ("POST", "validations", cart("ten-off"), {}),
        ("POST", "redemptions", order("ten-off", ref=ref), {}),
        ("POST", "redemptions", order("ten-off", ref=ref), {"Idempotency-Key": ref}),
        ("GET", "redemptions", None, {}),
        ("GET", "coupons", None, {}),
        ("POST", "coupons", {"slug": "away", "name": "Away", "kind": "pass"}, {}),
        ("PUT", "customers/away", {}, {}),
        ("POST", "products/bulk", {"products": [{"sku": "away"}]}, {"Idempotency-Key": "p"}),
    ]
    def say(what, *answers):
        for a in answers:
            print(json.dumps([what, a.status_code, a.headers.get("Content-Type"),
                a.headers.get("Retry-After"), a.headers.get("X-Request-Id"),
                a.json() if "json" in a.headers["Content-Type"] else a.text]),
                flush=True)
    def call(method, path, body, headers):
        return web.request(method, path, json=body, headers=headers)
    def price():
        return web.post("validations", json=cart("ten-off"))

    say("before", price())
    kept = connection.connection.info.backend_pid
    say("before", price())
    assert connection.connection.info.backend_pid == kept, "the connection is kept"

    # 1. The server closes the connection between two requests.
    terminate()
    say("reopened", price())
    assert connection.connection.info.backend_pid != kept
    terminate()
    say("reopened by a redemption", web.post("redemptions", json=order("ten-off", ref="back")))

    # 2. It closes the connection in the middle of one.
    look = keys.caller_for
    for method, path, body, headers in calls("cut"):
        def and_close(**given):
            caller = look(**given)
            terminate()
            return caller
        keys._met.clear()
        keys.caller_for = and_close
        say("cut", call(method, path, body, headers))
        keys.caller_for = look
        say("after the cut", price())

    # 3. It is stopped.
    postgres.stop(at=at)
    for each in calls("away"):
        say("stopped", call(*each))
    say("no database needed", web.get("schema/", params={"format": "json"}))
    console = {"Cookie": f"{settings.SESSION_COOKIE_NAME}=somebody"}
    say("stopped for the console", web.get("http://localhost/", headers=console))
    say("stopped again", price())
    start()
    say("started", price())

    # 4. It is killed.
    os.kill(postgres.running(at=at), signal.SIGKILL)
    deadline = time.monotonic() + 20
    while postgres.running(at=at) and time.monotonic() < deadline:
        time.sleep(0.02)
    say("killed", price())
    start()
    say("recovered", price())

    # Nothing of what was refused was done, and all of it can be done now.
    say("nothing", web.get("redemptions"))
    for each in calls("away")[:1] + calls("away")[2:]:
        say("done", call(*each))

    # 5. One of its own processes dies, so it ends them all and goes on.
    def crash():
        import psycopg, select
        mine = select.poll()
        mine.register(connection.connection.fileno(), select.POLLRDHUP)
        other = psycopg.connect(at.database_url)
        os.kill(other.info.backend_pid, signal.SIGKILL)
        assert mine.poll(20_000)
    def recovered():
        deadline = time.monotonic() + 20
        while price().status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    for number, which in enumerate((0, 2, 6)):
        crash()
        say("crashed", call(*calls(f"crash-{number}")[which]))
        recovered()
        say("after the crash", price())
"""


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, list[list[Any]]]]:
    """Run the program, and sort what it says by what was going on."""
    folder = Path(tempfile.mkdtemp(prefix="hexiao-test-", dir="/tmp"))
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "HEXIAO_TEST_DATA")
    }
    try:
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=PROJECT,
            env=environ
            | {
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "HEXIAO_DATA": str(folder),
                "HEXIAO_LOG_LEVEL": "ERROR",
            },
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert run.returncode == 0, run.stderr[-3000:]
        answers: dict[str, list[list[Any]]] = {}
        for line in run.stdout.splitlines():
            if line.startswith("["):
                what, *answer = json.loads(line)
                answers.setdefault(what, []).append(answer)
        yield answers
    finally:
        lease.stop_unused(at=addresses(data=folder))
        shutil.rmtree(folder, ignore_errors=True)


def unavailable(answer: list[Any]) -> None:
    status, kind, retry_after, request_id, body = answer
    assert (status, body["code"]) == (503, "database_unavailable"), answer
    assert kind == "application/problem+json"
    assert retry_after == "2"
    assert len(request_id) == 36


def priced(answer: list[Any]) -> None:
    assert answer[0] == 200, answer
    assert answer[4]["discount"] == "10.00"


def test_a_stopped_database_is_a_503_with_retry_after_everywhere(told: Any) -> None:
    assert len(told["stopped"]) == 8
    for answer in told["stopped"] + told["stopped again"]:
        unavailable(answer)


def test_the_console_says_so_on_a_page(told: Any) -> None:
    [(status, kind, retry_after, _, page)] = told["stopped for the console"]
    assert (status, kind, retry_after) == (503, "text/html; charset=utf-8", "2")
    assert "The database cannot be reached" in page


def test_what_needs_no_database_goes_on(told: Any) -> None:
    assert [answer[0] for answer in told["no database needed"]] == [200]


@pytest.mark.parametrize("when", TIMES)
def test_the_next_request_works(told: Any, when: str) -> None:
    for answer in told[when]:
        priced(answer)
    assert len(told[when]) == TIMES[when]


def test_a_redemption_too_opens_the_connection_again(told: Any) -> None:
    assert [answer[0] for answer in told["reopened by a redemption"]] == [201]


def test_a_connection_cut_in_the_middle_of_a_request_is_a_503(told: Any) -> None:
    validation, redemption, with_key, *others = told["cut"]
    assert len(others) == 5
    for answer in others:
        unavailable(answer)
    # A checkout begins with one read, which is simply asked again.
    priced(validation)
    assert (redemption[0], with_key[0]) == (201, 200), (redemption, with_key)


def test_a_killed_database_is_a_503(told: Any) -> None:
    (answer,) = told["killed"]
    unavailable(answer)


def test_a_database_that_crashed_under_a_connection_is_a_503(told: Any) -> None:
    assert len(told["crashed"]) == 3
    for answer in told["crashed"]:
        # One that is back already is asked again.
        if answer[0] not in (200, 201):
            unavailable(answer)


def test_nothing_was_done_meanwhile_and_everything_can_be_done_after(told: Any) -> None:
    # But for those that were redeemed while it was there.
    assert [kept["order"] for kept in told["nothing"][0][4]["results"]] == ["cut", "back"]
    assert [answer[0] for answer in told["done"]] == [200, 201, 200, 200, 201, 200, 200]
    assert told["done"][6][4] == {"created": 1, "updated": 0, "errors": []}
