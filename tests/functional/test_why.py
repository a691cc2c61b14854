"""The page that says why: for a redemption, for a refused attempt, and in the trial."""

from typing import Any

import pytest

from campaigns.models import Customer
from coupons.models import Coupon, Product, Role
from redemption.models import Redemption, RefusedAttempt
from tests.people import Person, person
from tests.shop import NOW, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

BOTH: dict[str, Any] = {"stacks_with": ["order"]}


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


@pytest.fixture
def bob(shop: Shop) -> Person:
    return person("bob", shop.merchant, Role.OPERATOR)


def why(someone: Person, ref: str = "O-1") -> Any:
    """Open the page of an order's redemption."""
    row = Redemption.objects.get(order_ref=ref)
    return someone.get(f"/redemption/redemption/{row.pk}/why/")


def why_refused(someone: Person, ref: str = "O-1") -> Any:
    """Open the page of an order's refused attempt."""
    row = RefusedAttempt.objects.get(order_ref=ref)
    return someone.get(f"/redemption/refusedattempt/{row.pk}/change/")


def looks(branch: dict[str, Any]) -> dict[str, tuple[bool, str, str]]:
    return {
        look["label"]: (look["passes"], look["wanted"], look["found"]) for look in branch["looks"]
    }


def test_a_redemption_says_what_each_coupon_took_and_from_what(shop: Shop, bob: Person) -> None:
    shop.coupon(**BOTH, priority=200, min_spend={"USD": "50.00"}, countries=["US", "CA"])
    shop.coupon("half", kind="percent_off", percent="50", cap={"USD": "20.00"}, **BOTH)
    body = order("ten-off", "half", customer="C-1", country="us")
    assert shop.api.post("redemptions", body).status == 201
    with nothing_changes(but=("coupons_user",)):
        page = why(bob)
    assert page.status_code == 200
    tree = page.context["tree"]
    assert (tree["order"], tree["total"]) == (["HALF", "TENOFF"], "30.00 USD")
    ten, half = tree["branches"]
    assert (ten["code"], ten["applies"], ten["outcome"]) == ("TENOFF", True, "10.00 USD off")
    assert (ten["name"], ten["version"], ten["failed"]) == ("Ten-Off", 1, 0)
    assert looks(ten)["Minimum spend"] == (True, "at least 50.00 USD", "99.98 USD")
    assert looks(ten)["Countries"] == (True, "CA, US", "US")
    assert "Budget" in ten["quiet"]
    assert (half["step"]["place"], half["step"]["before"]) == (1, "99.98 USD")
    assert half["step"]["notes"][0] == "Without its cap it would have been 49.99 USD."
    assert ten["step"]["before"] == "79.98 USD"
    assert ten["step"]["lines"] == [
        ["SHOE", "31.98 USD", "4.00 USD", "27.98 USD"],
        ["HAT", "48.00 USD", "6.00 USD", "42.00 USD"],
    ]
    assert page.context["differences"] == []
    assert "another one" not in page.content.decode()


def test_it_is_judged_by_the_version_of_that_day(shop: Shop, bob: Person) -> None:
    shop.coupon(limits={"uses": 1})
    assert shop.api.post("redemptions", order("ten-off")).status == 201
    changed = {"version": 1, "limits": {"uses": 9}, "name": "Renamed"}
    assert shop.api.patch("coupons/ten-off", changed).status == 200
    (branch,) = why(bob).context["tree"]["branches"]
    assert (branch["name"], branch["version"]) == ("Ten-Off", 1)
    assert looks(branch)["Uses in all"] == (True, "fewer than 1", "0")


def test_a_hold_is_explained_and_confirmed_with_another_cart_by_that_cart(
    shop: Shop, bob: Person
) -> None:
    shop.coupon("half", kind="percent_off", percent="50")
    held = shop.api.post("redemptions", order("half", hold=True))
    assert held.status == 201
    assert why(bob).context["tree"]["total"] == "49.99 USD"
    paid = cart("half", lines=[cart()["lines"][1]])
    path = f"redemptions/{held.body['id']}/confirmation"
    assert shop.api.post(path, paid).status == 200
    page = why(bob)
    assert (page.context["tree"]["total"], page.context["differences"]) == ("30.00 USD", [])


def test_an_answer_that_an_engine_of_today_would_not_give_is_told(shop: Shop, bob: Person) -> None:
    shop.coupon()
    shop.api.post("redemptions", order("ten-off"))
    row = Redemption.objects.get()
    row.quote["applied"][0]["discount"] = "9.99"
    row.quote["applied"][0]["lines"][0]["discount"] = "3.99"
    row.save()
    page = why(bob)
    assert page.context["differences"] == [
        ("TENOFF", "9.99 (1: 3.99, 2: 6.00) + 0.00", "10.00 (1: 4.00, 2: 6.00) + 0.00")
    ]
    assert "Judged again today, the answer is another one" in page.content.decode()


def test_a_redemption_from_before_has_no_explanation_and_says_so(shop: Shop, bob: Person) -> None:
    shop.coupon()
    shop.api.post("redemptions", order("ten-off"))
    Redemption.objects.update(evidence=None)
    page = why(bob)
    assert (page.status_code, page.context["tree"]) == (200, None)
    assert "older than the explanations" in page.content.decode()


def test_a_refused_attempt_says_which_condition_failed_and_by_how_much(
    shop: Shop, bob: Person
) -> None:
    shop.coupon(min_spend={"USD": "100.00"}, channels=["web"])
    shop.coupon("other")
    assert shop.api.post("redemptions", order("ten-off", "other", "hunter2")).status == 422
    page = why_refused(bob)
    ten, other, guess = page.context["tree"]["branches"]
    assert looks(ten)["Minimum spend"] == (False, "at least 100.00 USD", "99.98 USD")
    assert looks(ten)["Sales channels"] == (False, "web", "nothing")
    assert (ten["failed"], ten["outcome"]) == (2, "This coupon is not valid in this shop.")
    assert (other["applies"], other["outcome"]) == (True, "10.00 USD off")
    assert (guess["code"], guess["outcome"]) == ("HUN…", "There is no such code.")
    text = page.content.decode()
    assert "✗ fails" in text
    assert "✓ passes" in text


def test_a_clash_names_both_groups(shop: Shop, bob: Person) -> None:
    shop.coupon(stacks_with=["order", "shipping"])
    shop.coupon("alone")
    shop.api.post("redemptions", order("ten-off", "alone"))
    _, alone = why_refused(bob).context["tree"]["branches"]
    assert (alone["passes_alone"], alone["failed"]) == (True, 0)
    assert alone["reasons"] == ["This coupon does not go together with the others."]
    assert alone["clash"] == [
        "Alone is of group “order” and goes with no other coupon.",
        "Ten-Off is of group “order” and goes with: order, shipping.",
    ]


def test_what_a_customer_is_like_is_for_those_who_may_see_customers(
    shop: Shop, bob: Person
) -> None:
    shop.coupon(customers={"tags": ["vip"]})
    Customer.objects.create(merchant=shop.merchant, ref="C-1", tags=["secret"], created_at=NOW)
    shop.api.post("redemptions", order("ten-off", customer="C-1"))
    (branch,) = why_refused(bob).context["tree"]["branches"]
    assert looks(branch)["Who"] == (
        False,
        "Customer tags: vip",
        "C-1; New customers: no paid order yet; Customer tags: secret",
    )
    page = why_refused(person("ann", shop.merchant, Role.ANALYST))
    (branch,) = page.context["tree"]["branches"]
    assert looks(branch)["Who"] == (False, "Customer tags: vip", "not shown to your role")
    assert "secret" not in page.content.decode()


def test_both_pages_are_for_those_who_see_redemptions(shop: Shop, bob: Person) -> None:
    shop.coupon(limits={"uses": 1})
    for ref in ("O-1", "O-2"):
        shop.api.post("redemptions", order("ten-off", ref=ref))
    link = f"/redemption/redemption/{Redemption.objects.get().pk}/why/"
    change = link.replace("why", "change")
    assert link in bob.get(change).content.decode()
    clerk = person("clara", shop.merchant, Role.CLERK)
    charlie = person("charlie", Shop.open("other").merchant, Role.OWNER)
    assert [why(each).status_code for each in (clerk, charlie)] == [404, 404]
    assert [why_refused(each, "O-2").status_code for each in (clerk, charlie)] == [404, 404]
    assert clerk.get("/redemption/refusedattempt/").status_code == 403


def test_refused_attempts_are_found_by_reason(shop: Shop, bob: Person) -> None:
    shop.coupon(limits={"uses": 1})
    for ref, code in (("O-1", "ten-off"), ("O-2", "ten-off"), ("O-3", "nothing")):
        shop.api.post("redemptions", order(code, ref=ref))

    def listed(**asked: str) -> list[str]:
        rows = bob.get("/redemption/refusedattempt/", **asked).context["cl"].result_list
        return [row.order_ref for row in rows]

    assert listed() == ["O-3", "O-2"]
    assert listed(reason="usage_limit_reached") == ["O-2"]
    assert listed(reason="expired") == []
    assert listed(q="TEN-OFF") == ["O-2"]


def test_the_trial_says_why(shop: Shop, bob: Person) -> None:
    Product.objects.create(merchant=shop.merchant, sku="SHOE", currency="USD", price_minor=1999)
    shop.coupon(min_spend={"USD": "50.00"}, publish=False)
    address = f"/redemption/order/try/{Coupon.objects.get().pk}/"
    typed = {"goods-0-sku": "SHOE", "goods-0-quantity": "2"}
    (branch,) = bob.client.get(address, typed).context["tree"]["branches"]
    assert looks(branch)["Minimum spend"] == (False, "at least 50.00 USD", "39.98 USD")
    assert branch["outcome"] == "10.02 USD more and you save 10.00 USD with this coupon."


def test_it_speaks_chinese(shop: Shop, bob: Person) -> None:
    shop.coupon(min_spend={"USD": "100.00"})
    shop.api.post("redemptions", order("ten-off"))
    bob.client.cookies["django_language"] = "zh-hans"
    page = why_refused(bob)
    (branch,) = page.context["tree"]["branches"]
    assert looks(branch)["最低消费"] == (False, "至少 100.00 USD", "99.98 USD")
    assert "✗ 不满足" in page.content.decode()
