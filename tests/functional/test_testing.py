"""Test customers: they alone use a coupon under test, and nothing that they do counts."""

from typing import Any

import pytest

from campaigns.models import Customer
from coupons.models import Code, CouponCounter, CouponDay
from redemption.models import CustomerCounter, Redemption, Reversal, Use
from redemption.reconciling import check
from reports import rollups
from reports.models import DailyFigure
from tests.shop import NOW, Answer, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

#: What a test writes: itself, and what is told of it.
WRITTEN = (
    "redemption_redemption",
    "redemption_use",
    "redemption_useline",
    "coupons_journalentry",
    "redemption_reversal",
    "redemption_reversalline",
)
LIMITS = {
    "uses": 1,
    "uses_per_day": 1,
    "uses_per_customer": 1,
    "uses_per_code": 1,
    "budget": {"USD": "10.00"},
}


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.api.put("customers/T", {"is_test": True})
    shop.api.put("customers/C", {})
    return shop


def under_test(shop: Shop, slug: str = "ten", **definition: Any) -> None:
    """Have a coupon that is being tested."""
    shop.coupon(slug, publish=False, **definition)
    assert shop.api.post(f"coupons/{slug}/test").body["state"] == "testing"


def redeem(shop: Shop, *codes: str, ref: str, customer: str = "T", **more: Any) -> Answer:
    return shop.api.post("redemptions", order(*codes, ref=ref, customer=customer, **more))


def reasons(answer: Answer) -> list[str]:
    return [each["reason"] for each in answer.body["rejected"]]


def nothing_is_counted() -> None:
    counter = CouponCounter.objects.get()
    assert (counter.uses, counter.budget_used_minor) == (0, 0)
    assert set(Code.objects.values_list("uses", flat=True)) == {0}
    assert (CouponDay.objects.count(), CustomerCounter.objects.count()) == (0, 0)


@pytest.mark.parametrize("customer", ["C", "new", None])
def test_nobody_else_uses_a_coupon_under_test(shop: Shop, customer: str | None) -> None:
    under_test(shop)
    with nothing_changes():
        quote = shop.api.post("validations", cart("ten", customer=customer))
        answer = shop.api.post("redemptions", order("ten", customer=customer))
        found = shop.api.post("qualifications", cart(customer=customer)).body
    assert reasons(quote) == ["not_published"]
    assert (answer.status, reasons(answer)) == (422, ["not_published"])
    assert (found["usable"], found["unusable"], found["best"]["applied"]) == ([], [], [])


@pytest.mark.parametrize("state", ["draft", "submit"])
def test_not_even_a_test_customer_uses_what_is_not_under_test(shop: Shop, state: str) -> None:
    shop.coupon("ten", publish=False)
    if state == "submit":
        shop.api.post("coupons/ten/submit")
    with nothing_changes():
        assert reasons(redeem(shop, "ten", ref="T-1")) == ["not_published"]
        assert shop.api.post("qualifications", cart(customer="T")).body["usable"] == []


def test_a_test_takes_nothing_however_often(shop: Shop) -> None:
    under_test(shop, limits=LIMITS, code=None)
    shop.codes("ten", "ONCE1")
    for ref in ("T-1", "T-2"):
        with nothing_changes(but=WRITTEN):
            assert redeem(shop, "once1", ref=ref).status == 201
    nothing_is_counted()
    assert set(Use.objects.values_list("is_test", "budget_minor", "counted_on")) == {
        (True, None, None)
    }
    told = shop.api.get("coupons/ten").body["counters"]
    assert (told["uses"], told["uses_today"], told["held"], told["budget_used"]) == (
        0,
        0,
        0,
        "0.00",
    )
    rollups.catch_up()
    assert list(DailyFigure.objects.exclude(issued__gt=0)) == []


def test_a_code_that_was_tested_is_as_good_as_before(shop: Shop) -> None:
    under_test(shop, limits=LIMITS, code=None)
    shop.codes("ten", "ONCE1")
    assert redeem(shop, "once1", ref="T-1").status == 201
    assert redeem(shop, "once1", ref="T-2", hold=True).status == 201
    shop.api.post("coupons/ten/publish")
    # The test's hold stands, and holds nothing from anybody.
    assert redeem(shop, "once1", ref="O-1", customer="C").status == 201
    assert reasons(redeem(shop, "once1", ref="O-2", customer="C")) == ["already_redeemed"]
    assert Code.objects.get().uses == 1


def test_a_hold_of_a_test_is_confirmed_and_released_without_a_trace(shop: Shop) -> None:
    under_test(shop, limits=LIMITS, code=None)
    shop.codes("ten", "ONCE1")
    confirmed = redeem(shop, "once1", ref="T-1", hold=True).body["id"]
    released = redeem(shop, "once1", ref="T-2", hold=True).body["id"]
    assert shop.api.post(f"redemptions/{confirmed}/confirmation").status == 200
    assert shop.api.post(f"redemptions/{released}/release").status == 200
    nothing_is_counted()
    assert check(merchant=shop.merchant, by="system", at=NOW).different == 0


@pytest.mark.parametrize("policy", ["restore_and_extend", "reissue"])
def test_a_return_of_a_test_leaves_the_code_alone(shop: Shop, policy: str) -> None:
    under_test(
        shop,
        limits=LIMITS,
        code=None,
        return_policy=policy,
        extend_days=30,
        ends_at="2099-01-01T00:00:00Z",
    )
    shop.codes("ten", "ONCE1")
    before = Code.objects.values().get()
    made = redeem(shop, "once1", ref="T-1").body["id"]
    back = shop.api.post(f"redemptions/{made}/reversals", {})
    assert (back.status, back.body["coupons"][0]["returned"]) == (201, "restored")
    assert Code.objects.values().get() == before
    assert (Reversal.objects.count(), Redemption.objects.get().status) == (1, "reversed")
    nothing_is_counted()


def test_a_test_of_a_live_coupon_counts_nowhere_either(shop: Shop) -> None:
    shop.coupon("few", limits=LIMITS | {"uses_per_code": None})
    for ref in ("T-1", "T-2"):
        assert redeem(shop, "few", ref=ref).status == 201
    nothing_is_counted()
    assert redeem(shop, "few", ref="O-1", customer="C").status == 201
    assert "usage_limit_reached" in reasons(redeem(shop, "few", ref="O-2", customer="C"))


def test_what_a_customer_did_before_the_mark_still_counts(shop: Shop) -> None:
    shop.coupon("few", limits={"uses_per_customer": 2, "uses": 2})
    made = redeem(shop, "few", ref="O-1", customer="C").body["id"]
    Customer.objects.filter(ref="C").update(is_test=True)
    assert redeem(shop, "few", ref="T-1", customer="C").status == 201
    assert CouponCounter.objects.get().uses == 1
    assert CustomerCounter.objects.get().uses == 1
    # Its return gives back what it took, though it is a test customer's by now.
    assert shop.api.post(f"redemptions/{made}/reversals", {}).status == 201
    assert (CouponCounter.objects.get().uses, CustomerCounter.objects.get().uses) == (0, 0)


def test_a_test_customer_finds_what_is_under_test(shop: Shop) -> None:
    shop.coupon("live", value={"USD": "1.00"})
    under_test(shop)
    under_test(shop, "claimed", claim_required=True)
    with nothing_changes():
        found = shop.api.post("qualifications", cart(customer="T")).body
    assert [each["coupon"] for each in found["usable"]] == ["ten", "live"]
    assert found["unusable"] == []
    assert [each["coupon"] for each in found["best"]["applied"]] == ["ten"]
