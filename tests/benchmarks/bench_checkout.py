"""How much of the framework's own speed a checkout keeps."""

from statistics import median

import pytest

from coupons import issuing, jobs
from coupons.models import Coupon, Job
from tests.benchmarks.checkouts import REQUESTS, Load
from tests.benchmarks.load import rounds, shares
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

CODES = 100_000
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


def test_validations_and_redemptions_against_a_constant_view(shop: Shop, port: int) -> None:
    load = Load(port=port, key=shop.api.key or "")
    load.draw_codes()
    floor, validations, redemptions = rounds(load.constant, load.validations, load.redemptions)
    assert all(one.statuses == {200: REQUESTS} for one in floor + validations)
    assert all(one.statuses == {201: REQUESTS} for one in redemptions)
    _, validating, redeeming = shares(floor, validations, redemptions)
    measured = {"floor": floor, "validations": validations, "redemptions": redemptions}
    print()
    for name, each in measured.items():
        rate = median(one.rate for one in each)
        p99 = median(one.percentile(0.99) for one in each) * 1000
        print(f"{name:<12} {rate:6.0f}/s  p99 {p99:5.1f} ms")
    print(f"validations / floor {validating:.2f} (goal {VALIDATIONS:.2f})")
    print(f"redemptions / floor {redeeming:.2f} (goal {REDEMPTIONS:.2f})")
    assert validating >= VALIDATIONS
    assert redeeming >= REDEMPTIONS
