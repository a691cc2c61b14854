"""Pools and a code's page in a real browser: they fit, and nobody is shut out."""

from typing import Any

import pytest

from coupons import jobs, pooling, reissuing
from coupons.models import Code, CodeBatch, Coupon
from tests.browser.looks import barriers, fits
from tests.browser.test_console import shop, visit
from tests.shop import NOW, Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

__all__ = ["shop", "visit"]
BY = {"by": "staff:alice", "at": NOW}


def test_pages_of_pools_and_codes_have_no_barrier(visit: Any, shop: Shop) -> None:
    page, _words = visit
    shop.coupon("ten", code=None)
    shop.codes("ten", *(f"LONGCODE-{i}-ABCD-EFGH-JKLM" for i in range(6)))
    coupon = Coupon.objects.get()
    pool = pooling.reserve(
        coupon=coupon, partner="The Bakery", purpose="Autumn mailing", count=3, **BY
    )
    used = Code.objects.filter(pool=pool).first()
    assert shop.api.post("redemptions", order(used.text, customer="C-1")).status == 201
    assert shop.api.post("redemptions", order(used.text, ref="O-2")).status == 422
    job = reissuing.reissue(of=pool, reason="Seen on a forum", **BY)
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    old = Code.objects.filter(state="revoked").first()
    batch = CodeBatch.objects.get()
    found = []
    for address in (
        "codepool/",
        f"codepool/{pool.pk}/change/",
        f"codepool/{pool.pk}/export/",
        f"codepool/{pool.pk}/release/",
        f"codepool/{pool.pk}/reissue/",
        f"codebatch/{batch.pk}/change/",
        f"codebatch/{batch.pk}/revoke/",
        f"coupon/{coupon.pk}/reserve/",
        f"coupon/{coupon.pk}/change/",
        f"code/{used.pk}/change/",
        f"code/{old.pk}/change/",
        f"code/{old.replaced_by_id}/revoke/",
        "code/",
    ):
        page.goto(f"/coupons/{address}")
        if page.locator('[hx-trigger*="load"]').count():
            page.wait_for_load_state("networkidle")
        assert fits(page), address
        found += [f"{address} {each}" for each in barriers(page)]
    assert found == []
