"""A file of codes in a real browser: uploaded, checked, redeemed; both widths and languages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from coupons import jobs
from redemption.models import RedemptionBatch
from tests.browser.looks import barriers, fits
from tests.browser.test_console import shop, visit  # noqa: F401  (fixtures)
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = "code,order,amount,note\n" + "".join(f"A{i},O-{i},100.00,\n" for i in range(9))
BAD = "NOPE,O-91,1.00,\nA1,O-92,much,\n"


def work() -> None:
    job = RedemptionBatch.objects.latest("created_at").job_id
    while jobs.work_on(job_id=job, at=datetime.now(UTC)):
        pass


def sound(page: Any) -> None:
    """See that the page fits, and that a screen reader can read it."""
    assert fits(page)
    assert barriers(page) == []


def test_a_file_is_uploaded_checked_and_redeemed(
    visit: Any,  # noqa: F811
    shop: Shop,  # noqa: F811
) -> None:
    page, _ = visit
    shop.coupon("ten", code=None)
    shop.codes("ten", *(f"A{i}" for i in range(9)))
    page.goto("/redemption/redemptionbatch/")
    sound(page)
    page.goto("/redemption/redemptionbatch/upload/")
    sound(page)
    page.set_input_files(
        "#id_file", {"name": "till.csv", "mimeType": "text/csv", "buffer": (ROWS + BAD).encode()}
    )
    page.locator("form.hx-card .hx-submit button").click()
    page.wait_for_url("**/change/")
    sound(page)
    work()
    page.reload()
    sound(page)
    page.locator("form.hx-card .hx-submit button").click()
    page.wait_for_url("**/change/")
    work()
    page.reload()
    sound(page)
    assert RedemptionBatch.objects.get().redeemed == 9
    page.goto("/redemption/redemptionbatch/")
    assert "till.csv" in page.content()
