"""A small load generator: keep-alive connections, bodies built before the clock runs."""

import json
import socket
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a run of requests took; times in seconds."""

    seconds: float
    times: list[float]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.times) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the time that this share of requests stayed under."""
        return sorted(self.times)[min(len(self.times) - 1, int(share * len(self.times)))]

    @property
    def median(self) -> float:
        """Return the median time."""
        return statistics.median(self.times)


def request(path: str, body: Any, *, key: str = "", **headers: str) -> bytes:
    """Write a whole POST as it goes over the wire."""
    data = json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
        *([f"Authorization: Api-Key {key}"] if key else []),
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def run(*, port: int, requests: Sequence[bytes], connections: int = 1) -> Measured:
    """Send all requests over so many connections, each waiting for its answer."""
    shares = [requests[i::connections] for i in range(connections)]
    started = time.perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        done = list(pool.map(lambda share: _send(port, share), shares))
    seconds = time.perf_counter() - started
    statuses: dict[int, int] = {}
    for _, codes in done:
        for code in codes:
            statuses[code] = statuses.get(code, 0) + 1
    return Measured(seconds, [t for times, _ in done for t in times], statuses)


#: Rounds of each kind that count.
ROUNDS = 11


def rounds(*kinds: Callable[[], Measured]) -> list[list[Measured]]:
    """Run rounds of each kind in turn; return those of each that count."""
    for kind in kinds:
        _accepted(kind())  # only warms up
    turns = [[_accepted(kind()) for kind in kinds] for _ in range(ROUNDS)]
    return [list(each) for each in zip(*turns, strict=True)]


def _accepted(measured: Measured) -> Measured:
    assert set(measured.statuses) <= {200, 201}
    return measured


def shares(*kinds: Sequence[Measured]) -> list[float]:
    """Return the rate of each kind's rounds as a share of the first kind's.

    Those of one round meet the same noise, so they are compared first; then the median counts.
    """
    turns = list(zip(*kinds, strict=True))
    return [
        statistics.median(turn[place].rate / turn[0].rate for turn in turns)
        for place in range(len(kinds))
    ]


def in_turn(*kinds: Callable[[], Measured]) -> list[float]:
    """Run rounds of each kind in turn; return their rates as shares of the first kind's."""
    return shares(*rounds(*kinds))


def _send(port: int, requests: Sequence[bytes]) -> tuple[list[float], list[int]]:
    times, codes = [], []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for data in requests:
            started = time.perf_counter()
            wire.sendall(data)
            codes.append(_answer(wire))
            times.append(time.perf_counter() - started)
    return times, codes


def _answer(wire: socket.socket) -> int:
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _more(wire)
    head = received[:end].lower()
    start = head.index(b"content-length:") + 15
    length = int(head[start : head.find(b"\r\n", start) % (end + 1)])
    missing = end + 4 + length - len(received)
    while missing > 0:
        missing -= len(_more(wire))
    return int(head[9:12])


def _more(wire: socket.socket) -> bytes:
    data = wire.recv(65536)
    if not data:
        raise ConnectionError("The server closed the connection.")
    return data
