"""Counters in Valkey that nothing depends on: where it does not answer, work goes on."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.client import Pipeline
from redis.retry import Retry

log = structlog.get_logger(__name__)

#: How long an answer may take, and how long one that failed is not asked again.
TIMEOUT_MS = 200
PAUSE_SECONDS = 2
#: Before every name, since Valkey holds the queue and the cache too.
PREFIX = "hexiao:"

_ask_again: dict[str, float] = {}


def asked(fill: Callable[[Pipeline], None]) -> list[Any] | None:
    """Send commands in one round trip and return their answers; None if Valkey is away.

    `fill` puts the commands into the pipeline. Never raises for a Valkey that is lost, full
    or slow; after a failure it is left alone for a moment, so that only few calls wait.
    """
    address = str(settings.CACHES["default"]["LOCATION"])
    if time.monotonic() < _ask_again.get(address, 0):
        return None
    with _client(address).pipeline(transaction=False) as pipeline:
        fill(pipeline)
        try:
            return pipeline.execute()
        except redis.RedisError as error:
            _ask_again[address] = time.monotonic() + PAUSE_SECONDS
            log.warning("valkey_unavailable", error=type(error).__name__)
            return None


@lru_cache(maxsize=4)
def _client(address: str) -> redis.Redis:
    return redis.Redis.from_url(
        address,
        socket_timeout=TIMEOUT_MS / 1000,
        socket_connect_timeout=TIMEOUT_MS / 1000,
        # Once more at once: a server that was started again has closed the kept connection.
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
    )
