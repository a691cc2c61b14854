"""Each condition by itself: what is refused, with which reason, and what the message may name."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from coupons.pricing.candidate import Candidate
from coupons.pricing.conditions import CONDITIONS
from coupons.pricing.quote import Reason, Refusal
from coupons.pricing.terms import MemberPrices, Tier, WeeklyWindow
from tests.unit.pricing.builders import (
    ALICE,
    AT,
    asked,
    audience,
    cart,
    coupon,
    limits,
    line,
    price,
    reasons,
    scope,
)

DAY = timedelta(days=1)
PLAIN = coupon(off=500)
BASKET = cart(line("1", 2000, 2), shopper=ALICE, country="US", channel="web", partner="p1",
              payment_method="paypal")  # fmt: skip
GUEST_BASKET = cart(line("1", 2000, 2))
PERSONAL = {
    "uses_per_customer": coupon(off=500, limits=limits(uses_per_customer=1)),
    "who": coupon(off=500, audience=audience("new")),
    "segment": coupon(off=500, audience=audience(segments=["s"])),
    "named customers": coupon(off=500, audience=audience(ids=["bob"])),
    "claim_required": coupon(off=500, claim_required=True),
}

REFUSED = {
    "a revoked code": (PLAIN, {"revoked": True}, "code_revoked"),
    "a draft": (PLAIN, {"coupon_state": "draft"}, "not_published"),
    "one in review": (PLAIN, {"coupon_state": "in_review"}, "not_published"),
    "one under test, for a real customer": (
        PLAIN, {"coupon_state": "testing"}, "not_published"),
    "before its start": (coupon(off=500, starts_at=AT + DAY), {}, "not_started"),
    "scheduled, before its publication": (
        PLAIN, {"coupon_state": "scheduled", "published_at": AT + DAY}, "not_started"),
    "at its end": (coupon(off=500, ends_at=AT), {}, "expired"),
    "a week after the claim": (
        coupon(off=500, valid_days=7), {"claimed_at": AT - 7 * DAY}, "expired"),
    "a code's own expiry": (PLAIN, {"code_expires_at": AT}, "expired"),
    "ended, shared and not claimed": (
        PLAIN, {"coupon_state": "ended", "shared": True}, "expired"),
    "paused, shared and not claimed": (
        PLAIN, {"coupon_state": "paused", "shared": True}, "paused"),
    "all uses spent": (PLAIN, {"code_uses": 1, "code_max_uses": 1}, "already_redeemed"),
    "held by another order": (PLAIN, {"code_holds": 1, "code_max_uses": 1}, "held"),
    "the last use held": (
        PLAIN, {"code_uses": 1, "code_holds": 1, "code_max_uses": 2}, "held"),
    "somebody else's": (PLAIN, {"owner": "bob"}, "not_owner"),
    "not claimed": (PERSONAL["claim_required"], {}, "claim_required"),
    "all uses of the coupon": (
        coupon(off=500, limits=limits(uses=9)), {"coupon_uses": 9}, "usage_limit_reached"),
    "all uses of the day": (
        coupon(off=500, limits=limits(uses_per_day=9)), {"uses_today": 9}, "daily_limit_reached"),
    "the budget is spent": (
        coupon(off=500, limits=limits(budget=900, budget_currency="USD")), {"budget_used": 900},
        "budget_exhausted"),
    "what it would take is above what is left of the budget": (
        coupon(off=500, limits=limits(budget=900, budget_currency="USD")), {"budget_used": 401},
        "budget_exhausted"),
    "the customer's uses": (
        PERSONAL["uses_per_customer"], {"customer_uses": 1}, "customer_limit_reached"),
    "out of hours": (
        coupon(off=500, weekly_windows=(WeeklyWindow(frozenset({0}), 0, 0),)), {},
        "outside_hours"),
    "another method": (
        coupon(off=500, methods=frozenset({"manual"})), {}, "method_not_allowed"),
    "another channel": (coupon(off=500, channels=["pos"]), {}, "channel_not_allowed"),
    "another country": (coupon(off=500, countries=["DE"]), {}, "country_not_allowed"),
    "another currency": (coupon(value={"EUR": 500}), {}, "currency_not_supported"),
    "another way to pay": (
        coupon(off=500, payment_methods=["alipay"]), {}, "payment_method_not_allowed"),
    "another partner": (coupon(off=500, partners=["p2"]), {}, "partner_required"),
    "new customers only": (PERSONAL["who"], {}, "customer_not_eligible"),
    "another tier": (
        coupon(off=500, audience=audience(tiers=["silver"])), {}, "customer_not_eligible"),
    "another tag": (
        coupon(off=500, audience=audience(tags=["staff"])), {}, "customer_not_eligible"),
    "not in the segment": (PERSONAL["segment"], {}, "customer_not_eligible"),
    "not named": (PERSONAL["named customers"], {}, "customer_not_eligible"),
    "one list fits and one does not": (
        coupon(off=500, audience=audience(tiers=["gold"], tags=["staff"])), {},
        "customer_not_eligible"),
    "too few pieces": (coupon(off=500, min_quantity=3), {}, "min_quantity_not_met"),
    "too little spent": (coupon(off=500, min_spend={"USD": 4001}), {}, "min_spend_not_met"),
    "below the lowest tier": (
        coupon("tiered", tiers=(Tier({"USD": 4100}, {"USD": 100}),)), {}, "min_spend_not_met"),
    "verification asked for": (
        PLAIN, {"verdict": Reason.VERIFICATION_REQUIRED}, "verification_required"),
    "risk says no": (PLAIN, {"verdict": Reason.RISK_DENIED}, "risk_denied"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name):
    terms, status, reason = REFUSED[name]
    quote = price(BASKET, asked(terms, **status))
    assert reasons(quote) == [reason]
    assert (quote.valid, quote.discount, quote.applied) == (False, 0, ())


ACCEPTED = {
    "no conditions": (PLAIN, {}),
    "at its very start": (coupon(off=500, starts_at=AT), {}),
    "a second before its end": (coupon(off=500, ends_at=AT + timedelta(seconds=1)), {}),
    "ended, a unique code": (PLAIN, {"coupon_state": "ended"}),
    "ended, shared and claimed": (
        PLAIN, {"coupon_state": "ended", "shared": True, "claimed_at": AT - DAY}),
    "paused, a unique code": (PLAIN, {"coupon_state": "paused"}),
    "paused, shared and claimed": (
        PLAIN, {"coupon_state": "paused", "shared": True, "claimed_at": AT - DAY}),
    "scheduled, its time has come": (PLAIN, {"coupon_state": "scheduled", "published_at": AT}),
    "a code's own expiry outlives the coupon": (
        coupon(off=500, ends_at=AT - DAY), {"code_expires_at": AT + DAY}),
    "a shared code has no uses of its own": (PLAIN, {"code_uses": 500}),
    "her own": (PLAIN, {"owner": "alice"}),
    "claimed": (PERSONAL["claim_required"], {"claimed_at": AT - DAY}),
    "the last use": (coupon(off=500, limits=limits(uses=9)), {"coupon_uses": 8}),
    "the last of the budget": (
        coupon(off=500, limits=limits(budget=900, budget_currency="USD")), {"budget_used": 400}),
    "returning": (coupon(off=500, audience=audience("returning")), {}),
    "one of the tags": (coupon(off=500, audience=audience(tags=["staff", "vip"])), {}),
    "all lists": (
        coupon(off=500, audience=audience("returning", tiers=["gold"], ids=["alice"])), {}),
    "the place and the way": (
        coupon(off=500, countries=["US"], channels=["web"], partners=["p1"],
               payment_methods=["paypal"]), {}),
    "exactly the threshold": (coupon(off=500, min_spend={"USD": 4000}, min_quantity=2), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepts(name):
    terms, status = ACCEPTED[name]
    quote = price(BASKET, asked(terms, **status))
    assert reasons(quote) == []
    assert quote.discount == 500


def test_a_test_customer_may_use_a_coupon_under_test():
    tester = replace(BASKET, shopper=replace(ALICE, is_test=True))
    assert price(tester, asked(PLAIN, coupon_state="testing")).discount == 500


@pytest.mark.parametrize("name", PERSONAL)
def test_a_guest_is_told_to_log_in_and_nothing_else_personal(name):
    assert reasons(price(GUEST_BASKET, PERSONAL[name])) == ["customer_required"]


def test_a_guest_is_told_to_log_in_for_somebodys_code():
    assert reasons(price(GUEST_BASKET, asked(PLAIN, owner="bob"))) == ["customer_required"]


def test_a_cart_that_says_nothing_fails_every_condition_on_it():
    picky = coupon(
        off=500, countries=["US"], channels=["web"], partners=["p1"], payment_methods=["paypal"]
    )
    assert reasons(price(GUEST_BASKET, picky)) == [
        "channel_not_allowed",
        "country_not_allowed",
        "payment_method_not_allowed",
        "partner_required",
    ]


def test_all_failures_are_told_in_the_contracts_order():
    wrong = coupon(
        off=500,
        starts_at=AT + DAY,
        ends_at=AT - DAY,
        limits=limits(uses=1, uses_per_day=1, budget=1, budget_currency="USD", uses_per_customer=1),
        claim_required=True,
        weekly_windows=(WeeklyWindow(frozenset({0}), 0, 0),),
        methods=frozenset({"batch"}),
        countries=["DE"],
        channels=["pos"],
        payment_methods=["alipay"],
        partners=["p2"],
        audience=audience("new"),
        min_spend={"USD": 10_000},
        min_quantity=9,
        member_prices=MemberPrices.REFUSE,
    )
    status = {
        "revoked": True, "coupon_state": "paused", "shared": True, "code_uses": 1,
        "code_max_uses": 1, "owner": "bob", "coupon_uses": 1, "uses_today": 1, "budget_used": 1,
        "customer_uses": 1, "verdict": Reason.RISK_DENIED,
    }  # fmt: skip
    member = replace(BASKET, lines=(line("1", 2000, 2, member_discount=1),))
    found = reasons(price(member, asked(wrong, **status)))
    absent = {
        "code_not_found", "already_applied", "not_published", "held", "customer_required",
        "currency_not_supported", "no_applicable_items", "not_combinable", "no_effect",
        "verification_required",
    }  # fmt: skip
    assert found == [reason.value for reason in Reason if reason.value not in absent]


def test_the_conditions_stand_in_the_order_of_the_reasons():
    names = [condition.__name__ for condition in CONDITIONS]
    assert len(names) == len(set(names)) == 28


def refusal_for(terms, basket=BASKET, **status) -> Refusal:
    (rejected,) = price(basket, asked(terms, **status)).rejected
    (refusal,) = rejected.refusals
    return refusal


def test_tells_how_much_is_missing():
    refusal = refusal_for(coupon(off=500, min_spend={"USD": 5250}))
    assert (refusal.missing, dict(refusal.params)) == (1250, {"min_spend": 5250, "missing": 1250})
    refusal = refusal_for(coupon(off=500, min_quantity=5))
    assert dict(refusal.params) == {"min_quantity": 5, "missing_quantity": 3}


def test_tells_when():
    assert refusal_for(coupon(off=1, starts_at=AT + DAY)).params == {"starts_at": AT + DAY}
    assert refusal_for(coupon(off=1, ends_at=AT - DAY)).params == {"expired_at": AT - DAY}
    mondays = coupon(off=1, weekly_windows=(WeeklyWindow(frozenset({0}), 540, 600),))
    monday = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    assert refusal_for(mondays).params == {"opens_at": monday}


def test_an_unknown_code_is_not_found_and_says_nothing_else():
    quote = price(BASKET, Candidate("NOPE", None))
    (rejected,) = quote.rejected
    assert (rejected.code, rejected.slug) == ("NOPE", None)
    assert reasons(quote) == ["code_not_found"]


LINES = (
    line("run", 1000, category="shoes/running"),
    line("walk", 1000, category="shoes"),
    line("shoelace", 1000, category="shoelaces"),
    line("hat", 1000, category="hats", on_sale=True),
    line("free", 0, category="shoes"),
    line("bare", 1000),
)
SCOPES = {
    "the whole shop, what costs something": (scope(), "run walk shoelace hat bare"),
    "a category with its children": (scope(categories=["shoes"]), "run walk"),
    "a child only": (scope(categories=["shoes/running"]), "run"),
    "a category or a product": (scope(categories=["hats"], products=["bare"]), "hat bare"),
    "without a category": (scope(exclude_categories=["shoes"]), "shoelace hat bare"),
    "without a product": (scope(exclude_products=["run"]), "walk shoelace hat bare"),
    "an exclusion beats the scope": (
        scope(categories=["shoes"], exclude_categories=["shoes/running"]), "walk"),
    "no sale items": (scope(exclude_sale_items=True), "run walk shoelace bare"),
}  # fmt: skip


@pytest.mark.parametrize("name", SCOPES)
def test_scope(name):
    where, expected = SCOPES[name]
    quote = price(cart(*LINES), coupon("percent_off", percent=10, scope=where))
    assert [one.id for one in quote.lines if one.discount] == expected.split()


def test_no_line_in_scope_is_told_with_what_else_is_missing():
    terms = coupon(off=500, scope=scope(products=["x"]), min_spend={"USD": 5000}, min_quantity=2)
    assert reasons(price(BASKET, terms)) == [
        "no_applicable_items",
        "min_quantity_not_met",
        "min_spend_not_met",
    ]


def test_an_empty_cart_has_no_applicable_items():
    assert reasons(price(cart(), PLAIN)) == ["no_applicable_items"]


def test_the_minimum_looks_at_bases_of_eligible_lines():
    basket = cart(line("a", 3000, member_discount=500), line("b", 4000))
    terms = coupon(off=500, scope=scope(products=["a"]), min_spend={"USD": 2600})
    assert refusal_for(terms, basket).missing == 100
