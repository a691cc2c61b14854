"""Shoppers at a running installation, who ask again until they are answered."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.shop import order

SHOPPERS = 6
#: How long a shopper goes on asking one thing, in seconds.
PATIENCE = 45
#: Refusals that say to ask again.
LATER = {"try_again", "idempotency_in_progress"}
ONE_HAT = {"lines": [{"id": "2", "quantity": 1}], "reference": "one hat"}


@dataclass(frozen=True)
class Acknowledged:
    """What was asked, and how it was answered in the end."""

    order: str
    path: str
    body: Any
    key: str
    status: int
    answer: Any


@dataclass
class Load:
    """Orders of every kind, and all that was acknowledged to those who made them."""

    url: str
    key: str
    name: str
    orders: int
    acknowledged: list[Acknowledged] = field(default_factory=list)
    #: How often somebody got no answer, or a 5xx.
    failures: int = 0
    #: What becomes of each order that took something.
    expected: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def limited(self) -> str:
        """Return the shared code, of which there are fewer than there are orders."""
        return f"{self.name}-limited"

    def code(self, number: int) -> str:
        """Return a code of one use; two orders want it."""
        return f"{self.name}-only-{number // 2}"

    def run(self, *, fault: Callable[[], None], after: int) -> None:
        """Make all orders; the fault comes once so many answers have been given."""
        numbers = iter(range(self.orders))
        with ThreadPoolExecutor(SHOPPERS) as pool:
            shoppers = [pool.submit(self._shop, numbers) for _ in range(SHOPPERS)]
            until = time.monotonic() + PATIENCE
            while len(self.acknowledged) < after:
                assert time.monotonic() < until, self.acknowledged
                time.sleep(0.005)
            fault()
            for shopper in shoppers:
                shopper.result()

    def _shop(self, numbers: Iterator[int]) -> None:
        with self.client() as web:
            while True:
                with self.lock:
                    number = next(numbers, None)
                if number is None:
                    return
                self._order(web, number)

    def client(self) -> httpx.Client:
        """Return a client of the installation."""
        return httpx.Client(
            base_url=f"{self.url}/api/v1/",
            headers={"Authorization": f"Api-Key {self.key}"},
            timeout=10,
        )

    def _order(self, web: httpx.Client, number: int) -> None:
        """Redeem, or hold; and then confirm, release or return it, each kind in turn."""
        ref, kind = f"{self.name}-{number}", number // 2 % 5
        code = self.code(number) if kind == 0 else self.limited
        then, path, body = [
            ("redeemed", None, None),
            ("partly_reversed", "reversals", ONE_HAT),
            ("reversed", "reversals", {}),
            ("redeemed", "confirmation", {}),
            ("released", "release", {}),
        ][kind]
        made = self._ask(web, ref, "redemptions", order(code, ref=ref, hold=kind in (3, 4)))
        if made.status not in (200, 201):
            return
        self.expected[ref] = "held" if kind in (3, 4) else "redeemed"
        if path is not None:
            self._ask(web, ref, f"redemptions/{made.answer['id']}/{path}", body)
            self.expected[ref] = then

    def _ask(self, web: httpx.Client, ref: str, path: str, body: Any) -> Acknowledged:
        """Ask until there is an answer, always under the same key."""
        key = f"{ref} {path}"
        until = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < until, f"{key} was never answered"
            try:
                answer = web.post(path, json=body, headers={"Idempotency-Key": key})
                failed = answer.status_code >= 500
            except httpx.TransportError:
                failed = True
            if not failed and answer.json().get("code") not in LATER:
                break
            with self.lock:
                self.failures += failed
            time.sleep(0.05)
        told = Acknowledged(ref, path, body, key, answer.status_code, answer.json())
        assert told.status in (200, 201, 422), told
        self.acknowledged.append(told)
        return told
