"""What every request gets: an id, a log line without secrets, health, quick failure."""

import io
import json
import logging
import time
from collections.abc import Iterator

import pytest
from celery import shared_task
from django.conf import settings
from django.test import Client
from kombu.exceptions import OperationalError

from config.broker import requeue_abandoned
from config.celery import app


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Catch what the root handler writes, at INFO."""
    stream = io.StringIO()
    root = logging.getLogger()
    ours = [h for h in root.handlers if type(h.formatter).__module__.startswith("structlog")]
    assert len(ours) == 1
    before, level = ours[0].setStream(stream), root.level
    root.setLevel(logging.INFO)
    yield stream
    root.setLevel(level)
    ours[0].setStream(before)


@pytest.mark.parametrize("given", ["a1b2", "Root=1-67891233-abcdef", "x" * 128])
def test_sane_request_id_comes_back(given: str) -> None:
    answer = Client().get("/health/live", headers={"X-Request-Id": given})
    assert answer["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "<script>", "a\tb", "号"])
def test_other_request_ids_are_replaced(given: str) -> None:
    answer = Client().get("/health/live", headers={"X-Request-Id": given})
    assert answer["X-Request-Id"] != given
    assert len(answer["X-Request-Id"]) == 36


@pytest.mark.django_db
def test_log_has_the_request_id_and_neither_path_nor_query(lines: io.StringIO) -> None:
    Client().get(
        "/health/live?code=SUMMER-SECRET", headers={"X-Request-Id": "r-1", "Host": "localhost"}
    )
    Client().get("/w/TOKEN-SECRET")
    logged = lines.getvalue()
    first = json.loads(logged.splitlines()[0])
    assert (first["event"], first["request"], first["code"]) == (
        "request_finished",
        "GET /health/live",
        200,
    )
    assert first["request_id"] == "r-1"
    assert "SECRET" not in logged


@pytest.mark.django_db
def test_ready_names_what_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client().get("/health/ready").json() == {
        "status": "ok",
        "parts": {"database": "ok", "valkey": "ok"},
    }
    monkeypatch.setattr("config.health.cache.get", _away)
    answer = Client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"database": "ok", "valkey": "unavailable"}


def _away(*_args: object) -> None:
    raise ConnectionError("away")


@shared_task(name="tests.note")
def note(text: str) -> None:
    NOTED.append(text)


NOTED: list[str] = []


def test_publishing_fails_fast_when_the_broker_is_away() -> None:
    gone = "redis+socket:///tmp/there-is-no-such-socket"
    started = time.monotonic()
    with app.connection_for_write(url=gone) as connection, pytest.raises(OperationalError):
        note.apply_async(args=["lost"], connection=connection)
    assert time.monotonic() - started < 5


@pytest.mark.usefixtures("live")
def test_worker_takes_a_task_from_the_real_broker() -> None:
    NOTED.clear()
    note.delay("arrived")
    deadline = time.monotonic() + 20
    while not NOTED and time.monotonic() < deadline:
        time.sleep(0.02)
    assert NOTED == ["arrived"]


@pytest.mark.django_db
def test_tasks_of_a_killed_worker_are_queued_again() -> None:
    note.delay("held")
    connection = app.connection_for_read()
    held = connection.SimpleQueue("celery")
    assert held.get(timeout=5).headers["task"] == "tests.note"
    # The worker dies here: nothing is acknowledged, nothing handed back.
    held.channel.qos._delivered.clear()
    connection.collect()

    assert requeue_abandoned() == 1

    with app.connection_for_read() as next_worker:
        queue = next_worker.SimpleQueue("celery")
        message = queue.get(timeout=5)
        assert message.headers["task"] == "tests.note"
        message.ack()
        queue.close()
    assert requeue_abandoned() == 0


def test_tasks_speak_json_only_and_are_kept_until_done() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_acks_late is True
    assert app.conf.broker_url == settings.CELERY_BROKER_URL
