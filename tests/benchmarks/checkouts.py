"""Carts of a shop, asked for and redeemed in rounds of requests."""

from collections.abc import Iterator, Sequence
from itertools import count

from coupons.models import Code
from tests.benchmarks.load import Measured, request, run

REQUESTS = 320
CONNECTIONS = 8


def body(code: str, **more: str) -> dict:
    """Write a cart of three lines with one code."""
    lines = [
        {"id": str(i), "sku": f"S{i}", "quantity": i, "unit_price": "12.50"} for i in (1, 2, 3)
    ]
    return {"currency": "USD", "lines": lines, "codes": [code], **more}


class Load:
    """Rounds of requests of one shop, no two of which are the same."""

    def __init__(self, *, port: int, key: str) -> None:
        self.port, self.key = port, key
        self.numbers = count()
        self.codes: Iterator[str] = iter(())

    def draw_codes(self, *, before: int | None = None) -> None:
        """Use unique codes from all over the table, each once; of ids before that one."""
        unused = Code.objects.filter(coupon__slug="unique", uses=0)
        if before is not None:
            unused = unused.filter(pk__lt=before)
        self.codes = iter(list(unused.order_by("text").values_list("text", flat=True)[:20_000]))

    def constant(self) -> Measured:
        """Ask the view that returns a constant."""
        cart = self._cart("X")
        return self._run([request("/benchmark/constant", cart)] * REQUESTS, CONNECTIONS)

    def validations(self, code: str = "", *, connections: int = CONNECTIONS) -> Measured:
        """Validate a shared code or, each once, unique ones."""
        return self._run(
            [
                request("/api/v1/validations", self._cart(code or next(self.codes)), key=self.key)
                for _ in range(REQUESTS)
            ],
            connections,
        )

    def redemptions(
        self, code: str = "", *, connections: int = CONNECTIONS, requests: int = REQUESTS
    ) -> Measured:
        """Redeem a shared code or, each once, unique ones."""
        return self._run(
            [self._redemption(code or next(self.codes)) for _ in range(requests)], connections
        )

    def _redemption(self, code: str) -> bytes:
        number = next(self.numbers)
        cart = self._cart(code) | {"order": f"O-{number}"}
        return request("/api/v1/redemptions", cart, key=self.key, Idempotency_Key=f"{number}")

    def _cart(self, code: str) -> dict:
        return body(code, customer=f"C-{next(self.numbers)}")

    def _run(self, requests: Sequence[bytes], connections: int) -> Measured:
        return run(port=self.port, requests=requests, connections=connections)
