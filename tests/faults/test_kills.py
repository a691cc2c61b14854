"""Kill -9 in the middle of a load: what was acknowledged is there once, and adds up."""

import os
import signal
from collections.abc import Callable

import psutil
import pytest

from config.services import lease, valkey
from tests.faults.conftest import Installation
from tests.faults.load import Load
from tests.running import wait_until

pytestmark = pytest.mark.timeout(180)

ORDERS = 120
#: Of the shared code; nearly a hundred orders want it.
LIMIT = 40
#: The fault comes after so many answers.
AFTER = 50

#: Prints a line for each counter that says another thing than the ledger.
RECOUNT = """
import django
django.setup()
from redemption.reconciling import differences
for each in differences():
    print(each)
"""


@pytest.fixture
def load(installation: Installation, request: pytest.FixtureRequest) -> Load:
    """Have coupons of the test's own, and shoppers who want them."""
    wait_until(installation.run.ready)
    name = request.node.name.removeprefix("test_").replace("_", "-")[:40]
    load = Load(url=installation.run.url, key=installation.key, name=name, orders=ORDERS)
    publish(
        installation,
        load.limited,
        code=load.limited,
        limits={"uses": LIMIT, "budget": {"USD": "9999.00"}},
    )
    publish(installation, f"{name}-unique")
    codes = sorted({load.code(number) for number in range(ORDERS)})
    assert installation.call(f"coupons/{name}-unique/codes", {"codes": codes}).status_code == 202
    return load


def publish(installation: Installation, slug: str, **definition: object) -> None:
    body = {"slug": slug, "name": slug, "kind": "amount_off", "value": {"USD": "10.00"}}
    assert installation.call("coupons", body | definition).status_code == 201
    assert installation.call(f"coupons/{slug}/publish", {}).status_code == 200


def holds_after(installation: Installation, load: Load, fault: Callable[[], None]) -> None:
    """Have the fault in the middle of the load, and see that everything holds after it."""
    load.run(fault=fault, after=AFTER)
    wait_until(installation.run.ready)

    # 1. What was acknowledged is there exactly once, and nothing else is.
    kept = installation.sql(
        "SELECT order_ref, status FROM redemption_redemption WHERE order_ref LIKE %s",
        [f"{load.name}-%"],
    )
    assert sorted(kept) == sorted(load.expected.items())

    # 2. Whoever asks again under the same key is answered the same.
    with load.client() as web:
        for told in load.acknowledged:
            again = web.post(told.path, json=told.body, headers={"Idempotency-Key": told.key})
            assert (again.status_code, again.json()) == (told.status, told.answer)

        # 3. Of what there is a limit of, all that is left can be redeemed, and no more.
        standing = LIMIT - taken(installation, load)
        for number in range(standing + 1):
            body = {**load.acknowledged[0].body, "order": f"rest-{load.name}-{number}"}
            body |= {"codes": [load.limited], "hold": False}
            assert web.post("redemptions", json=body).status_code == (
                201 if number < standing else 422
            )
    assert taken(installation, load) == LIMIT

    # 4. Every count says what the ledger says.
    assert installation.program(RECOUNT) == ""


def taken(installation: Installation, load: Load) -> int:
    (uses,) = installation.sql(
        "SELECT n.uses FROM coupons_couponcounter n JOIN coupons_coupon c ON c.id = n.coupon_id"
        " WHERE c.slug = %s",
        [load.limited],
    )
    return int(uses[0])


def test_a_killed_web_process_loses_nothing(installation: Installation, load: Load) -> None:
    run = installation.run

    def kill() -> None:
        web = run.parts()["web"]
        workers = [pid for pid in web if psutil.Process(pid).ppid() in web]
        os.kill(workers[0], signal.SIGKILL)
        wait_until(lambda: len(set(run.parts()["web"]) - set(web)) == 1)

    holds_after(installation, load, kill)


def test_a_killed_database_loses_nothing(installation: Installation, load: Load) -> None:
    run = installation.run

    def kill() -> None:
        database = run.servers()[0]
        assert database is not None
        os.kill(database, signal.SIGKILL)
        wait_until(lambda: run.servers()[0] not in (None, database))

    holds_after(installation, load, kill)
    assert load.failures > 0


def test_without_valkey_everything_is_answered_and_counted(
    installation: Installation, load: Load
) -> None:
    at = installation.run.at

    def stop() -> None:
        with lease._gate(at=at):  # nobody starts it again meanwhile
            valkey.stop(at=at)
            wait_until(lambda: len(load.acknowledged) >= AFTER + 60)
            assert valkey.running(at=at) is None

    holds_after(installation, load, stop)
    assert load.failures == 0


def test_a_valkey_that_hangs_stops_nobody(installation: Installation, load: Load) -> None:
    server = installation.run.servers()[1]
    assert server is not None

    def hang() -> None:
        os.kill(server, signal.SIGSTOP)
        try:
            wait_until(lambda: len(load.acknowledged) >= AFTER + 60)
        finally:
            os.kill(server, signal.SIGCONT)

    holds_after(installation, load, hang)
    assert load.failures == 0


def test_a_killed_worker_makes_every_code_once(installation: Installation) -> None:
    run, total = installation.run, 100_000
    publish(installation, "many")
    job = installation.call("coupons/many/codes", {"count": total}).json()["id"]

    def done() -> int:
        ((count,),) = installation.sql("SELECT done FROM coupons_job WHERE id = %s", [job])
        return int(count)

    wait_until(done)
    os.kill(run.parts()["worker"][0], signal.SIGKILL)
    assert 0 < done() < total
    assert run.ended() == 1
    run.start()
    assert "unfinished tasks of a killed worker again" in run.said()
    wait_until(lambda: done() == total)
    (made,) = installation.sql(
        "SELECT count(*), count(DISTINCT d.text), n.issued"
        "  FROM coupons_code d JOIN coupons_coupon c ON c.id = d.coupon_id"
        "  JOIN coupons_couponcounter n ON n.coupon_id = c.id"
        " WHERE c.slug = 'many' GROUP BY n.issued"
    )
    assert made == (total, total, total)
