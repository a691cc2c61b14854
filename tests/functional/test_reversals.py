"""Goods come back: their share of the discounts to the cent, and in the end the coupon."""

from datetime import timedelta
from typing import Any

import pytest

from coupons.models import Code, CouponCounter, CouponDay, JournalEntry
from redemption.models import CustomerCounter, Redemption, Reversal, ReversalLine, Use, UseLine
from reports import rollups
from reports.models import DailyFigure
from tests.shop import NOW, Answer, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

#: 13.34 and 6.66 of 20.00: three units at 10.00, and one at 15.00 in another order.
LINES = [
    {"id": "1", "sku": "SHOE", "quantity": 3, "unit_price": "10.00"},
    {"id": "2", "sku": "HAT", "quantity": 1, "unit_price": "15.00"},
]


@pytest.fixture
def shop(settings: Any) -> Shop:
    settings.HEXIAO_TEST_CLOCK = True
    return Shop.open()


def at(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat()


def publish(shop: Shop, slug: str = "ten", **definition: Any) -> None:
    body = {
        "slug": slug,
        "name": slug.title(),
        "kind": "amount_off",
        "value": {"USD": "10.00"},
        "code": slug,
        **definition,
    }
    if body["code"] is None:
        del body["code"]
    assert shop.api.post("coupons", body, X_Test_Clock=at(-30)).status == 201
    assert shop.api.post(f"coupons/{slug}/publish", X_Test_Clock=at(-30)).status == 200


def redeem(shop: Shop, *codes: str, **changes: Any) -> Answer:
    body = order(*codes, **{"lines": LINES, **changes})
    done = shop.api.post("redemptions", body, X_Test_Clock=at(0))
    assert done.status == 201, done
    return done


def give(shop: Shop, done: Answer, *lines: tuple[str, int], day: float = 1, **more: Any) -> Answer:
    """Return units of lines, or without any all that is left."""
    body = {"reason": "too small", **more}
    if lines:
        body["lines"] = [{"id": ref, "quantity": quantity} for ref, quantity in lines]
    path = f"redemptions/{done.body['id']}/reversals"
    return shop.api.post(path, body, X_Test_Clock=at(day))


def fates(answer: Answer) -> list[str]:
    return [coupon["returned"] for coupon in answer.body["coupons"]]


def status(shop: Shop, done: Answer) -> str:
    return str(shop.api.get(f"redemptions/{done.body['id']}").body["status"])


def test_everything_comes_back_with_its_coupon(shop: Shop) -> None:
    limits = {"uses": 5, "uses_per_day": 5, "uses_per_customer": 5, "budget": {"USD": "99.00"}}
    publish(shop, code=None, limits=limits)
    shop.codes("ten", "ONLY1")
    done = redeem(shop, "only1", customer="C-1")
    back = give(shop, done)
    assert (back.status, back.body) == (
        201,
        {
            "id": str(Reversal.objects.get().pk),
            "redemption": done.body["id"],
            "order": "O-1",
            "currency": "USD",
            "amount": "10.00",
            "shipping_amount": "0.00",
            "claw_back": "0.00",
            "lines": [
                {"id": "1", "quantity": 3, "amount": "6.67"},
                {"id": "2", "quantity": 1, "amount": "3.33"},
            ],
            "coupons": [
                {"code": "ONLY1", "coupon": "ten", "returned": "restored", "new_code": None}
            ],
        },
    )
    assert status(shop, done) == "reversed"
    assert Code.objects.get().uses == 0
    counter = CouponCounter.objects.get()
    assert (counter.uses, counter.budget_used_minor) == (0, 0)
    assert (CouponDay.objects.get().uses, CustomerCounter.objects.get().uses) == (0, 0)
    again = redeem(shop, "only1", ref="O-2", customer="C-1")
    assert again.status == 201


def test_units_come_back_one_by_one_and_sum_up_to_the_discount(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    amounts = []
    for line in ("1", "1", "2", "1"):
        back = give(shop, done, (line, 1))
        amounts.append(back.body["amount"])
        last = len(amounts) == 4
        assert fates(back) == (["restored"] if last else ["kept"])
        assert status(shop, done) == ("reversed" if last else "partly_reversed")
    assert amounts == ["2.22", "2.22", "3.33", "2.23"]
    assert sum(UseLine.objects.values_list("returned_minor", flat=True)) == 1000


def test_shipping_comes_back_with_the_last_goods(shop: Shop) -> None:
    publish(shop, "ship", kind="free_shipping", value=None)
    done = redeem(shop, "ship", shipping="8.00")
    assert give(shop, done, ("1", 3)).body["shipping_amount"] == "0.00"
    assert give(shop, done, ("2", 1)).body["shipping_amount"] == "8.00"


def test_what_is_back_does_not_come_back_again(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    give(shop, done, ("1", 3))
    with nothing_changes():
        line = give(shop, done, ("1", 1))
    assert (line.status, line.code) == (409, "already_reversed")
    give(shop, done)
    with nothing_changes():
        whole = give(shop, done)
    assert (whole.status, whole.code) == (409, "already_reversed")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lines": [{"id": "9", "quantity": 1}]}, "lines.0.id"),
        ({"lines": [{"id": "1", "quantity": 4}]}, "lines.0.quantity"),
        ({"lines": [{"id": "1", "quantity": 0}]}, "lines.0.quantity"),
        ({"lines": [{"id": "1", "quantity": 1}, {"id": "1", "quantity": 1}]}, "lines.1.id"),
        ({"lines": []}, "lines"),
        ({"reason": 5}, "reason"),
    ],
)
def test_units_that_were_not_bought_do_not_come_back(shop: Shop, body: Any, field: str) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    with nothing_changes():
        refused = shop.api.post(f"redemptions/{done.body['id']}/reversals", body)
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, field)


def test_a_hold_is_released_not_returned(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten", hold=True)
    with nothing_changes():
        refused = give(shop, done, day=0)
    assert (refused.status, refused.code) == (409, "wrong_state")


def test_the_same_reference_is_the_same_refund(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    first = give(shop, done, ("1", 1), reference="R-1")
    with nothing_changes():
        again = give(shop, done, ("1", 1), reference="R-1")
        other = give(shop, done, ("2", 1), reference="R-1")
    assert (first.status, again.status, again.body) == (201, 200, first.body)
    assert (other.status, other.body["errors"][0]["field"]) == (422, "reference")
    assert give(shop, done, ("1", 1), reference="R-2").status == 201


def test_a_preview_tells_what_would_come_back_and_writes_nothing(shop: Shop) -> None:
    publish(shop, code=None, return_policy="reissue")
    shop.codes("ten", "ONLY1")
    done = redeem(shop, "only1")
    with nothing_changes():
        part = give(shop, done, ("1", 2), preview=True)
        whole = give(shop, done, preview=True)
    assert (part.status, part.body["amount"], fates(part)) == (200, "4.44", ["kept"])
    assert (whole.body["amount"], fates(whole)) == ("10.00", ["reissued"])
    assert (whole.body["id"], whole.body["coupons"][0]["new_code"]) == (None, None)


EXTENDS = {"return_policy": "restore_and_extend", "extend_days": 5}
POLICIES = {
    "restored while valid": ({}, 1, "restored"),
    "over when it comes back": ({}, 11, "not_returned"),
    "never": ({"return_policy": "never"}, 1, "not_returned"),
    "extended while valid": (EXTENDS, 9, "restored"),
    "extended after its end": (EXTENDS, 20, "restored"),
    "reissued": ({"return_policy": "reissue"}, 1, "reissued"),
    "reissued after its end": ({"return_policy": "reissue"}, 11, "not_returned"),
    "reissued with more days": ({"return_policy": "reissue", "extend_days": 5}, 11, "reissued"),
}  # fmt: skip


@pytest.mark.parametrize("name", POLICIES)
def test_the_policy_decides_whether_the_coupon_comes_back(shop: Shop, name: str) -> None:
    definition, day, expected = POLICIES[name]
    limits = {"uses": 5, "uses_per_customer": 1, "budget": {"USD": "99.00"}}
    publish(shop, code=None, ends_at=at(10), limits=limits, **definition)
    shop.codes("ten", "ONLY1")
    done = redeem(shop, "only1", customer="C-1")
    back = give(shop, done, day=day)
    assert fates(back) == [expected]
    counter = CouponCounter.objects.get()
    is_back = expected != "not_returned"
    assert (counter.uses, counter.budget_used_minor) == ((0, 0) if is_back else (1, 1000))
    assert CustomerCounter.objects.get().uses == (0 if is_back else 1)
    assert counter.issued == 1
    code = back.body["coupons"][0]["new_code"] or "ONLY1"
    body = order(code, ref="O-2", customer="C-1", lines=LINES)
    again = shop.api.post("redemptions", body, X_Test_Clock=at(day + 0.1))
    assert again.status == (201 if is_back else 422)
    if expected == "reissued":
        old = shop.api.post("redemptions", order("only1", ref="O-3", customer="C-1"))
        assert old.body["rejected"][0]["reason"] == "code_revoked"


def test_an_extended_code_ends_so_many_days_after_it_came_back(shop: Shop) -> None:
    publish(shop, code=None, ends_at=at(10), return_policy="restore_and_extend", extend_days=5)
    shop.codes("ten", "ONLY1")
    give(shop, redeem(shop, "only1"), day=20)
    assert Code.objects.get().expires_at == NOW + timedelta(days=25)


def test_a_withdrawn_code_does_not_come_back(shop: Shop) -> None:
    publish(shop, code=None)
    shop.codes("ten", "ONLY1")
    done = redeem(shop, "only1")
    Code.objects.update(state="revoked")
    assert fates(give(shop, done)) == ["not_returned"]
    assert Code.objects.get().uses == 1


def test_the_shared_code_of_an_ended_coupon_does_not_come_back(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    assert shop.api.post("coupons/ten/end", X_Test_Clock=at(1)).status == 200
    assert fates(give(shop, done)) == ["not_returned"]


def test_coupons_used_together_come_back_each_by_its_policy(shop: Shop) -> None:
    together = {"stacking_group": "all", "stacks_with": ["all"]}
    publish(shop, "first", **together)
    publish(shop, "second", return_policy="never", value={"USD": "5.00"}, **together)
    done = redeem(shop, "first", "second")
    back = give(shop, done, ("1", 1))
    assert (back.body["amount"], fates(back)) == ("3.33", ["kept", "kept"])
    rest = give(shop, done)
    assert (rest.body["amount"], fates(rest)) == ("11.67", ["restored", "not_returned"])


def test_a_coupon_that_claws_back_says_what_is_due(shop: Shop) -> None:
    publish(shop, claw_back=True, min_spend={"USD": "40.00"})
    done = redeem(shop, "ten")
    first = give(shop, done, ("1", 1))
    # 35.00 are left; the 40.00 are no longer met, so the rest of the 10.00 is due.
    assert (first.body["amount"], first.body["claw_back"]) == ("2.22", "7.78")
    # It has been paid back, so nothing of it stays with the goods that follow.
    rest = give(shop, done)
    assert (rest.body["amount"], rest.body["claw_back"]) == ("0.00", "0.00")
    assert fates(rest) == ["restored"]


def test_a_lower_tier_claws_back_the_difference(shop: Shop) -> None:
    tiers = [
        {"min_spend": {"USD": "20.00"}, "value": {"USD": "4.00"}},
        {"min_spend": {"USD": "40.00"}, "value": {"USD": "9.00"}},
    ]
    publish(shop, kind="tiered", value=None, tiers=tiers, claw_back=True)
    done = redeem(shop, "ten")
    back = give(shop, done, ("2", 1))
    # The shoes carry 6.00 of the 9.00; by themselves, at 30.00, they get 4.00.
    assert (back.body["amount"], back.body["claw_back"]) == ("3.00", "2.00")
    assert give(shop, done).body["amount"] == "4.00"


MERGED = [{**LINES[0], "order": "O-1"}, {**LINES[1], "order": "O-2"}]


def test_orders_paid_together_come_back_one_by_one(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten", lines=MERGED)
    first = shop.api.post("orders/O-2/refunds", {"reason": "x"}, X_Test_Clock=at(1))
    assert first.status == 201
    assert [each["amount"] for each in first.body] == ["3.33"]
    assert first.body[0]["lines"] == [{"id": "2", "quantity": 1, "amount": "3.33"}]
    assert first.body[0]["coupons"][0]["returned"] == "kept"
    with nothing_changes():
        again = shop.api.post("orders/O-2/refunds", {}, X_Test_Clock=at(1))
    assert (again.status, again.code) == (409, "already_reversed")
    rest = shop.api.post("orders/O-1/refunds", {}, X_Test_Clock=at(1))
    assert rest.body[0]["amount"] == "6.67"
    assert rest.body[0]["coupons"][0]["returned"] == "restored"
    assert status(shop, done) == "reversed"


def test_a_merged_redemption_is_found_under_each_of_its_orders(shop: Shop) -> None:
    publish(shop)
    publish(shop, "other")
    done = redeem(shop, "ten", lines=MERGED)
    for ref in ("O-1", "O-2"):
        found = shop.api.get(f"redemptions?order={ref}").body["results"]
        assert [each["id"] for each in found] == [done.body["id"]]
    late = shop.api.post("redemptions", order("other", ref="O-2"), X_Test_Clock=at(0))
    assert late.body["rejected"][0]["reason"] == "not_combinable"
    same = shop.api.post("redemptions", order("ten", ref="O-2"), X_Test_Clock=at(0))
    assert (same.status, same.code) == (409, "order_already_redeemed")


def test_what_an_order_has_used_binds_that_order_alone(shop: Shop) -> None:
    publish(shop)
    publish(shop, "other")
    redeem(shop, "ten")
    lines = [{**line, "order": "O-1"} for line in LINES]
    quote = shop.api.post("validations", order("other", ref=None, lines=lines))
    assert (quote.body["valid"], quote.body["discount"]) == (True, "10.00")
    assert redeem(shop, "other", ref="O-2", lines=lines).body["discount"] == "10.00"
    beside = shop.api.post("validations", order("other", lines=LINES))
    assert beside.body["rejected"][0]["reason"] == "not_combinable"


def test_a_refund_goes_over_all_redemptions_of_the_order(shop: Shop) -> None:
    together = {"stacking_group": "all", "stacks_with": ["all"]}
    publish(shop, "first", **together)
    publish(shop, "second", value={"USD": "5.00"}, **together)
    redeem(shop, "first")
    redeem(shop, "second")
    body = {"lines": [{"id": "1", "quantity": 3}], "reference": "R-1"}
    back = shop.api.post("orders/O-1/refunds", body, X_Test_Clock=at(1))
    assert [each["amount"] for each in back.body] == ["6.67", "3.33"]
    again = shop.api.post("orders/O-1/refunds", body, X_Test_Clock=at(1))
    assert (again.status, again.body) == (200, back.body)


def test_an_order_that_redeemed_nothing_has_nothing_to_refund(shop: Shop) -> None:
    refused = shop.api.post("orders/O-9/refunds", {})
    assert (refused.status, refused.code) == (404, "not_found")


def test_a_line_that_the_order_never_had_is_told(shop: Shop) -> None:
    publish(shop)
    redeem(shop, "ten", lines=MERGED)
    with nothing_changes():
        body = {"lines": [{"id": "1", "quantity": 1}]}
        refused = shop.api.post("orders/O-2/refunds", body, X_Test_Clock=at(1))
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "lines.0.id")


def test_a_pass_comes_back_whole(shop: Shop) -> None:
    publish(shop, "entry", kind="pass", value=None)
    done = redeem(shop, "entry", lines=[])
    back = give(shop, done)
    assert (back.status, back.body["lines"], fates(back)) == (201, [], ["restored"])
    assert give(shop, done).code == "already_reversed"


def test_a_returned_order_may_use_the_code_again(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    give(shop, done)
    again = shop.api.post("redemptions", order("ten", lines=LINES), X_Test_Clock=at(2))
    assert again.status == 201
    assert again.body["id"] != done.body["id"]


def test_returns_are_listed_and_told_to_the_journal_and_the_figures(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    first = give(shop, done, ("1", 1))
    last = give(shop, done, day=2)
    listed = shop.api.get(f"redemptions/{done.body['id']}/reversals").body["results"]
    assert listed == [last.body, first.body]
    told = JournalEntry.objects.filter(type="redemption.reversed").order_by("id")
    assert [entry.data["amount_minor"] for entry in told] == [222, 778]
    assert [entry.data["value_minor"] for entry in told] == [1000, 3500]
    rollups.catch_up()
    of_merchant = DailyFigure.objects.filter(coupon=None, currency="USD").order_by("day")
    figures = of_merchant.values_list("redeemed", "discount_minor", "orders", "order_value_minor")
    assert list(figures) == [
        (1, 1000, 1, 4500),
        (0, -222, 0, -1000),
        (-1, -778, -1, -3500),
    ]


def test_nobody_returns_another_merchants_goods(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    other = Shop.open("other")
    with nothing_changes():
        assert give(other, done).code == "not_found"
        assert other.api.post("orders/O-1/refunds", {}).code == "not_found"


def test_the_ledger_keeps_what_came_back(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    give(shop, done, ("1", 2))
    assert list(ReversalLine.objects.values_list("line_ref", "quantity", "amount_minor")) == [
        ("1", 2, 444)
    ]
    assert list(UseLine.objects.order_by("line_ref").values_list("returned_quantity")) == [
        (2,),
        (0,),
    ]
    use = Use.objects.get()
    assert (use.standing, use.taken) == (True, True)
    assert Redemption.objects.get().status == "partly_reversed"


def split(shop: Shop, *parts: tuple[str, str], of: str = "O-1") -> Answer:
    """Put lines of an order under others."""
    body = {"orders": [{"order": ref, "lines": [line]} for ref, line in parts]}
    return shop.api.post(f"orders/{of}/splits", body, X_Test_Clock=at(1))


def test_an_order_that_is_split_later_comes_back_in_its_parts(shop: Shop) -> None:
    publish(shop)
    done = redeem(shop, "ten")
    parts = split(shop, ("P-1", "1"), ("P-2", "2"))
    assert parts.status == 200
    assert [line["order"] for line in parts.body[0]["lines"]] == ["P-1", "P-2"]
    back = shop.api.post("orders/P-2/refunds", {}, X_Test_Clock=at(2))
    assert (back.status, back.body[0]["amount"], fates_of(back)) == (201, "3.33", "kept")
    found = shop.api.get("redemptions?order=P-1").body["results"]
    assert [each["id"] for each in found] == [done.body["id"]]
    rest = shop.api.post("orders/P-1/refunds", {}, X_Test_Clock=at(2))
    assert (rest.body[0]["amount"], fates_of(rest)) == ("6.67", "restored")
    assert set(UseLine.objects.values_list("order_ref", flat=True)) == {"P-1", "P-2"}


def fates_of(refund: Answer) -> str:
    return str(refund.body[0]["coupons"][0]["returned"])


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([("P-1", "9")], "orders.0.lines.0"),
        ([("P-1", "1"), ("P-2", "1")], "orders.1.lines.0"),
        ([], "orders"),
        ([("", "1")], "orders.0.order"),
    ],
)
def test_an_order_is_split_by_lines_that_it_has(shop: Shop, parts: Any, field: str) -> None:
    publish(shop)
    redeem(shop, "ten")
    with nothing_changes():
        refused = split(shop, *parts)
        assert split(shop, ("P-1", "1"), of="O-9").code == "not_found"
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, field)
