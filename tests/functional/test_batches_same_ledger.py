"""Many rows at once write the very ledger that rows one by one would."""

import io
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from coupons import jobs
from coupons.caller import Caller
from coupons.models import Code, CouponCounter, CouponDay, JournalEntry
from redemption import batches
from redemption.batching import redeeming
from redemption.errors import TakeLost
from redemption.models import BatchRow, Redemption, RedemptionBatch, RefusedAttempt, Use, UseLine
from redemption.reconciling import differences
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

COUPONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "few": {"limits": {"uses": 7, "uses_per_customer": None}},
    "daily": {"limits": {"uses_per_day": 5, "uses_per_customer": None}},
    "budget": {
        "kind": "percent_off",
        "percent": "20",
        "limits": {"budget": {"USD": "50.00"}, "uses_per_customer": None},
    },
    "large-only": {"min_spend": {"USD": "50.00"}},
}


@pytest.fixture(autouse=True)
def no_other_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the job from a worker that an earlier test has not quite ended."""
    monkeypatch.setattr("coupons.tasks.run_job.delay", lambda *_: None)


def shop_with_coupons(slug: str) -> Shop:
    shop = Shop.open(slug)
    for name, definition in COUPONS.items():
        shop.coupon(name, **definition)
    shop.coupon("unique", code=None)
    shop.codes("unique", *(f"U{i}" for i in range(12)))
    return shop


def mixed(seed: int) -> str:
    """Return a file in which codes and orders come again, and rows are bad now and then."""
    chance = random.Random(seed)  # noqa: S311
    codes = [*COUPONS, *(f"U{i}" for i in range(12)), "nobody"]
    lines = ["code,order,amount,redeemed_at,note"]
    for _ in range(40):
        amount = chance.choice(["20.00", "49.99", "80.00", "", "much"])
        lines.append(f"{chance.choice(codes)},O-{chance.randrange(30)},{amount},,")
    return "\n".join(lines)


def redeem(shop: Shop, text: str, at: datetime) -> RedemptionBatch:
    batch = batches.start(
        caller=Caller(merchant=shop.merchant, actor="system"),
        file=io.BytesIO(text.encode()),
        name="mixed.csv",
        at_once=True,
        at=at,
    )
    while jobs.work_on(job_id=batch.job_id, at=at):
        pass
    batch.refresh_from_db()
    # Another worker at the same job, or a piece that died, would show as some other difference.
    assert (batch.job.status, batch.job.tries, batch.waiting) == ("done", 0, 0)
    return batch


def ledger(shop: Shop) -> dict[str, Any]:
    """Return everything that redeeming wrote, without what is new each time."""
    of = {"merchant": shop.merchant}
    orders = ("order_ref", "status", "method", "currency", "subtotal_minor", "discount_minor")
    return {
        "redemptions": sorted(
            Redemption.objects.filter(**of).values_list(*orders, "is_test", "actor", "expires_at")
        ),
        "uses": sorted(
            Use.objects.filter(**of).values_list(
                "order_ref",
                "code__text",
                "version",
                "discount_minor",
                "budget_minor",
                "counted_on",
                "standing",
                "taken",
                "rate",
            ),
            key=str,
        ),
        "lines": sorted(
            UseLine.objects.filter(**of).values_list(
                "order_ref", "line_ref", "sku", "quantity", "base_minor", "discount_minor"
            )
        ),
        "codes": sorted(Code.objects.filter(**of).values_list("text", "uses")),
        "counters": sorted(
            CouponCounter.objects.filter(coupon__merchant=shop.merchant).values_list(
                "coupon__slug", "uses", "budget_used_minor"
            )
        ),
        "days": sorted(CouponDay.objects.filter(**of).values_list("coupon__slug", "uses")),
        "told": sorted(
            (entry.type, entry.data.get("order"), entry.data.get("discount_minor"))
            for entry in JournalEntry.objects.filter(**of, redemption_ref__isnull=False)
        ),
        "refused": sorted(
            RefusedAttempt.objects.filter(**of).values_list(
                "order_ref", "at", "actor", "method", "reason", "codes", "told"
            )
        ),
        "outcomes": list(
            BatchRow.objects.filter(**of)
            .order_by("number")
            .values_list("number", "outcome", "reason", "message")
        ),
    }


@pytest.mark.parametrize("seed", range(3))
def test_together_or_one_by_one_the_ledger_is_the_same(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = mixed(seed)
    together, alone = shop_with_coupons("together"), shop_with_coupons("alone")
    at = datetime.now(UTC)
    redeem(together, text, at)

    def lost(**_: Any) -> None:
        raise TakeLost

    monkeypatch.setattr(redeeming, "take", lost)
    redeem(alone, text, at)
    assert ledger(together) == ledger(alone)
    assert differences() == []


def test_what_is_kept_with_a_redemption_is_the_same_too(monkeypatch: pytest.MonkeyPatch) -> None:
    shops = [shop_with_coupons("together"), shop_with_coupons("alone")]
    text = "code,order,amount,redeemed_at,note\nplain,O-1,20.00,,"
    at = datetime.now(UTC)
    redeem(shops[0], text, at)

    def lost(**_: Any) -> None:
        raise TakeLost

    monkeypatch.setattr(redeeming, "take", lost)
    redeem(shops[1], text, at)
    one, two = (Redemption.objects.get(merchant=shop.merchant) for shop in shops)
    assert bytes(one.cart_hash) == bytes(two.cart_hash)
    assert one.quote | {"id": ""} == two.quote | {"id": ""}
    assert {**one.evidence, "candidates": []} == {**two.evidence, "candidates": []}
