"""How often a key may call, and what is known of its last use."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coupons import valkey
from redemption import keys, metering
from redemption.models import ApiKey, KeyUse
from redemption.tasks import flush_key_uses
from tests.shop import NOW, Shop, cart

pytestmark = pytest.mark.django_db(transaction=True)

#: Half past a minute, in seconds since 1970.
THEN = 1_772_000_010


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


@pytest.fixture
def another_process(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Forget what this process has counted, as one that has just begun."""

    def begin() -> None:
        monkeypatch.setattr(metering, "_counts", {})
        monkeypatch.setattr(metering, "_noted", {})

    begin()
    return begin


def early_in_a_minute() -> None:
    if time.time() % 60 > 50:
        time.sleep(61 - time.time() % 60)


def call(prefix: str, *, most: int, now: float = THEN, address: str = "192.0.2.1") -> int:
    return metering.call(prefix=prefix, most=most, address=address, now=now)


def test_a_key_above_its_rate_is_told_when_to_come_back(shop: Shop) -> None:
    api = shop.with_scopes("checkout", "manage", rate_per_minute=3)
    early_in_a_minute()
    assert [api.post("validations", cart()).status for _ in range(2)] == [200, 200]
    assert api.get("coupons").status == 200
    for refused in (api.post("validations", cart()), api.get("coupons")):
        assert (refused.status, refused.code) == (429, "too_many_requests")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert refused.body["detail"] == "The key may make 3 calls a minute."
    assert shop.api.post("validations", cart()).status == 200


def test_a_key_without_a_rate_has_that_of_the_settings(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_RATE_PER_MINUTE = 1
    api = shop.with_scopes("manage")
    early_in_a_minute()
    assert [api.get("coupons").status for _ in range(3)] == [200, 429, 429]


def test_the_test_clock_does_not_lift_the_rate(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    api = shop.with_scopes("manage", rate_per_minute=1)
    early_in_a_minute()
    assert api.get("coupons").status == 200
    for minute in range(3):
        clock = f"2027-01-01T00:0{minute}:00+00:00"
        assert api.get("coupons", X_Test_Clock=clock).status == 429


def test_the_document_and_a_call_without_a_key_are_not_counted(shop: Shop) -> None:
    shop.api.key = None
    assert shop.api.get("schema/").status == 200
    assert shop.api.get("coupons").status == 401


def test_a_small_rate_is_exact_over_all_processes(another_process: Any) -> None:
    allowed = 0
    for _ in range(4):
        another_process()
        allowed += sum(call("exactkey", most=10) == 0 for _ in range(5))
    assert allowed == 10


def test_a_large_rate_holds_to_a_hundredth_per_process(another_process: Any) -> None:
    allowed = 0
    for _ in range(3):
        another_process()
        allowed += sum(call("largekey", most=1000) == 0 for _ in range(500))
    assert 1000 <= allowed <= 1000 + 3 * 10


def test_the_next_minute_begins_anew_and_the_wait_leads_there(another_process: Any) -> None:
    assert [call("minutely", most=2) for _ in range(3)] == [0, 0, 30]
    assert call("minutely", most=2, now=THEN + 29) == 1
    assert call("minutely", most=2, now=THEN + 30) == 0


def test_one_key_does_not_take_from_another(another_process: Any) -> None:
    assert [call("first", most=1), call("first", most=1)] == [0, 30]
    assert call("second", most=1) == 0


def test_many_at_once_pass_no_more_than_the_rate(another_process: Any) -> None:
    together = threading.Barrier(16)

    def burst(_: int) -> int:
        together.wait(10)
        return sum(call("burstkey", most=50) == 0 for _ in range(20))

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(burst, range(16))) == 50


def test_most_calls_tell_valkey_nothing(
    another_process: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = []
    asked = valkey.asked
    monkeypatch.setattr(valkey, "asked", lambda fill: trips.append(1) or asked(fill))
    for n in range(6_000):
        assert call("busykey", most=6_000, now=THEN + n / 6_000) == 0
    assert len(trips) <= 102


# --- without Valkey ---


@pytest.fixture
def silent() -> Iterator[str]:
    """Have an address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.mark.parametrize("how", ["closed", "silent"])
def test_without_valkey_calls_go_on_and_hardly_wait(
    shop: Shop, settings: Any, silent: str, how: str
) -> None:
    shop.coupon("ten-off")
    gone = "unix:///tmp/there-is-no-such-socket" if how == "closed" else silent
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": gone}}
    slow = 0
    for n in range(20):
        started = time.monotonic()
        wrong = shop.api.post("validations", cart("ten-off", f"WRONG{n}", customer="C-1"))
        slow += time.monotonic() - started > 0.15
        assert [each["reason"] for each in wrong.body["rejected"]] == ["code_not_found"]
    assert slow <= 3


def test_without_valkey_a_process_goes_by_its_own_count(
    settings: Any, another_process: Any
) -> None:
    gone = "unix:///tmp/there-is-no-other-socket"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": gone}}
    assert [call("lonely", most=2) for _ in range(3)] == [0, 0, 30]


# --- last used ---


def test_the_last_use_is_written_down_by_beat_and_leaves_the_key_as_it_was(
    shop: Shop, another_process: Any
) -> None:
    shop.coupon("ten-off")
    api = shop.with_scopes("checkout")
    api.client.defaults["REMOTE_ADDR"] = "2001:db8::7"
    started = datetime.now(UTC).replace(microsecond=0)
    for _ in range(3):
        assert api.post("validations", cart("ten-off")).status == 200
    assert not KeyUse.objects.exists()
    row = ApiKey.objects.latest("pk")
    before = ApiKey.objects.extra(select={"x": "xmin::text"}).get(pk=row.pk).x
    flush_key_uses()
    flush_key_uses()
    use = KeyUse.objects.of(shop.merchant).get(api_key=row)
    assert started <= use.last_used_at <= datetime.now(UTC)
    assert use.address == "2001:db8::7"
    assert ApiKey.objects.extra(select={"x": "xmin::text"}).get(pk=row.pk).x == before


def test_a_process_tells_of_a_key_once_a_minute(shop: Shop, another_process: Any) -> None:
    _, key = keys.create(merchant=shop.merchant, name="a", scopes=["manage"], by="system", at=NOW)
    prefix = key[:8]
    for now, address in (
        (THEN, "192.0.2.1"),
        (THEN + 5, "192.0.2.2"),
        (THEN + 31, "192.0.2.3"),
        (THEN + 40, "192.0.2.4"),
    ):
        call(prefix, most=1, now=now, address=address)
    assert metering.flush(now=THEN + 50) == 1
    use = KeyUse.objects.get()
    assert (use.last_used_at, use.address) == (
        datetime.fromtimestamp(THEN + 31, tz=UTC),
        "192.0.2.3",
    )


def test_an_older_use_does_not_overwrite_a_later_one(shop: Shop, another_process: Any) -> None:
    _, key = keys.create(merchant=shop.merchant, name="a", scopes=["manage"], by="system", at=NOW)
    later = datetime.fromtimestamp(THEN, tz=UTC) + timedelta(hours=1)
    KeyUse.objects.create(
        api_key=ApiKey.objects.get(prefix=key[:8]), merchant=shop.merchant, last_used_at=later
    )
    call(key[:8], most=5)
    assert metering.flush(now=THEN) == 1
    assert KeyUse.objects.get().last_used_at == later


def test_a_call_after_the_revocation_is_no_use(shop: Shop, another_process: Any) -> None:
    row, _ = keys.create(merchant=shop.merchant, name="a", scopes=["manage"], by="system", at=NOW)
    keys.revoke(key=row, by="system", at=datetime.fromtimestamp(THEN - 1, tz=UTC))
    call(row.prefix, most=5)
    call("nobodys1", most=5, address="")
    assert metering.flush(now=THEN) == 2
    assert not KeyUse.objects.exists()
