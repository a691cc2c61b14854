"""How much of the framework's own speed a checkout keeps."""

from collections.abc import Callable
from itertools import count
from statistics import median

import pytest

from coupons import issuing, jobs
from coupons.models import Code, Coupon, Job
from tests.benchmarks.load import ROUNDS, Measured, in_turn, request, run
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

CODES = 100_000
REQUESTS = 300
CONNECTIONS = 4
#: Shares of the floor's rate.
VALIDATIONS, REDEMPTIONS = 0.45, 0.30


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("unique", code=None, limits={"uses_per_customer": 1})
    job = issuing.start_batch(
        coupon=Coupon.objects.select_related("merchant").get(),
        count=CODES,
        pattern=None,
        by="system",
        at=NOW,
    )
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    assert Job.objects.get().done == CODES
    return shop


def body(code: str, **more: str) -> dict:
    lines = [
        {"id": str(i), "sku": f"S{i}", "quantity": i, "unit_price": "12.50"} for i in (1, 2, 3)
    ]
    return {"currency": "USD", "lines": lines, "codes": [code], **more}


def test_validations_and_redemptions_against_a_constant_view(shop: Shop, port: int) -> None:
    key = shop.api.key or ""
    # A round more than counts, of each kind.
    codes = iter(Code.objects.values_list("text", flat=True)[: 2 * (ROUNDS + 1) * REQUESTS])
    numbers = count()
    measured: dict[str, list[Measured]] = {"floor": [], "validations": [], "redemptions": []}

    def kind(name: str, each: Callable[[], bytes]) -> Callable[[], Measured]:
        def measure() -> Measured:
            requests = [each() for _ in range(REQUESTS)]
            measured[name].append(run(port=port, requests=requests, connections=CONNECTIONS))
            return measured[name][-1]

        return measure

    def constant() -> bytes:
        return request("/benchmark/constant", body("X"))

    def validation() -> bytes:
        cart = body(next(codes), customer=f"V-{next(numbers)}")
        return request("/api/v1/validations", cart, key=key)

    def redemption() -> bytes:
        number = next(numbers)
        cart = body(next(codes), customer=f"C-{number}", order=f"O-{number}")
        return request("/api/v1/redemptions", cart, key=key, Idempotency_Key=f"{number}")

    _, validating, redeeming = in_turn(
        kind("floor", constant), kind("validations", validation), kind("redemptions", redemption)
    )
    print()
    for name, rounds in measured.items():
        rate = median(one.rate for one in rounds)
        p99 = median(one.percentile(0.99) for one in rounds) * 1000
        print(f"{name:<12} {rate:6.0f}/s  p99 {p99:5.1f} ms")
    print(f"validations / floor {validating:.2f} (goal {VALIDATIONS:.2f})")
    print(f"redemptions / floor {redeeming:.2f} (goal {REDEMPTIONS:.2f})")
    assert validating >= VALIDATIONS
    assert redeeming >= REDEMPTIONS
