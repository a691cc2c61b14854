"""The trace tells what the engine did: the same quote, and every condition beside its values."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from coupons.pricing.case import Case
from coupons.pricing.evaluate import evaluate
from coupons.pricing.money import Money
from coupons.pricing.quote import Reason, UsedRate
from coupons.pricing.terms import Gift, MemberPrices
from coupons.pricing.trace import Remark, Trace, trace
from tests.unit.pricing.builders import (
    ALICE,
    AT,
    RATES,
    asked,
    audience,
    cart,
    coupon,
    limits,
    line,
    scope,
)
from tests.unit.pricing.test_best import CARTS, COUPON, basket_of, wallet
from tests.unit.pricing.test_conditions import ACCEPTED, BASKET, REFUSED

CART = cart(line("a", 6_000), line("b", 4_000), shipping=800, shopper=ALICE)


def traced(the_cart: Any, *what: Any, **more: Any) -> Trace:
    candidates = [each if hasattr(each, "status") else asked(each) for each in what]
    case = Case(cart=the_cart, candidates=candidates, at=AT, **more)
    found = trace(case=case)
    quote = evaluate(**{name: getattr(case, name) for name in case.__slots__})
    assert found.quote == quote
    rejected = [each.refusals for each in quote.rejected]
    assert [branch.refusals for branch in found.branches if not branch.step] == rejected
    for branch in found.branches:
        failed = tuple(look.refusal for look in branch.looks if look.refusal)
        assert all(look.wanted is not None for look in branch.looks if look.refusal)
        assert branch.passes_alone == (branch.terms is not None and not failed)
        if failed:
            assert branch.refusals == failed
    for branch, applied in zip(found.steps, quote.applied, strict=True):
        shares = [(share.line.id, share.taken) for share in branch.step.shares if share.taken]
        assert (branch.code, tuple(shares)) == (applied.code, applied.lines)
    return found


def looked(found: Trace, reason: Reason) -> tuple[Any, Any]:
    (branch,) = found.branches
    (look,) = [look for look in branch.looks if look.reason is reason]
    return look.wanted, look.found


@pytest.mark.parametrize("name", REFUSED)
def test_every_refusal_of_the_tables_is_told_with_its_condition(name):
    terms, status, reason = REFUSED[name]
    (branch,) = traced(BASKET, asked(terms, **status)).branches
    assert [each.reason.value for each in branch.refusals] == [reason]
    failed = [look.reason.value for look in branch.looks if look.refusal]
    # What is above the rest of a budget shows only when it is taken.
    is_taken_late = name == "what it would take is above what is left of the budget"
    assert failed == ([] if is_taken_late else [reason])


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_acceptance_of_the_tables_passes_all_conditions(name):
    terms, status = ACCEPTED[name]
    (branch,) = traced(BASKET, asked(terms, **status)).branches
    assert branch.passes_alone
    assert branch.step.place == 1


@settings(max_examples=300, deadline=None)
@given(drawn=st.lists(COUPON, max_size=6), rows=CARTS)
def test_whatever_the_cart_the_trace_ends_in_the_quote(drawn, rows):
    found = traced(basket_of(rows), *wallet(drawn))
    left = {each.id: each.base for each in found.case.cart.lines}
    for branch in found.steps:
        for share in branch.step.shares:
            assert share.before == left[share.line.id]
            left[share.line.id] = share.after
    assert left == {each.id: each.final_price for each in found.quote.lines}


def test_all_conditions_of_the_contract_are_told_in_its_order():
    (branch,) = traced(CART, coupon(off=500)).branches
    told = [look.reason for look in branch.looks]
    apart = {Reason.CODE_NOT_FOUND, Reason.NOT_COMBINABLE, Reason.NO_EFFECT}
    apart.add(Reason.VERIFICATION_REQUIRED)
    in_order = [reason for reason in Reason if reason not in apart]
    assert told == in_order


def test_a_condition_tells_what_it_wanted_and_what_it_found():
    terms = coupon(
        off=500,
        min_spend={"USD": 12_000},
        min_quantity=3,
        countries=["US", "CA"],
        scope=scope(products=["a"]),
        audience=audience("new", tags=["vip"]),
        limits=limits(uses=9, budget=900, budget_currency="USD"),
    )
    found = traced(replace(CART, country="de"), asked(terms, coupon_uses=4, budget_used=100))
    assert looked(found, Reason.MIN_SPEND_NOT_MET) == (Money(12_000, "USD"), Money(6_000, "USD"))
    assert looked(found, Reason.MIN_QUANTITY_NOT_MET) == (3, 1)
    assert looked(found, Reason.COUNTRY_NOT_ALLOWED) == (("CA", "US"), "DE")
    assert looked(found, Reason.NO_APPLICABLE_ITEMS) == (terms.scope, ("a",))
    assert looked(found, Reason.CUSTOMER_NOT_ELIGIBLE) == (terms.audience, ALICE)
    assert looked(found, Reason.USAGE_LIMIT_REACHED) == (9, 4)
    assert looked(found, Reason.BUDGET_EXHAUSTED) == (Money(900, "USD"), Money(100, "USD"))
    assert looked(found, Reason.CUSTOMER_REQUIRED) == ("customer", "alice")
    assert looked(found, Reason.CHANNEL_NOT_ALLOWED) == (None, None)
    failed = [look.reason.value for look in found.branches[0].looks if look.refusal]
    assert failed == [
        "country_not_allowed",
        "customer_not_eligible",
        "min_quantity_not_met",
        "min_spend_not_met",
    ]


def test_a_step_tells_what_was_there_before_it():
    both = {"stacks_with": ["order"]}
    first = coupon("percent_off", percent=50, priority=1, **both)
    second = coupon(off=1_000, coupon_id=2, **both)
    found = traced(CART, second, first)
    assert [(branch.code, branch.step.place) for branch in found.steps] == [
        ("COUPON-1", 1),
        ("COUPON-2", 2),
    ]
    half, ten = (branch.step for branch in found.steps)
    assert [(each.line.id, each.before, each.taken, each.after) for each in half.shares] == [
        ("a", 6_000, 3_000, 3_000),
        ("b", 4_000, 2_000, 2_000),
    ]
    assert (half.before, ten.before, ten.shipping_before) == (10_000, 5_000, 800)
    assert [each.taken for each in ten.shares] == [600, 400]


def test_a_code_that_cannot_go_along_names_the_other_whoever_asked():
    first, second = coupon(off=500), coupon(off=600, coupon_id=2)
    _, refused = traced(CART, first, second).branches
    assert refused.passes_alone
    assert (refused.clash, refused.step) == (first, None)
    (refused,) = traced(CART, second, used_with=[first]).branches
    assert refused.clash == first


def test_an_unknown_code_has_nothing_to_look_at():
    (branch,) = traced(CART, asked(None, "XYZ")).branches
    assert (branch.code, branch.terms, branch.looks) == ("XYZ", None, ())
    assert not branch.passes_alone
    assert [each.reason for each in branch.refusals] == [Reason.CODE_NOT_FOUND]


def test_a_threshold_after_discounts_tells_what_remained_in_the_end():
    both = {"stacks_with": ["order"]}
    found = traced(
        CART,
        coupon("percent_off", percent=50, priority=1, **both),
        coupon(off=100, coupon_id=2, min_spend={"USD": 11_000}, threshold_after_discounts=True,
               **both),
    )  # fmt: skip
    (look,) = [look for look in found.branches[1].looks if look.refusal]
    assert (look.wanted, look.found) == (Money(11_000, "USD"), Money(5_000, "USD"))
    assert look.refusal.missing == 6_000


def usd(minor: int) -> Money:
    return Money(minor, "USD")


NOTES = {
    "capped": (
        coupon("percent_off", percent=50, cap={"USD": 3_000}), [(Remark.CAPPED, usd(5_000))]),
    "shipping capped": (
        coupon("free_shipping", cap={"USD": 500}), [(Remark.CAPPED, usd(800))]),
    "a cap that is not reached": (coupon("percent_off", percent=50, cap={"USD": 5_000}), []),
    "more than there is": (coupon(off=20_000), [(Remark.NO_MORE_LEFT, usd(20_000))]),
    "half a cent": (
        coupon("percent_off", percent=0.01, scope=scope(products=["c"])),
        [(Remark.ROUNDED, Fraction(10_050, 10_000))]),
    "a cent over": (coupon(off=1), [(Remark.SPREAD, 1)]),
    "converted": (
        coupon(value={"EUR": 800}, convert=True),
        [(Remark.CONVERTED, UsedRate("EUR", "USD", Fraction(5, 4)))]),
    "beyond member prices": (
        coupon("percent_off", percent=50, scope=scope(products=["m"]),
               member_prices=MemberPrices.BETTER_OF),
        [(Remark.BEYOND_MEMBER_PRICES, usd(100))]),
    "no money": (coupon("gift", gifts=(Gift("CUP", 1),)), []),
}  # fmt: skip
MORE = replace(
    CART,
    lines=(line("a", 6_000), line("b", 4_000)),
)


@pytest.mark.parametrize("name", NOTES)
def test_a_step_remarks(name):
    terms, notes = NOTES[name]
    own = {"half a cent": line("c", 10_050), "beyond member prices": line(
        "m", 1_000, member_discount=100)}  # fmt: skip
    basket = replace(MORE, lines=(*MORE.lines, own[name])) if name in own else MORE
    (branch,) = traced(basket, terms, rates=RATES).branches
    assert list(branch.step.notes) == notes
