"""How much of the framework's own speed a checkout keeps."""

import pytest

from coupons import issuing, jobs
from coupons.models import Code, Coupon, Job
from tests.benchmarks.load import Measured, request, run
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

CODES = 100_000
ROUNDS = 7
REQUESTS = 300
CONNECTIONS = 4


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


def show(title: str, floor: Measured, measured: Measured, goal: float) -> float:
    ratio = measured.rate / floor.rate
    print(
        f"{title:<24} {measured.rate:8.0f}/s  floor {floor.rate:8.0f}/s  "
        f"ratio {ratio:.2f} (goal {goal:.2f})  p99 {measured.percentile(0.99) * 1000:.1f} ms"
    )
    return ratio


def best(measured: list[Measured]) -> Measured:
    return sorted(measured, key=lambda m: m.rate)[len(measured) // 2]


def test_validations_and_redemptions_against_a_constant_view(shop: Shop, port: int) -> None:
    """Rounds take turns, so that all three meet the same noise; the median round counts."""
    key = shop.api.key or ""
    codes = iter(Code.objects.values_list("text", flat=True)[: 2 * ROUNDS * REQUESTS])
    floor, validations, redemptions = [], [], []
    constant = [request("/benchmark/constant", body("X"))] * REQUESTS
    for number in range(ROUNDS):
        floor.append(run(port=port, requests=constant, connections=CONNECTIONS))
        validate = [
            request("/api/v1/validations", body(next(codes), customer=f"V-{number}-{i}"), key=key)
            for i in range(REQUESTS)
        ]
        validations.append(run(port=port, requests=validate, connections=CONNECTIONS))
        redeem = [
            request(
                "/api/v1/redemptions",
                body(next(codes), customer=f"C-{number}-{i}", order=f"O-{number}-{i}"),
                key=key,
                Idempotency_Key=f"{number}-{i}",
            )
            for i in range(REQUESTS)
        ]
        redemptions.append(run(port=port, requests=redeem, connections=CONNECTIONS))
    assert all(m.statuses == {200: REQUESTS} for m in floor + validations)
    assert all(m.statuses == {201: REQUESTS} for m in redemptions)
    print()
    validation = show("POST /validations", best(floor), best(validations), 0.45)
    redemption = show("POST /redemptions", best(floor), best(redemptions), 0.30)
    assert validation >= 0.45
    if redemption < 0.30:
        pytest.xfail(f"{redemption:.2f}; docs/performance.md, with 0.25 to 0.30, says why")
