"""Webhooks from the change to the receiver: signed, repeated, given up, sent again."""

import json
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connections, transaction
from standardwebhooks import Webhook, WebhookVerificationError

from coupons import journal
from coupons.models import Coupon, JournalEntry
from redemption.models import WebhookDelivery, WebhookEndpoint
from redemption.webhooks import addresses, deliveries, endpoints, folding, posting, sending
from tests.receiver import Receiver, listening
from tests.shop import Shop, cart, order

pytestmark = pytest.mark.django_db(transaction=True)

State = WebhookDelivery.State


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


def hears(shop: Shop, url: str, *types: str, coupon: str | None = None) -> WebhookEndpoint:
    return endpoints.create(
        merchant=shop.merchant,
        address=addresses.looked_at(url=url, private=True),
        types=types,
        coupon=coupon,
        by="staff:alice",
        at=now(),
    )


def now() -> datetime:
    return datetime.now(UTC)


def send(at: datetime | None = None) -> int:
    """Do what the task does, at a time."""
    folding.catch_up(at=at or now())
    return sending.send_due(private=True, clock=lambda: at or now(), seconds=1)


def told(*types: str) -> list[tuple[str, dict[str, Any]]]:
    bodies = [json.loads(row.body) for row in WebhookDelivery.objects.order_by("id")]
    return [(body["type"], body["data"]) for body in bodies]


def only() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


# --- what is told ------------------------------------------------------------------


def test_a_redemption_arrives_signed_as_the_reference_library_verifies(
    shop: Shop, receiver: Receiver
) -> None:
    endpoint = hears(shop, receiver.url, "redemption.created")
    shop.coupon()
    done = shop.api.post("redemptions", order("ten-off", customer="C-1", shipping="8.00"))

    assert send() == 1

    (call,) = receiver.received
    body = Webhook(endpoint.secret).verify(call.body, call.headers)
    entry = JournalEntry.objects.get(type="redemption.created")
    assert body == {
        "id": call.headers["webhook-id"],
        "type": "redemption.created",
        "timestamp": entry.at.isoformat(),
        "data": {
            "id": done.body["id"],
            "order": "O-1",
            "status": "redeemed",
            "customer": "C-1",
            "currency": "USD",
            "subtotal": "99.98",
            "discount": "10.00",
            "shipping_discount": "0.00",
            "coupons": [
                {
                    "code": "TENOFF",
                    "coupon": "ten-off",
                    "discount": "10.00",
                    "shipping_discount": "0.00",
                }
            ],
            "is_test": False,
            "created_at": entry.at.isoformat(),
        },
    }
    assert (call.path, call.headers["Content-Type"]) == ("/hooks", "application/json")
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoints.new_secret()).verify(call.body, call.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(call.body.replace("10.00", "90.00"), call.headers)
    row = only()
    assert (row.state, row.attempts, row.last_status, row.last_answer) == (
        "delivered", 1, 200, "ok",
    )  # fmt: skip
    assert send() == 0
    assert len(receiver.received) == 1


def test_a_hold_is_told_as_it_was_and_so_is_what_became_of_it(
    shop: Shop, receiver: Receiver
) -> None:
    hears(shop, receiver.url)
    shop.coupon(kind="percent_off", percent="10")
    held = shop.api.post("redemptions", order("ten-off", hold=True)).body
    let_go = shop.api.post("redemptions", order("ten-off", ref="O-2", hold=True)).body
    half = {**cart("ten-off"), "lines": cart()["lines"][:1]}
    paid = shop.api.post(f"redemptions/{held['id']}/confirmation", half)
    assert paid.status == 200, paid
    assert shop.api.post(f"redemptions/{let_go['id']}/release").status == 200

    folding.catch_up(at=now())

    assert [
        (type, data["order"], data["status"], data["subtotal"], data["discount"],
         data["coupons"][0]["code"], data["coupons"][0]["discount"])
        for type, data in told()
        if type.startswith("redemption.")
    ] == [
        ("redemption.held", "O-1", "held", "99.98", "10.00", "TENOFF", "10.00"),
        ("redemption.held", "O-2", "held", "99.98", "10.00", "TENOFF", "10.00"),
        ("redemption.created", "O-1", "redeemed", "39.98", "4.00", "TENOFF", "4.00"),
        ("redemption.released", "O-2", "released", "99.98", "10.00", "TENOFF", "10.00"),
    ]  # fmt: skip


def test_a_coupons_life_is_told_by_slug_name_and_state(shop: Shop, receiver: Receiver) -> None:
    hears(shop, receiver.url)
    shop.coupon("soon", starts_at="2999-01-01T00:00:00+00:00")
    shop.coupon("ten-off")
    for step in ("pause", "resume", "end"):
        assert shop.api.post(f"coupons/ten-off/{step}").status == 200

    folding.catch_up(at=now())

    ten = {"slug": "ten-off", "name": "Ten-Off", "kind": "amount_off"}
    assert told() == [
        (
            "coupon.published",
            {"slug": "soon", "name": "Soon", "kind": "amount_off", "state": "scheduled"},
        ),
        ("coupon.published", {**ten, "state": "live"}),
        ("coupon.paused", {**ten, "state": "paused"}),
        ("coupon.ended", {**ten, "state": "ended"}),
    ]


def test_what_other_parts_write_is_told_by_its_name(shop: Shop, receiver: Receiver) -> None:
    hears(shop, receiver.url)
    shop.coupon(publish=False)
    coupon = Coupon.objects.get()
    with transaction.atomic():
        journal.record(
            merchant=shop.merchant, type="code.claimed", actor="system", at=now(), coupon=coupon,
            code=coupon.codes.get(), customer_ref="C-7",
        )  # fmt: skip
        journal.record(
            merchant=shop.merchant, type="batch.finished", actor="system", at=now(),
            data={"id": "b1", "total": 3, "currency": "JPY", "given_minor": 1500, "rows": [1]},
        )  # fmt: skip

    folding.catch_up(at=now())

    assert told() == [
        ("code.claimed", {"code": "TENOFF", "coupon": "ten-off", "customer": "C-7"}),
        ("batch.finished", {"id": "b1", "total": 3, "currency": "JPY", "given": "1500"}),
    ]


def test_an_endpoint_hears_of_its_types_and_its_coupon_only(shop: Shop, receiver: Receiver) -> None:
    shop.coupon("ten-off")
    shop.coupon("other")
    heard = {
        "all": hears(shop, receiver.url),
        "pauses": hears(shop, receiver.url, "coupon.paused"),
        "other": hears(shop, receiver.url, coupon="other"),
        "nothing": hears(Shop.open("elsewhere"), receiver.url),
    }
    shop.api.post("redemptions", order("other"))
    shop.api.post("coupons/ten-off/pause")

    folding.catch_up(at=now())

    got = {
        name: list(endpoint.deliveries.order_by("id").values_list("type", flat=True))
        for name, endpoint in heard.items()
    }
    assert got == {
        "all": ["redemption.created", "coupon.paused"],
        "pauses": ["coupon.paused"],
        "other": ["redemption.created"],
        "nothing": [],
    }
    # One event has one id, whoever hears of it.
    paused = WebhookDelivery.objects.filter(type="coupon.paused")
    assert len(set(paused.values_list("event", flat=True))) == 1


def test_an_endpoint_hears_of_nothing_before_it_nor_while_it_is_off(
    shop: Shop, receiver: Receiver
) -> None:
    shop.coupon()
    endpoint = hears(shop, receiver.url)
    endpoints.disable(endpoint=endpoint, by="staff:alice", at=now())
    shop.api.post("coupons/ten-off/pause")
    folding.catch_up(at=now())
    endpoints.enable(endpoint=endpoint, by="staff:alice", at=now())
    shop.api.post("coupons/ten-off/resume")
    shop.api.post("coupons/ten-off/end")
    folding.catch_up(at=now())
    assert [type for type, _ in told()] == ["coupon.ended"]


# --- exactly once into deliveries --------------------------------------------------


def test_an_entry_that_commits_late_is_not_missed_and_none_comes_twice(
    shop: Shop, receiver: Receiver
) -> None:
    hears(shop, receiver.url)
    written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                note(shop, "late")
                written.set()
                may_commit.wait(10)
        finally:
            connections.close_all()

    folding.catch_up(at=now())
    thread = threading.Thread(target=slow_writer)
    thread.start()
    try:
        assert written.wait(10)
        with transaction.atomic():
            note(shop, "early")  # a greater id, and committed first
        assert folding.catch_up(at=now()) == 0
        assert WebhookDelivery.objects.count() == 0
    finally:
        may_commit.set()
        thread.join(10)
    folding.catch_up(at=now(), limit=1)
    assert folding.fold(at=now()) == 0
    assert [data["id"] for _, data in told()] == ["late", "early"]


def note(shop: Shop, id: str) -> None:
    journal.record(
        merchant=shop.merchant, type="risk.alert", actor="system", at=now(), data={"id": id}
    )


def test_a_fold_that_fails_at_its_end_did_not_happen(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hears(shop, receiver.url)
    with transaction.atomic():
        note(shop, "one")

    def dies(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("coupons.models.JournalCursor.save", dies)
        with pytest.raises(SystemExit):
            folding.fold(at=now())
    assert WebhookDelivery.objects.count() == 0
    folding.catch_up(at=now())
    assert [data["id"] for _, data in told()] == ["one"]


# --- again and again ---------------------------------------------------------------


def test_an_answer_that_is_no_success_is_tried_for_a_day_with_growing_pauses(
    shop: Shop, receiver: Receiver
) -> None:
    receiver.answers = [(500, b"\0 broken" + b"x" * 5_000)]
    hears(shop, receiver.url)
    with transaction.atomic():
        note(shop, "one")
    folding.catch_up(at=now())
    at = start = now()
    for attempt, pause in enumerate(sending.PAUSES, 1):
        assert send(at) == 1
        row = only()
        assert (row.state, row.attempts, row.last_status) == ("pending", attempt, 500)
        assert pause <= row.next_at - at <= pause * 110 / 100
        assert send(row.next_at - timedelta(seconds=1)) == 0
        at = row.next_at
    assert timedelta(hours=22) < at - start < timedelta(hours=26)
    assert send(at) == 1
    row = only()
    assert (row.state, row.attempts, len(row.last_answer)) == ("failed", 10, 1_024)
    assert row.last_answer.startswith("\N{REPLACEMENT CHARACTER} broken")
    assert send(at + timedelta(days=3)) == 0
    assert len({call.headers["webhook-id"] for call in receiver.received}) == 1
    assert len(receiver.received) == 10


def test_a_receiver_that_mends_itself_gets_it_once_more_and_no_more(
    shop: Shop, receiver: Receiver
) -> None:
    receiver.answers = [(503, b""), (204, b"")]
    hears(shop, receiver.url)
    with transaction.atomic():
        note(shop, "one")
    send()
    assert send(only().next_at) == 1
    assert (only().state, only().attempts, only().last_status) == ("delivered", 2, 204)


def test_a_redirect_is_not_followed(shop: Shop, receiver: Receiver) -> None:
    receiver.answers = [(307, b"elsewhere")]
    receiver.headers = {"Location": receiver.url + "/other"}
    endpoint = hears(shop, receiver.url)
    endpoints.send_test(endpoint=endpoint, at=now())
    send()
    assert [call.path for call in receiver.received] == ["/hooks"]
    assert (only().state, only().last_status) == ("pending", 307)


def test_410_switches_the_endpoint_off(shop: Shop, receiver: Receiver) -> None:
    receiver.answers = [(410, b"")]
    endpoint = hears(shop, receiver.url)
    with transaction.atomic():
        note(shop, "one")
    send()
    endpoint.refresh_from_db()
    assert (only().state, endpoint.disabled_because) == ("failed", "gone")
    assert JournalEntry.objects.filter(type="webhook.disabled", actor="system").count() == 1
    with transaction.atomic():
        note(shop, "two")
    assert send() == 0
    assert WebhookDelivery.objects.count() == 1


def test_what_failed_is_sent_again_one_by_one_or_all(shop: Shop, receiver: Receiver) -> None:
    endpoint = hears(shop, receiver.url)
    with transaction.atomic():
        for id in ("one", "two", "three"):
            note(shop, id)
    folding.catch_up(at=now())
    WebhookDelivery.objects.update(state=State.FAILED, attempts=10)
    first = WebhookDelivery.objects.earliest("id")
    assert send() == 0

    assert deliveries.replay(delivery=first, at=now()) == 1
    assert send() == 1
    assert deliveries.replay(delivery=first, at=now()) == 0  # it has arrived
    assert deliveries.replay_failed(endpoint=endpoint, at=now()) == 2
    assert send() == 2
    assert set(WebhookDelivery.objects.values_list("state", "attempts")) == {("delivered", 1)}


def test_two_secrets_sign_for_a_day_after_a_change(shop: Shop, receiver: Receiver) -> None:
    endpoint = hears(shop, receiver.url)
    old, at = endpoint.secret, now()
    endpoint = endpoints.rotate(endpoint=endpoint, by="staff:alice", at=at - timedelta(hours=23))
    endpoints.send_test(endpoint=endpoint, at=at)
    send()
    (call,) = receiver.received
    assert len(call.headers["webhook-signature"].split()) == 2
    for secret in (old, endpoint.secret):
        assert Webhook(secret).verify(call.body, call.headers)["type"] == "webhook.test"
    WebhookEndpoint.objects.update(previous_until=at)
    endpoints.send_test(endpoint=endpoint, at=at)
    send()
    assert Webhook(endpoint.secret).verify(receiver.received[1].body, receiver.received[1].headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(receiver.received[1].body, receiver.received[1].headers)


# --- workers that die, and several at once -----------------------------------------


def test_a_worker_that_dies_after_the_call_leaves_it_to_be_sent_again(
    shop: Shop, receiver: Receiver
) -> None:
    endpoint = hears(shop, receiver.url)
    endpoints.send_test(endpoint=endpoint, at=now())
    at = now()
    (lost,) = sending.claim(at=at, busy=Counter())
    headers = posting.signed(secrets=lost.secrets, event=lost.event, body=lost.body, at=at)
    with ThreadPoolExecutor(1) as pool:  # as the sender does
        pool.submit(
            posting.post, url=lost.url, headers=headers, body=lost.body, private=True
        ).result()
    assert send(at + timedelta(minutes=1)) == 0
    assert send(at + sending.LEASE) == 1
    assert (len(receiver.received), only().state, only().attempts) == (2, "delivered", 2)
    # The dead one's word, should it come after all, is no longer asked for.
    late = posting.Outcome(status=500, answer="", ms=1)
    assert sending.mark(claim=lost, outcome=late, at=at) is False
    assert only().state == "delivered"


def claimed_by_two(at: datetime) -> list[uuid.UUID]:
    """Have two workers claim at the same moment; return all they got."""
    got: list[uuid.UUID] = []
    together = threading.Barrier(2)

    def work() -> None:
        try:
            together.wait(10)
            for _ in range(5):
                got.extend(each.id for each in sending.claim(at=at, busy=Counter()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return got


@pytest.mark.parametrize("guarded", [False, True])
def test_two_workers_never_send_the_same(
    shop: Shop, receiver: Receiver, guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = hears(shop, receiver.url)
    for _ in range(20):
        endpoints.send_test(endpoint=endpoint, at=now())
    if not guarded:
        monkeypatch.setattr(
            sending, "_CLAIM", sending._CLAIM.replace("next_at = %(lease)s", "next_at = d.next_at")
        )
    got = claimed_by_two(now() + timedelta(seconds=1))
    assert (len(got) == len(set(got))) is guarded
    if guarded:
        assert len(got) == 20


def test_a_slow_endpoint_holds_up_nobody_else(shop: Shop, receiver: Receiver) -> None:
    receiver.may_answer.clear()
    slow = hears(shop, receiver.url)
    with listening() as quick_receiver:
        quick = hears(shop, quick_receiver.url)
        for _ in range(30):
            endpoints.send_test(endpoint=slow, at=now())
        for _ in range(30):
            endpoints.send_test(endpoint=quick, at=now())

        def work() -> None:
            try:
                sending.send_due(private=True, seconds=8)
            finally:
                connections.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            wait_for(lambda: quick.deliveries.filter(state="delivered").count() == 30)
            assert len(receiver.received) == sending.SHARE
        finally:
            receiver.may_answer.set()
            thread.join(30)
    assert slow.deliveries.filter(state="delivered").count() == 30


def wait_for(true: Any) -> None:
    moment = threading.Event()
    for _ in range(200):
        if true():
            return
        moment.wait(0.05)
    raise AssertionError("It did not come to that.")


def test_a_receiver_that_never_answers_is_left_in_time(
    shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "SECONDS", 1)
    receiver.may_answer.clear()
    endpoints.send_test(endpoint=hears(shop, receiver.url), at=now())
    send()
    row = only()
    assert (row.state, row.last_status, row.last_answer) == ("pending", None, posting.TIMED_OUT)
    assert 900 <= row.last_ms < 5_000


# --- what is kept ------------------------------------------------------------------


def test_what_arrived_is_kept_30_days_and_the_rest_90(shop: Shop, receiver: Receiver) -> None:
    endpoint = hears(shop, receiver.url)
    at = now()
    ages = [(State.DELIVERED, 29), (State.DELIVERED, 31), (State.FAILED, 31), (State.FAILED, 91)]
    for state, days in ages * 2:
        row = endpoints.send_test(endpoint=endpoint, at=at)
        WebhookDelivery.objects.filter(pk=row.pk).update(
            state=state, created_at=at - timedelta(days=days)
        )
    assert deliveries.remove_old(at=at, chunk=1) == 4
    kept = WebhookDelivery.objects.values_list("state", "created_at")
    assert {(state, (at - created).days) for state, created in kept} == {
        ("delivered", 29),
        ("failed", 31),
    }


def test_beat_sends_and_clears_by_itself() -> None:
    schedule = {each["task"]: each["schedule"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    assert schedule["redemption.tasks.send_webhooks"] == timedelta(seconds=5)
    assert schedule["redemption.tasks.remove_old_deliveries"] == timedelta(days=1)


def test_the_worker_delivers(
    live: None, shop: Shop, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HEXIAO_ALLOW_PRIVATE_WEBHOOKS", True)
    endpoint = hears(shop, receiver.url)
    endpoints.send_test(endpoint=endpoint, at=now())
    wait_for(lambda: WebhookDelivery.objects.filter(state="delivered").count() == 1)
    (call,) = receiver.received
    assert (
        Webhook(endpoint.secret).verify(call.body, call.headers)["data"]["message"] == "It works."
    )
