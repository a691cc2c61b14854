"""A key and its successor; and that what ends a key ends it on every process at once."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone

from coupons.errors import Invalid, WrongState
from coupons.models import Channel, JournalEntry
from redemption import keys
from redemption.models import ApiKey, KeyUse
from tests.people import People
from tests.shop import NOW, Api, Shop, cart

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def rotate(key: ApiKey, hours: int = 24, **more: Any) -> tuple[ApiKey, str]:
    return keys.rotate(**{"key": key, "overlap_hours": hours, "by": "system", "at": NOW, **more})


def made(shop: Shop, **options: Any) -> tuple[ApiKey, str]:
    return keys.create(
        merchant=shop.merchant, name="Till", scopes=["checkout"], by="system", at=NOW, **options
    )


def test_a_successor_may_do_the_same_and_the_old_key_ends_after_the_overlap(shop: Shop) -> None:
    channel = Channel.objects.create(merchant=shop.merchant, slug="web", name="Web")
    old, first = made(
        shop, method="api", channel=channel, allowed_networks=["10.0.0.0/8"], rate_per_minute=7
    )
    new, second = rotate(old)
    assert first != second
    for name in ("merchant", "name", "scopes", "method", "channel", "rate_per_minute"):
        assert getattr(new, name) == getattr(old, name)
    assert new.allowed_networks == ["10.0.0.0/8"]
    assert (new.expires_at, new.successor, new.created_at) == (None, None, NOW)
    assert (old.successor, old.expires_at) == (new, NOW + timedelta(hours=24))
    for hours, works in ((0, True), (23, True), (24, False), (1000, False)):
        at = NOW + timedelta(hours=hours)
        assert (keys.caller_for(key=first, at=at) is not None) is works
        assert (keys.remembered(key=first, at=at) is not None) is works
        assert keys.caller_for(key=second, at=at) is not None
    entry = JournalEntry.objects.get(type="api_key.rotated")
    assert entry.data == {"prefix": old.prefix, "successor": new.prefix, "name": "Till"}


def test_an_earlier_end_of_the_old_key_stays_and_the_successor_has_it_too(shop: Shop) -> None:
    old, _ = made(shop)
    end = NOW + timedelta(hours=2)
    ApiKey.objects.update(expires_at=end)
    old.refresh_from_db()
    new, _ = rotate(old)
    assert (old.expires_at, new.expires_at) == (end, end)


def test_a_remembered_key_ends_without_overlap_at_the_next_call(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    row = ApiKey.objects.get()
    clock = {"X_Test_Clock": (NOW + timedelta(seconds=1)).isoformat()}
    for _ in range(2):
        assert shop.api.post("validations", cart(), **clock).status == 200
    _, new = rotate(row, 0)
    assert shop.api.post("validations", cart(), **clock).status == 401
    assert Api(new).post("validations", cart(), **clock).status == 200


def test_a_remembered_key_ends_when_the_overlap_does(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    rotate(ApiKey.objects.get(), 2)
    for hours, status in ((1, 200), (1, 200), (2, 401), (1, 200)):
        clock = (NOW + timedelta(hours=hours)).isoformat()
        assert shop.api.post("validations", cart(), X_Test_Clock=clock).status == status


@pytest.mark.parametrize("hours", [-1, 721, 10**12])
def test_an_overlap_out_of_bounds_changes_nothing(shop: Shop, hours: int) -> None:
    row = ApiKey.objects.get()
    with pytest.raises(Invalid):
        rotate(row, hours)
    assert ApiKey.objects.get().expires_at is None


@pytest.mark.parametrize("rate", [0, -1, 1_000_001])
def test_a_rate_out_of_bounds_changes_nothing(shop: Shop, rate: int) -> None:
    with pytest.raises(Invalid):
        made(shop, rate_per_minute=rate)
    row = ApiKey.objects.get()
    with pytest.raises(Invalid):
        keys.limit(key=row, allowed_networks=[], rate_per_minute=rate, by="system", at=NOW)
    assert ApiKey.objects.get().rate_per_minute is None


@pytest.mark.parametrize("how", ["revoked", "ended", "rotated"])
def test_a_key_that_has_ended_or_has_a_successor_gets_none(shop: Shop, how: str) -> None:
    row = ApiKey.objects.get()
    if how == "revoked":
        keys.revoke(key=row, by="system", at=NOW)
    elif how == "ended":
        ApiKey.objects.update(expires_at=NOW)
    else:
        rotate(row)
    before = ApiKey.objects.count()
    with pytest.raises(WrongState):
        rotate(row)
    assert ApiKey.objects.count() == before


def rotated_at_once(row: ApiKey, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Rotate a key six times at the same moment, all before anybody has written."""
    together = threading.Barrier(6)
    drawn = keys._drawn

    def drawn_together(**given: Any) -> Any:
        found = drawn(**given)
        with suppress(threading.BrokenBarrierError):
            together.wait(10)
        return found

    monkeypatch.setattr(keys, "_drawn", drawn_together)

    def one(_: int) -> str:
        try:
            rotate(ApiKey.objects.select_related("merchant").get(pk=row.pk))
        except WrongState:
            return "refused"
        else:
            return "rotated"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        return sorted(pool.map(one, range(6)))


def test_two_successors_at_once_are_made_without_the_guard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "_unreplaced", lambda rows: rows)
    assert rotated_at_once(ApiKey.objects.get(), monkeypatch).count("rotated") > 1


def test_of_many_rotations_at_once_one_succeeds(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = rotated_at_once(ApiKey.objects.get(), monkeypatch)
    assert told == ["refused"] * 5 + ["rotated"]
    assert ApiKey.objects.count() == 2


# --- the command ---


def command(*words: str) -> str:
    out = StringIO()
    call_command("api_key", *words, stdout=out)
    return out.getvalue().strip()


def test_the_command_makes_a_bound_key_and_its_successor(shop: Shop) -> None:
    key = command(
        *("--merchant=acme", "--name=Till", "--scopes=checkout, redeem", "--rate=9"),
        *("--from=10.0.0.0/8,2001:db8::/32",),
    )
    row = ApiKey.objects.get(prefix=key[:8])
    assert row.allowed_networks == ["10.0.0.0/8", "2001:db8::/32"]
    assert row.rate_per_minute == 9
    new = command("--rotate", row.prefix, "--overlap-hours=1")
    row.refresh_from_db()
    assert row.successor.prefix == new[:8]
    assert timedelta(minutes=59) < row.expires_at - timezone.now() <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--rotate", "nothing0"], "There is no key nothing0."),
        (["--rotate", "{prefix}", "--overlap-hours=-1"], "overlap_hours: Send a whole number"),
        (["--rotate", "{prefix}", "--name=Other"], "leave out --name"),
        (["--name=Till", "--scopes=checkout"], "Give --merchant, or --rotate."),
        (["--merchant=nobody", "--name=T", "--scopes=checkout"], "no merchant nobody"),
        (["--merchant=acme", "--name=T", "--scopes=all"], "scopes: Unknown: all."),
        (["--merchant=acme", "--name=T", "--scopes=checkout", "--from=x"], "allowed_networks.0"),
        (["--merchant=acme", "--name=T", "--scopes=checkout", "--rate=0"], "rate_per_minute"),
    ],
)
def test_the_command_says_what_is_wrong_and_makes_nothing(
    shop: Shop, words: list[str], told: str
) -> None:
    prefix = ApiKey.objects.get().prefix
    with pytest.raises(CommandError) as refused:
        command(*(word.format(prefix=prefix) for word in words))
    assert told in str(refused.value)
    assert ApiKey.objects.count() == 1


# --- two processes ---

PROCESS = """
import json, sys
import django
django.setup()
from django.test import Client
from redemption import keys
client = Client(headers={"Authorization": f"Api-Key {sys.argv[1]}"})
body = {"currency": "USD", "lines": []}
for line in sys.stdin:
    answer = client.post("/api/v1/validations", body, content_type="application/json")
    print(json.dumps([answer.status_code, len(keys._met)]), flush=True)
"""


class Process:
    """A web process of its own, asked for a validation at a time."""

    def __init__(self, key: str, environ: dict[str, str]) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-c", PROCESS, key],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def validate(self) -> list[int]:
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write("now\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())


@pytest.fixture
def processes(shop: Shop, process_environ: dict[str, str]) -> Iterator[list[Process]]:
    started = [Process(shop.api.key or "", process_environ) for _ in range(2)]
    yield started
    for process in started:
        process.child.communicate(timeout=20)


@pytest.mark.parametrize("how", ["revoked", "rotated", "bound"])
def test_what_ends_a_key_ends_it_at_the_next_call_on_every_process(
    shop: Shop, processes: list[Process], how: str
) -> None:
    row, now = ApiKey.objects.get(), timezone.now()
    for process in processes * 2:
        assert process.validate() == [200, 1], "the process remembers the key"
    if how == "revoked":
        keys.revoke(key=row, by="system", at=now)
    elif how == "rotated":
        rotate(row, 0, at=now)
    else:
        keys.limit(
            key=row, allowed_networks=["10.0.0.0/8"], rate_per_minute=None, by="system", at=now
        )
    for process in processes:
        assert process.validate()[0] == (403 if how == "bound" else 401)


# --- the console ---


@pytest.fixture
def people() -> People:
    return People.meet()


def test_the_console_binds_a_key_and_replaces_it(people: People) -> None:
    alice = people.alice
    shown = alice.post(
        "/redemption/apikey/add/",
        name="Till",
        scopes=["checkout"],
        method="automatic",
        allowed_networks="10.0.0.0/8\n2001:db8::/32",
        rate_per_minute="",
    )
    row = ApiKey.objects.get()
    assert row.allowed_networks == ["10.0.0.0/8", "2001:db8::/32"]
    key = shown.context["key"]
    page = f"/redemption/apikey/{row.pk}"
    saved = alice.post(f"{page}/limits/", allowed_networks="192.0.2.7", rate_per_minute="120")
    assert saved.status_code == 302
    row.refresh_from_db()
    assert (row.allowed_networks, row.rate_per_minute) == (["192.0.2.7/32"], 120)
    KeyUse.objects.create(
        api_key=row, merchant=people.acme, last_used_at=NOW, address="198.51.100.4"
    )
    for address in (f"{page}/change/", "/redemption/apikey/"):
        text = alice.get(address).content.decode()
        assert "2026-03-04 12:00" in text
        assert "198.51.100.4" in text
    replaced = alice.post(f"{page}/rotate/", overlap_hours="2")
    assert replaced.context["key"] not in (None, key)
    assert "no-store" in replaced["Cache-Control"]
    row.refresh_from_db()
    text = alice.get(f"{page}/change/").content.decode()
    assert row.successor.prefix in text
    assert "192.0.2.7/32" in text
    assert f"{page}/rotate/" not in text
    again = alice.post(f"{page}/rotate/", overlap_hours="2")
    assert "successor already" in again.content.decode()
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize(
    ("step", "form", "field"),
    [
        ("limits", {"allowed_networks": "10.0.0.0/8\nnowhere"}, "allowed_networks"),
        ("limits", {"allowed_networks": "10.0.0.1/8"}, "allowed_networks"),
        ("limits", {"rate_per_minute": "0"}, "rate_per_minute"),
        ("limits", {"rate_per_minute": "many"}, "rate_per_minute"),
        ("rotate", {"overlap_hours": "-1"}, "overlap_hours"),
        ("rotate", {"overlap_hours": "721"}, "overlap_hours"),
        ("rotate", {"overlap_hours": "x"}, "overlap_hours"),
        ("rotate", {}, "overlap_hours"),
    ],
)
def test_the_console_says_what_is_wrong_at_the_field_and_changes_nothing(
    people: People, step: str, form: dict[str, str], field: str
) -> None:
    row, _ = keys.create(
        merchant=people.acme, name="Till", scopes=["checkout"], by="system", at=NOW
    )
    before = ApiKey.objects.values().get()
    answer = people.alice.post(f"/redemption/apikey/{row.pk}/{step}/", **form, sent="yes")
    assert list(answer.context["form"].errors) == [field]
    assert ApiKey.objects.values().get() == before


@pytest.mark.parametrize("step", ["limits", "rotate", "revoke"])
def test_only_owners_of_the_shop_touch_its_keys(people: People, step: str) -> None:
    row, _ = keys.create(
        merchant=people.acme, name="Till", scopes=["checkout"], by="system", at=NOW
    )
    for person in (people.bob, people.charlie):
        address = f"/redemption/apikey/{row.pk}/{step}/"
        assert person.get(address).status_code == 404
        assert person.post(address, overlap_hours="1", rate_per_minute="5").status_code == 404
    assert ApiKey.objects.values_list("successor", "rate_per_minute", "revoked_at").get() == (
        None,
        None,
        None,
    )
