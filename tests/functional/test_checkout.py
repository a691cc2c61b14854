"""Pricing a cart and redeeming its codes, over HTTP."""

from typing import Any

import pytest

from coupons.models import CouponCounter, JournalEntry
from redemption import checkout, facts
from redemption.errors import TakeLost
from redemption.models import Redemption, Use, UseLine
from tests.shop import Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def test_prices_a_cart_with_a_code(shop: Shop) -> None:
    shop.coupon("ten-off")
    quote = shop.api.post("validations", cart("ten-off"))
    assert quote.status == 200, quote
    assert quote.body == {
        "valid": True,
        "currency": "USD",
        "subtotal": "99.98",
        "member_discount": "0.00",
        "discount": "10.00",
        "shipping": "0.00",
        "shipping_discount": "0.00",
        "tax": "0.00",
        "tax_included": False,
        "payable": "89.98",
        "applied": [
            {
                "code": "TENOFF",
                "coupon": "ten-off",
                "name": "Ten-Off",
                "kind": "amount_off",
                "discount": "10.00",
                "shipping_discount": "0.00",
                "lines": [{"id": "1", "discount": "4.00"}, {"id": "2", "discount": "6.00"}],
                "gifts": [],
            }
        ],
        "rejected": [],
        "lines": [
            {"id": "1", "discount": "4.00", "final_price": "35.98", "order": None},
            {"id": "2", "discount": "6.00", "final_price": "54.00", "order": None},
        ],
    }


def test_redeems_and_writes_the_ledger(shop: Shop) -> None:
    shop.coupon("ten-off")
    done = shop.api.post("redemptions", order("ten-off", customer="C-1"))
    assert done.status == 201, done
    assert done.body["status"] == "redeemed"
    assert done.body["order"] == "O-1"
    redemption = Redemption.objects.get()
    assert str(redemption.pk) == done.body["id"]
    assert (redemption.subtotal_minor, redemption.discount_minor) == (9998, 1000)
    assert Use.objects.count() == 1
    assert sorted(UseLine.objects.values_list("line_ref", "discount_minor")) == [
        ("1", 400),
        ("2", 600),
    ]


# --- Asking ------------------------------------------------------------------------


def test_a_price_writes_nothing(shop: Shop) -> None:
    shop.coupon("ten-off", limits={"uses_per_customer": 1})
    with nothing_changes():
        for _ in range(3):
            quote = shop.api.post("validations", cart("ten-off", "NONE", customer="C-new"))
            assert quote.status == 200


def test_a_cart_without_codes_is_priced_and_valid(shop: Shop) -> None:
    quote = shop.api.post("validations", cart()).body
    assert (quote["valid"], quote["applied"], quote["rejected"]) == (True, [], [])
    assert (quote["discount"], quote["payable"]) == ("0.00", "99.98")


def test_what_is_rejected_stands_in_the_order_asked_with_its_reasons(shop: Shop) -> None:
    shop.coupon("ten-off")
    shop.coupon("big", min_spend={"USD": "160.00"})
    quote = shop.api.post("validations", cart("NO-NE", "big", "ten-off", "Ten Off")).body
    assert quote["valid"] is False
    assert [applied["code"] for applied in quote["applied"]] == ["TENOFF"]
    assert quote["rejected"] == [
        {
            "code": "NONE",
            "coupon": None,
            "reason": "code_not_found",
            "message": "There is no such code.",
            "reasons": [{"reason": "code_not_found", "message": "There is no such code."}],
        },
        {
            "code": "BIG",
            "coupon": "big",
            "reason": "min_spend_not_met",
            "message": "60.02 USD more is needed for this coupon.",
            "reasons": [
                {
                    "reason": "min_spend_not_met",
                    "message": "60.02 USD more is needed for this coupon.",
                    "missing": "60.02",
                }
            ],
        },
        {
            "code": "TENOFF",
            "coupon": "ten-off",
            "reason": "already_applied",
            "message": "This code is in the cart already.",
            "reasons": [
                {"reason": "already_applied", "message": "This code is in the cart already."}
            ],
        },
    ]


@pytest.mark.parametrize(
    ("language", "name", "chinese"),
    [
        (None, "Ten-Off", False),
        ("en", "Ten-Off", False),
        ("en-GB", "Ten-Off", False),
        ("zh", "立减十元", True),
        ("zh-CN", "立减十元", True),
        ("zh_Hans", "立减十元", True),
        ("xx", "Ten-Off", False),
        ("", "Ten-Off", False),
    ],
)
def test_messages_and_names_are_in_the_carts_language(
    shop: Shop, language: str | None, name: str, chinese: bool
) -> None:
    shop.coupon("ten-off", names={"zh-hans": "立减十元"})
    quote = shop.api.post("validations", cart("ten-off", "NONE", language=language)).body
    assert quote["applied"][0]["name"] == name
    message = quote["rejected"][0]["message"]
    assert (message != "There is no such code.") is chinese
    assert any("一" <= letter <= "龥" for letter in message) is chinese


def test_shipping_and_gifts_are_told_apart_from_the_discount(shop: Shop) -> None:
    shop.api.put("products/MUG", {})
    together = {"stacking_group": "g", "stacks_with": ["g"]}
    shop.coupon("ship", kind="free_shipping", cap={"USD": "5.00"}, **together)
    shop.coupon("mug", kind="gift", gifts=[{"sku": "MUG", "quantity": 2}], **together)
    quote = shop.api.post("validations", cart("ship", "mug", shipping="8.00")).body
    assert quote["valid"] is True
    assert (quote["discount"], quote["shipping"], quote["shipping_discount"]) == (
        "0.00",
        "8.00",
        "5.00",
    )
    assert quote["payable"] == "102.98"
    applied = {a["code"]: a for a in quote["applied"]}
    assert applied["SHIP"]["shipping_discount"] == "5.00"
    assert applied["MUG"]["gifts"] == [{"sku": "MUG", "quantity": 2}]


def test_lines_keep_the_orders_that_are_paid_together(shop: Shop) -> None:
    shop.coupon("ten-off")
    lines = cart()["lines"]
    lines[1]["order"] = "O-b"
    quote = shop.api.post("validations", cart("ten-off", lines=lines)).body
    assert [line["order"] for line in quote["lines"]] == [None, "O-b"]
    done = shop.api.post("redemptions", order("ten-off", ref="O-a", lines=lines)).body
    assert [line["order"] for line in done["lines"]] == ["O-a", "O-b"]
    kept = UseLine.objects.order_by("line_ref").values_list("order_ref", flat=True)
    assert list(kept) == ["O-a", "O-b"]


# --- Taking ------------------------------------------------------------------------


def test_a_redemption_answers_the_quote_and_where_it_stands(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    at = "2027-03-04T20:00:00+08:00"
    shop.coupon("ten-off", thank_you="Come again!")
    quote = shop.api.post("validations", cart("ten-off")).body
    done = shop.api.post("redemptions", order("ten-off"), X_Test_Clock=at).body
    lines = [line | {"order": "O-1"} for line in quote["lines"]]
    assert done == quote | {
        "lines": lines,
        "id": done["id"],
        "status": "redeemed",
        "order": "O-1",
        "created_at": "2027-03-04T12:00:00+00:00",
        "expires_at": None,
        "thank_you": "Come again!",
        "follow_up": None,
    }


def test_the_ledger_and_the_journal_tell_the_same(shop: Shop) -> None:
    shop.coupon("ten-off", funded_by="platform")
    before = JournalEntry.objects.count()
    done = shop.api.post("redemptions", order("ten-off", customer="C-1")).body
    use = Use.objects.get()
    assert (use.order_ref, use.version, use.standing) == ("O-1", 1, True)
    assert (use.discount_minor, use.shipping_discount_minor) == (1000, 0)
    assert use.customer is not None
    assert use.customer.ref == "C-1"
    lines = UseLine.objects.order_by("line_ref")
    assert [(each.sku, each.quantity, each.base_minor, each.funded_by) for each in lines] == [
        ("SHOE", 2, 3998, "platform"),
        ("HAT", 1, 6000, "platform"),
    ]
    created, redeemed = JournalEntry.objects.order_by("id")[before:]
    key = f"key:{(shop.api.key or '')[:8]}"
    assert (created.type, redeemed.type) == ("redemption.created", "code.redeemed")
    for entry in (created, redeemed):
        assert str(entry.redemption_ref) == done["id"]
        assert (entry.customer_ref, entry.actor) == ("C-1", key)
    assert created.data == {
        "order": "O-1",
        "currency": "USD",
        "subtotal_minor": 9998,
        "discount_minor": 1000,
        "shipping_discount_minor": 0,
        "method": "automatic",
        "is_test": False,
        "uses": [
            {
                "coupon": use.coupon_id,
                "code": use.code_id,
                "discount_minor": 1000,
                "shipping_discount_minor": 0,
            }
        ],
    }
    assert (redeemed.coupon_id, redeemed.code_id) == (use.coupon_id, use.code_id)


def test_the_same_order_codes_and_cart_again_are_the_same_redemption(shop: Shop) -> None:
    shop.coupon("ten-off")
    first = shop.api.post("redemptions", order("ten-off", customer="C-1"))
    with nothing_changes():
        same = [
            order("TEN OFF", customer="C-1"),
            # What does not decide the price may differ.
            order("ten-off", customer="C-1", language="zh", ip="203.0.113.9", device="d"),
        ]
        for body in same:
            again = shop.api.post("redemptions", body)
            assert (again.status, again.body) == (200, first.body)


@pytest.mark.parametrize(
    "change",
    [
        {"shipping": "1.00"},
        {"customer": "C-2"},
        {"country": "DE"},
        {"lines": cart()["lines"][:1]},
        {"lines": [cart()["lines"][0] | {"quantity": 3}, cart()["lines"][1]]},
        {"lines": [cart()["lines"][0] | {"member_discount": "1.00"}, cart()["lines"][1]]},
        {"codes": ["ten-off", "more"]},
    ],
)
def test_with_another_cart_the_order_has_been_redeemed_already(
    shop: Shop, change: dict[str, Any]
) -> None:
    together = {"stacking_group": "g", "stacks_with": ["g"]}
    shop.coupon("ten-off", **together)
    shop.coupon("more", **together)
    assert shop.api.post("redemptions", order("ten-off", customer="C-1")).status == 201
    with nothing_changes():
        answer = shop.api.post("redemptions", order("ten-off", customer="C-1") | change)
    assert (answer.status, answer.code) == (409, "order_already_redeemed")


def test_the_same_order_name_at_two_merchants_is_two_orders(shop: Shop) -> None:
    other = Shop.open("other")
    for each in (shop, other):
        each.coupon("ten-off")
        assert each.api.post("redemptions", order("ten-off")).status == 201


def test_one_code_that_fails_redeems_none(shop: Shop) -> None:
    shop.coupon("ten-off")
    shop.coupon("unique", code=None, stacking_group="g")
    shop.codes("unique", "A1")
    with nothing_changes():
        answer = shop.api.post("redemptions", order("ten-off", "NONE", "A1", customer="C-new"))
    assert (answer.status, answer.code) == (422, "coupon_rejected")
    assert [(r["code"], r["reason"]) for r in answer.body["rejected"]] == [
        ("NONE", "code_not_found"),
        ("A1", "not_combinable"),
    ]
    assert answer.body["detail"] == answer.body["rejected"][0]["message"]


def test_partial_takes_what_applies(shop: Shop) -> None:
    shop.coupon("ten-off")
    body = order("NONE", "ten-off", partial=True)
    done = shop.api.post("redemptions", body)
    assert done.status == 201, done
    assert done.body["valid"] is False
    assert [a["code"] for a in done.body["applied"]] == ["TENOFF"]
    assert [r["code"] for r in done.body["rejected"]] == ["NONE"]
    with nothing_changes():
        again = shop.api.post("redemptions", body)
    assert (again.status, again.body) == (200, done.body)


def test_partial_with_nothing_that_applies_is_rejected(shop: Shop) -> None:
    with nothing_changes():
        answer = shop.api.post("redemptions", order("NONE", partial=True))
    assert (answer.status, answer.code) == (422, "coupon_rejected")


@pytest.mark.parametrize("kind", ["pass", "draw", "gift"])
def test_what_is_no_discount_is_redeemed_without_a_cart(shop: Shop, kind: str) -> None:
    shop.api.put("products/MUG", {})
    more = {
        "pass": {},
        "draw": {"prizes": [{"name": "Next time", "weight": 1}]},
        "gift": {"gifts": [{"sku": "MUG", "quantity": 1}]},
    }[kind]
    shop.coupon("thing", kind=kind, **more)
    done = shop.api.post("redemptions", order("thing", lines=[]))
    assert done.status == 201, done
    assert done.body["applied"][0]["gifts"] == more.get("gifts", [])
    assert (done.body["discount"], done.body["payable"]) == ("0.00", "0.00")
    assert UseLine.objects.count() == 0


def test_a_discount_without_a_cart_has_nothing_to_apply_to(shop: Shop) -> None:
    shop.coupon("ten-off")
    with nothing_changes():
        answer = shop.api.post("redemptions", order("ten-off", lines=[]))
    assert answer.body["rejected"][0]["reason"] == "no_applicable_items"


def test_a_discount_never_exceeds_what_the_cart_is_worth(shop: Shop) -> None:
    shop.coupon("ten-off")
    lines = [{"id": "1", "sku": "A", "quantity": 3, "unit_price": "0.33"}]
    done = shop.api.post("redemptions", order("ten-off", lines=lines)).body
    assert (done["discount"], done["payable"]) == ("0.99", "0.00")


def test_a_price_shown_earlier_is_never_trusted(shop: Shop) -> None:
    shop.coupon("ten-off", limits={"uses": 1})
    assert shop.api.post("validations", cart("ten-off")).body["valid"] is True
    assert shop.api.post("redemptions", order("ten-off", ref="O-other")).status == 201
    with nothing_changes():
        late = shop.api.post("redemptions", order("ten-off"))
    assert late.body["rejected"][0]["reason"] == "usage_limit_reached"


def test_what_goes_between_asking_and_taking_is_found_at_the_second_try(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.coupon("ten-off", limits={"uses": 1})
    gathered = facts.gather
    calls = []

    def and_lose(**asked: Any) -> Any:
        found = gathered(**asked)
        calls.append(asked["order"])
        # The last use is gone for the first attempt, and back for the second.
        CouponCounter.objects.update(max_uses=len(calls) - 1)
        return found

    monkeypatch.setattr(facts, "gather", and_lose)
    answer = shop.api.post("redemptions", order("ten-off"))
    assert answer.status == 201, answer
    assert calls == ["O-1", "O-1"]
    assert Redemption.objects.count() == 1


def test_a_take_that_is_lost_every_time_is_told_as_try_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.coupon("ten-off")

    def lost(*_: object, **__: object) -> None:
        raise TakeLost

    monkeypatch.setattr(checkout.ledger, "write", lost)
    with nothing_changes():
        answer = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k")
    assert (answer.status, answer.code) == (409, "try_again")
    assert answer.headers["Retry-After"] == "1"


def test_another_merchants_code_customer_and_product_are_unknown(shop: Shop) -> None:
    shop.coupon("ten-off")
    assert shop.api.put("customers/C-1", {}).status == 200
    shop.api.put("products/HAT", {"category": "hats", "on_sale": True})
    other = Shop.open("other")
    quote = other.api.post("validations", cart("ten-off", customer="C-1"))
    assert [r["reason"] for r in quote.body["rejected"]] == ["code_not_found"]
    assert quote.body["rejected"][0]["coupon"] is None
    with nothing_changes():
        assert other.api.post("redemptions", order("ten-off")).code == "coupon_rejected"
    # The same names are free for it, and stay apart.
    other.coupon("ten-off")
    assert other.api.post("redemptions", order("ten-off", customer="C-1")).status == 201
    assert Redemption.objects.of(shop.merchant).count() == 0
