"""A definition: its defaults, everything that can be wrong with it, and what it compiles to."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.definition import compile, parse
from coupons.errors import Invalid
from coupons.pricing.terms import (
    Audience,
    Every,
    Gift,
    Kind,
    Limits,
    MemberPrices,
    Scope,
    Tier,
    WeeklyWindow,
)

BASE = {"slug": "summer-20", "name": "Summer 20"}
AMOUNT = {**BASE, "kind": "amount_off", "value": {"USD": "10.00"}}
PERCENT = {**BASE, "kind": "percent_off", "percent": "20"}
TIERED = {**BASE, "kind": "tiered"}
GROUP = {**BASE, "kind": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1}
PRIZE = {"name": "20 off", "names": {"zh-hans": "八折"}, "coupon": "other", "weight": 5, "stock": 9}
BLANK = {"name": "Next time", "weight": 95}
DRAW = {**BASE, "kind": "draw", "prizes": [PRIZE, BLANK]}
GIFT = {**BASE, "kind": "gift", "gifts": [{"sku": "MUG"}]}
STEP = {"step": {"USD": "100"}, "value": {"USD": "10"}}
TIER_1 = {"min_spend": {"USD": "100.00"}, "value": {"USD": "10.00"}}
TIER_2 = {"min_spend": {"USD": "200.00"}, "percent": "15"}


def errors(body) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse(body)
    return {error.field: error.message for error in caught.value.errors}


def test_fills_in_the_defaults_of_the_contract():
    assert parse(AMOUNT, time_zone="Asia/Shanghai") == {
        "slug": "summer-20", "name": "Summer 20", "names": {}, "description": "",
        "thank_you": "", "texts": {}, "face": {"color": None, "picture": None},
        "follow_up": None, "kind": "amount_off", "value": {"USD": "10.00"}, "percent": None,
        "cap": None, "convert": False, "tiers": [], "every": None, "buy_quantity": None,
        "get_quantity": None, "get_percent": None, "max_times": None, "get_scope": None,
        "gifts": [], "prizes": [], "min_spend": None, "min_quantity": None,
        "threshold_after_discounts": False, "starts_at": None, "ends_at": None,
        "time_zone": "Asia/Shanghai", "valid_days": None, "starts_after_days": 0,
        "weekly_windows": [],
        "scope": {"categories": [], "products": [], "exclude_categories": [],
                  "exclude_products": [], "exclude_sale_items": False},
        "customers": {"who": "all", "tiers": [], "tags": [], "segments": [], "ids": []},
        "countries": [], "channels": [], "payment_methods": [], "partners": [],
        "limits": {"issued": None, "uses": None, "uses_per_day": None, "budget": None,
                   "claims_per_customer": None, "claims_per_device": None,
                   "uses_per_customer": None, "uses_per_code": 1},
        "stacking_group": "order", "stacks_with": [], "priority": 100,
        "member_prices": "stack", "methods": ["automatic", "manual", "api", "batch"],
        "method_settings": None, "claim_required": False,
        "return_policy": "restore_if_valid", "extend_days": None,
        "claw_back": False, "funded_by": "merchant", "risk_level": "normal", "code": None,
    }  # fmt: skip


FULL = {
    **PERCENT, "names": {"zh-hans": "夏日券"}, "description": "Two lines\nof text 🎉",
    "percent": "12.50", "cap": {"USD": "50", "JPY": "7000"}, "convert": True,
    "min_spend": {"USD": "50.00"}, "min_quantity": 2, "threshold_after_discounts": True,
    "starts_at": "2026-11-27T00:00:00-05:00", "ends_at": "2026-12-01T00:00:00-05:00",
    "time_zone": "America/New_York", "valid_days": 7, "starts_after_days": 1,
    "weekly_windows": [{"days": ["sun", "sat"], "from": "09:00", "to": "18:00"}],
    "scope": {"categories": ["shoes"], "exclude_products": ["A1"], "exclude_sale_items": True},
    "customers": {"who": "new", "tags": ["vip"]}, "countries": ["US", "CA"],
    "channels": ["web-us"], "payment_methods": ["paypal"], "partners": ["p"],
    "limits": {"issued": 9, "budget": {"USD": "5000", "EUR": "4000"}, "uses_per_code": None},
    "stacking_group": "shop", "stacks_with": ["platform", "item"], "priority": 5,
    "member_prices": "better_of", "methods": ["api", "manual"], "claim_required": True,
    "return_policy": "restore_and_extend", "extend_days": 3, "claw_back": True,
    "funded_by": "platform", "risk_level": "high", "code": "Summer-20",
}  # fmt: skip
GOOD = {
    "amount_off": AMOUNT,
    "percent_off": PERCENT,
    "free_shipping": {**BASE, "kind": "free_shipping", "cap": {"USD": "8"}},
    "gift": GIFT,
    "tiers": {**TIERED, "tiers": [TIER_1, TIER_2]},
    "every": {**TIERED, "every": {**STEP, "max_times": 3}},
    "buy_x_get_y": {**GROUP, "get_scope": {"products": ["MUG"]}, "max_times": 2},
    "pass": {**BASE, "kind": "pass"},
    "draw": DRAW,
    "everything": FULL,
    "from a GET": {**AMOUNT, "state": "live", "version": 3, "counters": {"uses": 1}},
    "with nulls": {**AMOUNT, **dict.fromkeys(("percent", "tiers", "limits", "scope", "customers",
                   "convert", "methods", "priority", "code", "names", "stacking_group"))},
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_parsing_the_result_again_gives_the_same(name):
    whole = parse(GOOD[name])
    assert parse(whole) == whole
    assert parse(json.loads(json.dumps(whole, sort_keys=True))) == whole
    assert compile(whole, coupon_id=1, version=1, created_order=1).slug == "summer-20"


def test_keeps_one_form_of_everything():
    whole = parse(FULL)
    assert whole["percent"] == "12.5"
    assert whole["cap"] == {"JPY": "7000", "USD": "50.00"}
    assert whole["limits"]["budget"] == {"USD": "5000.00"}
    assert whole["limits"]["uses_per_code"] is None
    assert whole["weekly_windows"][0]["days"] == ["sat", "sun"]
    assert whole["stacks_with"] == ["item", "platform"]
    assert whole["methods"] == ["manual", "api"]
    assert whole["code"] == "SUMMER20"


WRONG = {
    # name: (body, fields that are wrong)
    "nothing sent": ({}, ["kind", "slug", "name"]),
    "a slug with capitals": ({**AMOUNT, "slug": "Summer"}, ["slug"]),
    "a slug with two hyphens": ({**AMOUNT, "slug": "a--b"}, ["slug"]),
    "a slug that ends in a hyphen": ({**AMOUNT, "slug": "a-"}, ["slug"]),
    "a slug with a line break": ({**AMOUNT, "slug": "a\n"}, ["slug"]),
    "a slug too long": ({**AMOUNT, "slug": "a" * 81}, ["slug"]),
    "a blank name": ({**AMOUNT, "name": "  "}, ["name"]),
    "a name too long": ({**AMOUNT, "name": "n" * 201}, ["name"]),
    "a name that is no text": ({**AMOUNT, "name": 5}, ["name"]),
    "a NUL": ({**AMOUNT, "description": "a\x00b"}, ["description"]),
    "half a character": ({**AMOUNT, "name": "\ud83c"}, ["name"]),
    "an unknown kind": ({**AMOUNT, "kind": "free"}, ["kind"]),
    "an unknown field": ({**AMOUNT, "valeu": 1}, ["valeu"]),
    "an unknown nested field": ({**AMOUNT, "limits": {"use": 1}}, ["limits.use"]),
    "a language that is none": ({**AMOUNT, "names": {"Deutsch!": "x"}}, ["names.Deutsch!"]),
    "an empty translation": ({**AMOUNT, "names": {"de": ""}}, ["names.de"]),
    "no value": ({**BASE, "kind": "amount_off"}, ["value"]),
    "an empty value": ({**AMOUNT, "value": {}}, ["value"]),
    "a bare amount": ({**AMOUNT, "value": "10.00"}, ["value"]),
    "a value of zero": ({**AMOUNT, "value": {"USD": "0.00"}}, ["value.USD"]),
    "a value as a number": ({**AMOUNT, "value": {"USD": 10}}, ["value.USD"]),
    "too many decimals": ({**AMOUNT, "value": {"JPY": "10.5"}}, ["value.JPY"]),
    "an unknown currency": ({**AMOUNT, "value": {"USX": "10"}}, ["value.USX"]),
    "no percentage": ({**BASE, "kind": "percent_off"}, ["percent"]),
    "zero per cent": ({**PERCENT, "percent": "0"}, ["percent"]),
    "zero per cent with decimals": ({**PERCENT, "percent": "0.00"}, ["percent"]),
    "above a hundred": ({**PERCENT, "percent": "100.01"}, ["percent"]),
    "three decimals": ({**PERCENT, "percent": "1.234"}, ["percent"]),
    "a percentage as a number": ({**PERCENT, "percent": 20}, ["percent"]),
    "a percentage with its sign": ({**PERCENT, "percent": "20%"}, ["percent"]),
    "a benefit of another kind": (
        {**AMOUNT, "percent": "20", "gifts": [{"sku": "M"}]}, ["percent", "gifts"]),
    "no tiers and no steps": (TIERED, ["tiers"]),
    "tiers and steps": ({**TIERED, "tiers": [TIER_1], "every": STEP}, ["every"]),
    "tiers that fall": (
        {**TIERED, "tiers": [TIER_1, {**TIER_2, "min_spend": {"USD": "99"}}]},
        ["tiers.1.min_spend.USD"]),
    "tiers that stay": (
        {**TIERED, "tiers": [TIER_1, {**TIER_2, "min_spend": {"USD": "100"}}]},
        ["tiers.1.min_spend.USD"]),
    "tiers in different currencies": (
        {**TIERED, "tiers": [TIER_1, {**TIER_2, "min_spend": {"EUR": "500"}}]},
        ["tiers.1.min_spend"]),
    "a tier with both": ({**TIERED, "tiers": [{**TIER_1, "percent": "5"}]}, ["tiers.0.value"]),
    "a tier with neither": (
        {**TIERED, "tiers": [{"min_spend": {"USD": "1"}}]}, ["tiers.0.value"]),
    "a tier's amount": (
        {**TIERED, "tiers": [{**TIER_1, "value": {"USD": "x"}}]}, ["tiers.0.value.USD"]),
    "steps of zero": (
        {**TIERED, "every": {**STEP, "step": {"USD": "0"}}}, ["every.step.USD"]),
    "half a step": ({**TIERED, "every": {"step": {"USD": "1"}}}, ["every.value"]),
    "buy nothing": ({**GROUP, "buy_quantity": 0}, ["buy_quantity"]),
    "buy and get missing": (
        {**BASE, "kind": "buy_x_get_y"}, ["buy_quantity", "get_quantity"]),
    "prizes of another kind": ({**AMOUNT, "prizes": [BLANK]}, ["prizes"]),
    "too many prizes": ({**DRAW, "prizes": [BLANK] * 101}, ["prizes"]),
    "a draw that is its own prize": (
        {**DRAW, "prizes": [{**PRIZE, "coupon": BASE["slug"]}]}, ["prizes.0.coupon"]),
    "prizes without names or weights": (
        {**DRAW, "prizes": [{}]}, ["prizes.0.name", "prizes.0.weight"]),
    "prizes that make no sense": (
        {**DRAW, "prizes": [{**PRIZE, "weight": 0, "stock": -1, "coupon": "A B", "colour": 1,
                             "names": {"x y": "z"}}]},
        ["prizes.0.names.x y", "prizes.0.coupon", "prizes.0.weight", "prizes.0.stock",
         "prizes.0.colour"]),
    "no gifts": ({**BASE, "kind": "gift"}, ["gifts"]),
    "a gift without a SKU": ({**GIFT, "gifts": [{"quantity": 1}]}, ["gifts.0.sku"]),
    "a gift of no pieces": (
        {**GIFT, "gifts": [{"sku": "M", "quantity": 0}]}, ["gifts.0.quantity"]),
    "a time without an offset": ({**AMOUNT, "starts_at": "2026-11-27T00:00:00"}, ["starts_at"]),
    "no time at all": ({**AMOUNT, "ends_at": "soon"}, ["ends_at"]),
    "a time that is a number": ({**AMOUNT, "ends_at": 1}, ["ends_at"]),
    "a time before time": ({**AMOUNT, "ends_at": "0001-01-01T00:00:00+05:00"}, ["ends_at"]),
    "an end before the start": (
        {**AMOUNT, "starts_at": "2026-11-27T00:00:00-05:00",
         "ends_at": "2026-11-27T05:00:00+00:00"}, ["ends_at"]),
    "an unknown zone": ({**AMOUNT, "time_zone": "Mars/Base"}, ["time_zone"]),
    "a path for a zone": ({**AMOUNT, "time_zone": "../../etc/passwd"}, ["time_zone"]),
    "a folder for a zone": ({**AMOUNT, "time_zone": "America"}, ["time_zone"]),
    "too many days": ({**AMOUNT, "valid_days": 10**9}, ["valid_days"]),
    "days below zero": ({**AMOUNT, "starts_after_days": -1}, ["starts_after_days"]),
    "a window without days": (
        {**AMOUNT, "weekly_windows": [{"days": [], "from": "09:00", "to": "10:00"}]},
        ["weekly_windows.0.days"]),
    "a window of no day": (
        {**AMOUNT, "weekly_windows": [{"days": ["Sat"], "from": "09:00", "to": "10:00"}]},
        ["weekly_windows.0.days.0"]),
    "a time of day that is none": (
        {**AMOUNT, "weekly_windows": [{"days": ["sat"], "from": "9:00", "to": "24:00"}]},
        ["weekly_windows.0.from", "weekly_windows.0.to"]),
    "a scope that is a list": ({**AMOUNT, "scope": ["shoes"]}, ["scope"]),
    "categories that are a text": ({**AMOUNT, "scope": {"categories": "x"}}, ["scope.categories"]),
    "an empty product": ({**AMOUNT, "scope": {"products": [""]}}, ["scope.products.0"]),
    "an unknown who": ({**AMOUNT, "customers": {"who": "old"}}, ["customers.who"]),
    "a country in words": ({**AMOUNT, "countries": ["us"]}, ["countries.0"]),
    "a limit of zero": ({**AMOUNT, "limits": {"uses": 0}}, ["limits.uses"]),
    "a limit that is true": ({**AMOUNT, "limits": {"uses": True}}, ["limits.uses"]),
    "a limit with a fraction": ({**AMOUNT, "limits": {"uses": 1.5}}, ["limits.uses"]),
    "a limit beyond counting": ({**AMOUNT, "limits": {"uses": 2**31}}, ["limits.uses"]),
    "a budget in no currency": (
        {**AMOUNT, "limits": {"budget": {"X": "1"}}}, ["limits.budget.X"]),
    "a flag in words": ({**AMOUNT, "claim_required": "yes"}, ["claim_required"]),
    "an unknown method": ({**AMOUNT, "methods": ["phone"]}, ["methods.0"]),
    "an extension without days": (
        {**AMOUNT, "return_policy": "restore_and_extend"}, ["extend_days"]),
    "a code of nothing": ({**AMOUNT, "code": " - "}, ["code"]),
    "a code too long": ({**AMOUNT, "code": "A" * 65}, ["code"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_says_every_field_that_is_wrong(name):
    body, fields = WRONG[name]
    found = errors(body)
    assert sorted(found) == sorted(fields)
    assert all(found.values())


def test_tells_all_at_once():
    body = {**AMOUNT, "slug": "A", "value": {"USD": "x"}, "limits": {"uses": 0}, "zone": 1}
    assert list(errors(body)) == ["slug", "value.USD", "limits.uses", "zone"]


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_refuses_what_is_no_object(body):
    if body is None:
        assert "slug" in errors(body)
    else:
        assert errors(body)[""] == "Send an object."


def test_compiles_to_minor_units_and_sets():
    terms = compile(parse(FULL), coupon_id=7, version=3, created_order=5)
    assert (terms.coupon_id, terms.version, terms.created_order) == (7, 3, 5)
    assert terms.kind is Kind.PERCENT_OFF
    assert terms.percent_bps == 1_250
    assert terms.cap == {"JPY": 7_000, "USD": 5_000}
    assert terms.min_spend == {"USD": 5_000}
    assert terms.starts_at == datetime(2026, 11, 27, 5, tzinfo=UTC)
    assert terms.weekly_windows == (WeeklyWindow(frozenset({5, 6}), 540, 1_080),)
    assert terms.scope == Scope(
        categories=frozenset({"shoes"}),
        exclude_products=frozenset({"A1"}),
        exclude_sale_items=True,
    )
    assert terms.audience == Audience(who="new", tags=frozenset({"vip"}))
    assert terms.limits == Limits(
        issued=9, budget=500_000, budget_currency="USD", uses_per_code=None
    )
    assert terms.member_prices is MemberPrices.BETTER_OF
    assert terms.methods == {"api", "manual"}
    assert terms.stacks_with == {"platform", "item"}
    assert (terms.code, terms.extend_days, terms.claw_back) == ("SUMMER20", 3, True)


def test_compiles_each_kinds_benefit():
    def terms(name):
        return compile(parse(GOOD[name]), coupon_id=1, version=1, created_order=1)

    assert terms("tiers").tiers == (
        Tier({"USD": 10_000}, {"USD": 1_000}),
        Tier({"USD": 20_000}, percent_bps=1_500),
    )
    assert terms("every").every == Every({"USD": 10_000}, {"USD": 1_000}, 3)
    assert terms("gift").gifts == (Gift("MUG", 1),)
    group = terms("buy_x_get_y")
    assert (group.buy_quantity, group.get_quantity, group.max_times) == (2, 1, 2)
    assert group.get_percent_bps == 10_000
    assert group.get_scope == Scope(products=frozenset({"MUG"}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(field=st.sampled_from(sorted(parse(AMOUNT))), value=JSON)
def test_whatever_is_sent_is_parsed_or_refused(field, value):
    for body in (AMOUNT, GROUP, {**TIERED, "every": STEP}):
        try:
            whole = parse({**body, field: value})
        except Invalid as refused:
            assert refused.errors  # noqa: PT017 - either outcome is right
        else:
            assert parse(whole) == whole
