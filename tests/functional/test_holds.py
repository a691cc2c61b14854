"""Holds: kept for a while, confirmed or let go, free by the clock alone."""

from datetime import timedelta
from typing import Any

import pytest

from coupons.models import Code, CouponCounter, CouponDay, JournalEntry
from redemption import holds
from redemption.models import CustomerCounter, Redemption, RefusedAttempt, Use, UseLine
from tests.shop import NOW, Answer, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(settings: Any) -> Shop:
    settings.HEXIAO_TEST_CLOCK = True
    return Shop.open()


def at(minutes: float) -> str:
    """Return the header's time so many minutes after noon."""
    return (NOW + timedelta(minutes=minutes)).isoformat()


def hold(shop: Shop, *codes: str, minute: float = 0, **changes: Any) -> Answer:
    """Hold codes for 15 minutes."""
    body = order(*codes, hold=True, **changes)
    return shop.api.post("redemptions", body, X_Test_Clock=at(minute))


def confirm(shop: Shop, held: Answer, body: Any = None, *, minute: float = 1) -> Answer:
    return shop.api.post(
        f"redemptions/{held.body['id']}/confirmation", body, X_Test_Clock=at(minute)
    )


def release(shop: Shop, held: Answer, *, minute: float = 1) -> Answer:
    return shop.api.post(f"redemptions/{held.body['id']}/release", X_Test_Clock=at(minute))


def reason(shop: Shop, code: str, *, minute: float, **changes: Any) -> str | None:
    """Return why a code does not apply at that minute, or None."""
    quote = shop.api.post("validations", cart(code, **changes), X_Test_Clock=at(minute))
    assert quote.status == 200, quote
    return None if quote.body["valid"] else quote.body["rejected"][0]["reason"]


def status(shop: Shop, held: Answer, *, minute: float) -> str:
    path = f"redemptions/{held.body['id']}"
    return str(shop.api.get(path, X_Test_Clock=at(minute)).body["status"])


def publish(shop: Shop, slug: str, **definition: Any) -> None:
    shop.coupon(slug, **{"starts_at": at(-60), **definition})


def one_use(shop: Shop, **definition: Any) -> None:
    publish(shop, "unique", code=None, **definition)
    shop.codes("unique", "ONLY1")


def counts() -> dict[str, Any]:
    """Return all that can be taken, as it stands."""
    return {
        "codes": sorted(Code.objects.filter(shared=False).values_list("text", "uses")),
        "coupons": sorted(CouponCounter.objects.values_list("uses", "budget_used_minor")),
        "days": sorted(CouponDay.objects.values_list("uses", flat=True)),
        "customers": sorted(CustomerCounter.objects.values_list("uses", flat=True)),
    }


def test_a_hold_says_until_when(shop: Shop) -> None:
    one_use(shop)
    held = hold(shop, "only1", hold_minutes=30)
    assert held.status == 201
    assert (held.body["status"], held.body["created_at"]) == ("held", at(0))
    assert held.body["expires_at"] == at(30)
    assert status(shop, held, minute=29) == "held"


@pytest.mark.parametrize("minutes", [0, 10_081, "15"])
def test_a_hold_lasts_from_a_minute_to_a_week(shop: Shop, minutes: Any) -> None:
    one_use(shop)
    with nothing_changes():
        assert hold(shop, "only1", hold_minutes=minutes).status == 422


@pytest.mark.django_db(transaction=True)
def test_what_is_held_is_held_for_others_until_its_time(shop: Shop) -> None:
    one_use(shop)
    held = hold(shop, "only1")
    assert reason(shop, "only1", minute=14.9) == "held"
    other = shop.api.post("redemptions", order("only1", ref="O-2"), X_Test_Clock=at(14.9))
    assert (other.status, other.body["rejected"][0]["reason"]) == (422, "held")
    assert reason(shop, "only1", minute=15) is None
    assert status(shop, held, minute=15) == "released"


LIMITS = {
    "uses": ({"limits": {"uses": 1}}, "usage_limit_reached"),
    "a day": ({"limits": {"uses_per_day": 1}}, "daily_limit_reached"),
    "a customer": ({"limits": {"uses_per_customer": 1}}, "customer_limit_reached"),
    "budget": ({"limits": {"budget": {"USD": "10.00"}}}, "budget_exhausted"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", LIMITS)
def test_every_limit_counts_a_hold_until_its_time_without_a_cleaner(shop: Shop, name: str) -> None:
    definition, why = LIMITS[name]
    publish(shop, "wanted", **definition)
    assert hold(shop, "wanted", customer="C-1").status == 201
    assert reason(shop, "wanted", minute=14, customer="C-1") == why
    assert reason(shop, "wanted", minute=15, customer="C-1") is None
    body = order("wanted", ref="O-2", customer="C-1")
    assert shop.api.post("redemptions", body, X_Test_Clock=at(15)).status == 201
    assert Redemption.objects.get(order_ref="O-1").status == "released"
    assert CouponCounter.objects.get().uses == 1


@pytest.mark.django_db(transaction=True)
def test_a_code_that_was_held_in_vain_is_redeemed_by_another_order(shop: Shop) -> None:
    one_use(shop)
    hold(shop, "only1", customer="C-1")
    other = shop.api.post("redemptions", order("only1", ref="O-2"), X_Test_Clock=at(16))
    assert other.status == 201
    assert counts()["codes"] == [("ONLY1", 1)]
    assert Use.objects.filter(standing=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_order_holds_again_after_its_hold_ran_out(shop: Shop) -> None:
    publish(shop, "wanted")
    first = hold(shop, "wanted")
    again = hold(shop, "wanted", minute=16)
    assert again.status == 201
    assert again.body["id"] != first.body["id"]
    assert status(shop, first, minute=16) == "released"


@pytest.mark.django_db(transaction=True)
def test_the_same_hold_again_is_the_same(shop: Shop) -> None:
    one_use(shop)
    first = hold(shop, "only1")
    again = hold(shop, "only1", minute=5)
    assert (again.status, again.body) == (200, first.body)
    changed = hold(shop, "only1", minute=5, shipping="1.00")
    assert (changed.status, changed.code) == (409, "order_already_redeemed")


def test_a_hold_never_counts_against_its_own_order(shop: Shop) -> None:
    one_use(shop, limits={"uses": 1, "uses_per_customer": 1, "budget": {"USD": "10.00"}})
    hold(shop, "only1", customer="C-1")
    assert reason(shop, "only1", minute=1, customer="C-1") == "held"
    assert reason(shop, "only1", minute=1, customer="C-1", order="O-1") is None
    assert reason(shop, "only1", minute=1, customer="C-1", order="O-2") == "held"
    lines = [line | {"order": "O-1"} for line in cart()["lines"]]
    assert reason(shop, "only1", minute=1, customer="C-1", lines=lines) is None


@pytest.mark.django_db(transaction=True)
def test_another_code_goes_with_what_the_order_holds_or_not_at_all(shop: Shop) -> None:
    publish(shop, "first")
    publish(shop, "second")
    publish(shop, "third", stacking_group="x", stacks_with=["x"])
    hold(shop, "first")
    second = shop.api.post("redemptions", order("second"), X_Test_Clock=at(1))
    assert second.body["rejected"][0]["reason"] == "not_combinable"
    assert shop.api.post("redemptions", order("second"), X_Test_Clock=at(15)).status == 201


def test_a_confirmed_hold_is_redeemed_and_counts_once(shop: Shop) -> None:
    one_use(shop, limits={"uses": 5, "uses_per_day": 5, "uses_per_customer": 5})
    held = hold(shop, "only1", customer="C-1")
    taken = counts()
    done = confirm(shop, held)
    assert done.status == 200
    assert done.body == {**held.body, "status": "redeemed", "expires_at": None}
    assert counts() == taken
    assert status(shop, held, minute=999) == "redeemed"
    again = confirm(shop, held, minute=999)
    assert (again.status, again.body) == (200, done.body)


def test_a_hold_is_told_as_held_then_created(shop: Shop) -> None:
    one_use(shop)
    held = hold(shop, "only1", customer="C-1")
    confirm(shop, held)
    told = JournalEntry.objects.filter(redemption_ref=held.body["id"]).order_by("id")
    assert [entry.type for entry in told] == [
        "redemption.held",
        "code.held",
        "redemption.created",
        "code.redeemed",
    ]
    created = told[2].data
    assert (created["discount_minor"], created["subtotal_minor"]) == (1000, 9998)
    assert {entry.customer_ref for entry in told} == {"C-1"}


def test_a_confirmation_after_its_time_is_refused(shop: Shop) -> None:
    one_use(shop)
    held = hold(shop, "only1")
    with nothing_changes():
        late = confirm(shop, held, minute=15)
    assert (late.status, late.code) == (409, "hold_expired")
    holds.release_lapsed(at=NOW + timedelta(minutes=15))
    assert confirm(shop, held, minute=15).code == "hold_expired"


def test_a_released_hold_gives_everything_back(shop: Shop) -> None:
    limits = {"uses": 5, "uses_per_day": 5, "uses_per_customer": 5, "budget": {"USD": "99.00"}}
    one_use(shop, limits=limits)
    before = counts()
    held = hold(shop, "only1", customer="C-1")
    assert counts()["coupons"] == [(1, 1000)]
    let_go = release(shop, held)
    assert (let_go.status, let_go.body["status"]) == (200, "released")
    zeros = {"codes": [("ONLY1", 0)], "coupons": [(0, 0)], "days": [0], "customers": [0]}
    assert counts() == before | zeros
    assert release(shop, held).body == let_go.body
    confirmed = confirm(shop, held)
    assert (confirmed.status, confirmed.code) == (409, "wrong_state")
    types = JournalEntry.objects.filter(redemption_ref=held.body["id"]).values_list("type")
    assert [type for (type,) in types.order_by("id")][2:] == [
        "redemption.released",
        "code.released",
    ]


def test_what_is_redeemed_cannot_be_released(shop: Shop) -> None:
    one_use(shop)
    done = shop.api.post("redemptions", order("only1"))
    with nothing_changes():
        refused = release(shop, done)
    assert (refused.status, refused.code) == (409, "wrong_state")


def test_nobody_confirms_or_releases_what_is_not_there_or_anothers(shop: Shop) -> None:
    one_use(shop)
    held = hold(shop, "only1")
    other = Shop.open("other")
    with nothing_changes():
        for verb in ("confirmation", "release"):
            path = f"redemptions/{held.body['id']}/{verb}"
            assert other.api.post(path, X_Test_Clock=at(1)).code == "not_found"


def paid(**changes: Any) -> dict[str, Any]:
    """Return a cart as it may come with a confirmation."""
    body = cart() | changes
    if "codes" not in changes:
        del body["codes"]
    return body


def test_a_confirmation_prices_the_cart_that_was_paid(shop: Shop) -> None:
    publish(
        shop,
        "half",
        kind="percent_off",
        percent="50",
        limits={"budget": {"USD": "100.00"}, "uses": 1},
    )
    held = hold(shop, "half", customer="C-1")
    assert held.body["discount"] == "49.99"
    lines = [{"id": "2", "sku": "HAT", "quantity": 2, "unit_price": "60.00"}]
    done = confirm(shop, held, paid(lines=lines))
    assert (done.status, done.body["discount"], done.body["status"]) == (200, "60.00", "redeemed")
    assert done.body["lines"][0]["final_price"] == "60.00"
    assert counts()["coupons"] == [(1, 6000)]
    assert list(UseLine.objects.values_list("line_ref", "discount_minor")) == [("2", 6000)]
    row = Redemption.objects.get()
    assert row.evidence["cart"]["lines"][0]["quantity"] == 2
    assert (row.subtotal_minor, row.discount_minor, row.status) == (12000, 6000, "redeemed")
    again = shop.api.post("redemptions", order("half", lines=lines, customer="C-1"))
    assert (again.status, again.body) == (200, done.body)


def test_the_cart_that_was_paid_is_judged_as_of_the_hold(shop: Shop) -> None:
    body = {"slug": "brief", "name": "Brief", "kind": "amount_off", "value": {"USD": "10.00"}}
    body |= {"code": "brief", "ends_at": at(10), "limits": {"uses": 1}}
    assert shop.api.post("coupons", body, X_Test_Clock=at(-60)).status == 201
    assert shop.api.post("coupons/brief/publish", X_Test_Clock=at(-60)).status == 200
    held = hold(shop, "brief")
    done = confirm(shop, held, paid(shipping="3.00"), minute=14)
    assert (done.status, done.body["discount"]) == (200, "10.00")


@pytest.mark.django_db(transaction=True)
def test_a_cart_that_no_longer_reaches_the_threshold_keeps_the_hold(shop: Shop) -> None:
    publish(shop, "fifty", min_spend={"USD": "50.00"})
    held = hold(shop, "fifty")
    cheap = paid(lines=[{"id": "1", "sku": "SHOE", "quantity": 1, "unit_price": "19.99"}])
    with nothing_changes():
        refused = confirm(shop, held, cheap)
    assert (refused.status, refused.code) == (422, "coupon_rejected")
    assert refused.body["rejected"][0]["reasons"][0]["missing"] == "30.01"
    assert RefusedAttempt.objects.get().reason == "min_spend_not_met"
    assert status(shop, held, minute=1) == "held"


def test_a_partial_confirmation_lets_go_what_does_not_apply(shop: Shop) -> None:
    together = {"stacking_group": "all", "stacks_with": ["all"]}
    publish(shop, "fifty", min_spend={"USD": "50.00"}, limits={"uses": 9}, **together)
    publish(shop, "any", limits={"uses": 9}, **together)
    held = hold(shop, "fifty", "any")
    cheap = paid(lines=[{"id": "1", "sku": "SHOE", "quantity": 1, "unit_price": "19.99"}])
    done = confirm(shop, held, {**cheap, "partial": True})
    assert [each["code"] for each in done.body["applied"]] == ["ANY"]
    assert sorted(Use.objects.values_list("standing", "taken")) == [(False, False), (True, True)]
    assert counts()["coupons"] == [(0, 0), (1, 0)]


@pytest.mark.django_db(transaction=True)
def test_a_larger_discount_needs_budget_that_is_left(shop: Shop) -> None:
    publish(shop, "half", kind="percent_off", percent="50", limits={"budget": {"USD": "55.00"}})
    held = hold(shop, "half")
    lines = [{"id": "2", "sku": "HAT", "quantity": 2, "unit_price": "60.00"}]
    with nothing_changes():
        refused = confirm(shop, held, paid(lines=lines))
    assert refused.body["rejected"][0]["reason"] == "budget_exhausted"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "EUR"}, "currency"),
        ({"customer": "C-2"}, "customer"),
        ({"codes": ["other"]}, "codes"),
        ({"lines": [{"id": "1"}]}, "lines.0"),
    ],
)
def test_a_cart_that_is_not_the_holds_is_refused(
    shop: Shop, change: dict[str, Any], field: str
) -> None:
    publish(shop, "wanted", value={"USD": "10.00", "EUR": "9.00"})
    publish(shop, "other")
    held = hold(shop, "wanted", customer="C-1")
    with nothing_changes():
        refused = confirm(shop, held, paid(**change))
    assert (refused.status, refused.code) == (422, "invalid")
    assert refused.body["errors"][0]["field"].startswith(field)


def test_the_task_releases_what_ran_out_and_nothing_else(shop: Shop) -> None:
    publish(shop, "wanted", limits={"uses": 10})
    first = hold(shop, "wanted")
    second = hold(shop, "wanted", ref="O-2", minute=10)
    assert holds.release_lapsed(at=NOW + timedelta(minutes=15)) == 1
    assert holds.release_lapsed(at=NOW + timedelta(minutes=15)) == 0
    assert [status(shop, each, minute=16) for each in (first, second)] == ["released", "held"]
    assert CouponCounter.objects.get().uses == 1


def test_lists_tell_the_status_by_the_clock(shop: Shop) -> None:
    publish(shop, "wanted")
    hold(shop, "wanted")

    def found(status: str, minute: float) -> int:
        page = shop.api.get(f"redemptions?status={status}", X_Test_Clock=at(minute))
        return len(page.body["results"])

    assert (found("held", 14), found("released", 14)) == (1, 0)
    assert (found("held", 15), found("released", 15)) == (0, 1)


def test_a_coupons_counters_tell_held_from_used_by_the_clock(shop: Shop) -> None:
    publish(shop, "wanted", limits={"uses": 9, "budget": {"USD": "90.00"}})
    hold(shop, "wanted")
    confirm(shop, hold(shop, "wanted", ref="O-2"))

    def counters(minute: float) -> tuple[Any, ...]:
        told = shop.api.get("coupons/wanted", X_Test_Clock=at(minute)).body["counters"]
        return tuple(told[name] for name in ("held", "uses", "uses_today", "budget_used"))

    assert counters(14) == (1, 1, 1, "20.00")
    assert counters(15) == (0, 1, 1, "10.00")
