"""Each check before publishing, on plain facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from coupons import compilation, definition
from coupons.checking import CHECKS, countries, together
from coupons.checking.facts import Facts, PrizeFact
from coupons.checking.finding import Finding
from coupons.checking.goods import Good
from coupons.checking.offered import unpublished_prizes
from coupons.checking.times import over_before_start
from coupons.pricing.terms import CouponTerms

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SOUND: dict[str, Any] = {
    "slug": "ten-off",
    "name": "Ten off",
    "kind": "amount_off",
    "value": {"USD": "10.00"},
    "min_spend": {"USD": "100.00"},
    "code": "SPRINGTIME",
    "starts_at": "2026-03-05T00:00:00+00:00",
    "ends_at": "2026-04-01T00:00:00+00:00",
    "limits": {"uses": 100},
    "description": "Ten off.",
}
SHOE = Good("SHOE", "Shoe", "shoes/running", "USD", 5_000, 3_000)
HAT = Good("HAT", "Hat", "hats", "USD", 10_000, 9_500)
NOVEL = Good("9780306406157", "Novel", "books", "EUR", 2_000, 1_200)
MILK = Good("MILK", "Milk", "", "JPY", 300, None)


def compiled(body: dict[str, Any], number: int = 1) -> tuple[dict[str, Any], CouponTerms]:
    whole = definition.parse(body)
    return whole, compilation.compile(whole, coupon_id=number, version=1, created_order=number)


def facts(changes: dict[str, Any] | None = None, **known: Any) -> Facts:
    """Return the facts of a sound coupon with some changes, in a small shop."""
    body = SOUND | (changes or {})
    if body["kind"] != "amount_off":
        body = {key: value for key, value in body.items() if key != "value"}
    whole, terms = compiled(body)
    found = Facts(
        at=NOW, starts_at=terms.starts_at, ends_at=terms.ends_at, definition=whole, terms=terms
    )
    return replace(found, **{"issued": 1, **known})


def found(given: Facts) -> list[Finding]:
    return [each for check in CHECKS for each in check(given)] + list(countries.found(given))


def told(given: Facts) -> list[tuple[str, str, dict[str, str]]]:
    return [(each.code, each.field, dict(each.details)) for each in found(given)]


def test_a_sound_coupon_is_passed_over_in_silence() -> None:
    assert told(facts(goods=(SHOE,))) == []


@pytest.mark.parametrize(
    ("changes", "known", "expected"),
    [
        ({"ends_at": None}, {}, ("no_end", "ends_at", {})),
        (
            {"starts_at": "2026-03-03T11:59:00+00:00"},
            {},
            ("start_in_the_past", "starts_at", {"start": "2026-03-03 11:59"}),
        ),
        (
            {},
            {"languages": ("en", "zh-hans")},
            ("name_untranslated", "names", {"language": "zh-hans"}),
        ),
        (
            {"names": {"de": "Zehn"}},
            {"languages": ("en", "de")},
            ("terms_missing", "description", {"language": "de"}),
        ),
        ({"code": None}, {"issued": 0}, ("no_codes", "code", {})),
        (
            {},
            {"gone_products": ("A", "B")},
            ("products_gone", "scope.products", {"products": "A, B"}),
        ),
        (
            {},
            {"gone_categories": ("hats",)},
            ("categories_gone", "scope.categories", {"categories": "hats"}),
        ),
        (
            {},
            {"currencies": ("USD", "EUR", "JPY")},
            ("currency_missing", "value", {"currencies": "EUR, JPY"}),
        ),
        (
            {"value": {"USD": "10.00", "EUR": "9.00"}},
            {"currencies": ("USD", "EUR")},
            ("currency_missing", "min_spend", {"currencies": "EUR"}),
        ),
        (
            {},
            {"batches": (("VIP-####", 100), ("SAFE-####-####", 1_000))},
            ("codes_guessable", "code", {"pattern": "VIP-####", "guesses": "7,072"}),
        ),
        (
            {"code": "TEN", "limits": {"uses_per_customer": 1}},
            {},
            ("shared_code_guessable", "code", {"code": "TEN"}),
        ),
        ({"limits": {}}, {}, ("no_limits", "limits", {})),
        (
            {"limits": {"budget": {"USD": "9.99"}}},
            {},
            ("budget_too_small", "limits.budget", {"budget": "9.99 USD", "value": "10.00 USD"}),
        ),
    ],
)
def test_one_thing_amiss_is_one_finding(
    changes: dict[str, Any], known: dict[str, Any], expected: tuple[str, str, dict[str, str]]
) -> None:
    given = facts(changes, **known)
    assert told(given) == [expected]
    [finding] = found(given)
    assert finding.english.endswith(".")
    assert finding.tick.startswith(f"{expected[0]}.")


@pytest.mark.parametrize(
    ("changes", "known"),
    [
        ({"ends_at": None, "valid_days": 7}, {}),
        ({"starts_at": "2026-03-04T00:00:00+00:00"}, {}),
        ({"names": {"zh-hans": "减十元"}}, {"languages": ("en", "zh-hans")}),
        ({"convert": True}, {"currencies": ("USD", "EUR")}),
        ({"code": None, "limits": {}}, {}),
        ({"code": "TEN"}, {}),
        ({"limits": {"budget": {"USD": "10.00"}}}, {}),
        ({}, {"batches": (("", 1_000),)}),  # a list that somebody brought
    ],
)
def test_what_is_meant_so_is_no_finding(changes: dict[str, Any], known: dict[str, Any]) -> None:
    assert told(facts(changes, **known)) == []


def test_what_cannot_work_is_an_error() -> None:
    late = replace(facts(), ends_at=NOW)
    assert [(each.code, each.severity) for each in over_before_start(late)] == [
        ("over_before_start", "error")
    ]
    assert list(over_before_start(replace(late, ends_at=NOW + timedelta(microseconds=1)))) == []
    draw = facts(prizes=(PrizeFact(0, "a", True, None), PrizeFact(1, "b", False, None)))
    [unpublished] = unpublished_prizes(draw)
    assert (unpublished.field, unpublished.english) == (
        "prizes.1.coupon",
        "Publish the coupon b first.",
    )


# --- Margin ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # 5 % of a hat is all it earns; 5.01 % is more.
        ({"kind": "percent_off", "percent": "5", "min_spend": None}, None),
        (
            {"kind": "percent_off", "percent": "5.01", "min_spend": None},
            ("Hat", "1", "100.00 USD", "5.01 USD", "5.00 USD"),
        ),
        (
            {"kind": "percent_off", "percent": "50", "cap": {"USD": "6.00"}, "min_spend": None},
            ("Hat", "1", "100.00 USD", "6.00 USD", "5.00 USD"),
        ),
        # One hat reaches 100; of shoes it takes two, which earn 40.
        ({}, ("Hat", "1", "100.00 USD", "10.00 USD", "5.00 USD")),
        ({"min_spend": {"USD": "200.00"}}, None),
        (
            {"min_spend": {"USD": "200.01"}, "value": {"USD": "15.01"}},
            ("Hat", "3", "300.00 USD", "15.01 USD", "15.00 USD"),
        ),
    ],
)
def test_more_off_than_a_product_earns_is_found_at_the_cheapest_cart(
    changes: dict[str, Any], expected: tuple[str, ...] | None
) -> None:
    rows = [row for row in told(facts(changes, goods=(SHOE, HAT))) if row[0] == "above_margin"]
    if expected is None:
        assert rows == []
    else:
        names = ("product", "quantity", "price", "discount", "margin")
        assert rows[0][2] == dict(zip(names, expected, strict=True))


def test_a_product_of_unknown_cost_says_nothing_of_its_margin() -> None:
    free = {"kind": "percent_off", "percent": "100", "min_spend": None}
    unknown = replace(HAT, cost=None)
    assert [row[0] for row in told(facts(free, goods=(unknown,)))] == ["deep_discount"]


# --- Together ----------------------------------------------------------------------

STACKS = {"stacking_group": "a", "stacks_with": ["b"]}


def beside(**changes: Any) -> CouponTerms:
    body = {
        "slug": "beside",
        "name": "Beside",
        "kind": "percent_off",
        "percent": "40",
        "stacking_group": "b",
        "stacks_with": ["a"],
        **changes,
    }
    return compiled(body, number=2)[1]


def test_the_worst_case_names_the_cart_and_the_coupons() -> None:
    percent = {"kind": "percent_off", "percent": "20", "min_spend": None, **STACKS}
    given = facts(percent, goods=(replace(SHOE, cost=None),), others=(beside(),), most_percent=51)
    assert told(given) == [
        (
            "deep_discount",
            "stacks_with",
            {
                "percent": "52",
                "most": "51",
                "cart": "1 × Shoe",
                "price": "50.00 USD",
                "coupons": "Ten off, Beside",
                "left": "24.00 USD",
            },
        )
    ]
    assert told(replace(given, most_percent=52)) == []


def test_each_condition_but_the_carts_is_taken_as_met() -> None:
    narrow = {
        "kind": "percent_off",
        "percent": "60",
        "min_spend": None,
        "countries": ["US"],
        "channels": ["web"],
        "claim_required": True,
        "methods": ["batch"],
        "customers": {"who": "new", "tags": ["vip"]},
        "weekly_windows": [{"days": ["sun"], "from": "03:00", "to": "04:00"}],
    }
    given = facts(narrow, goods=(replace(SHOE, cost=None),))
    assert [row[0] for row in told(given)] == ["deep_discount"]


def test_several_codes_of_one_coupon_are_tried_where_they_go_together() -> None:
    own = {"kind": "percent_off", "percent": "30", "min_spend": None, "code": None}
    together_with_itself = own | {"stacking_group": "a", "stacks_with": ["a"]}
    shoe = replace(SHOE, cost=None)
    assert told(facts(own, goods=(shoe,))) == []
    [(code, field, details)] = told(facts(together_with_itself, goods=(shoe,)))
    assert (code, field) == ("deep_discount", "stacks_with")
    assert (details["coupons"], details["percent"]) == ("5 × Ten off", "83")
    twice = together_with_itself | {"limits": {"uses_per_customer": 2}}
    assert told(facts(twice, goods=(shoe,), most_percent=50))[0][2]["percent"] == "51"


def test_the_carts_are_few_whatever_there_is() -> None:
    goods = tuple(replace(SHOE, sku=str(n), price=100 + n, cost=None) for n in range(24))
    many = tuple(
        structs.replace(beside(min_spend={"USD": f"{n}.00"}), slug=f"c{n}", coupon_id=n)
        for n in range(2, 22)
    )
    given = facts(STACKS, goods=goods, others=many, is_cut=True)
    assert len(together.tried(given)) == together.MOST_CARTS
    assert told(given)[-1] == ("not_all_tried", "stacks_with", {"tried": "20"})


# --- Countries ---------------------------------------------------------------------

GIFT = {
    "kind": "gift",
    "gifts": [{"sku": "MILK"}],
    "min_spend": {"JPY": "1000"},
    "description": "Milk.",
}
DRAW = {"kind": "draw", "prizes": [{"name": "P", "weight": 1, "coupon": "p"}], "min_spend": None}


def prize(stock: int | None, **value: str) -> PrizeFact:
    body = {"slug": "p", "name": "P", "kind": "amount_off", "value": value}
    return PrizeFact(0, "p", True, stock, compiled(body, number=3)[1])


@pytest.mark.parametrize(
    ("changes", "known", "expected"),
    [
        (GIFT, {}, [("countries_unknown", {})]),
        (GIFT | {"countries": ["GB"]}, {}, []),
        (GIFT | {"countries": ["JP"]}, {"price": 200}, []),
        (
            GIFT | {"countries": ["JP"]},
            {"price": 201},
            [("jp_gift", {"value": "201 JPY", "spend": "1000 JPY"})],
        ),
        (
            GIFT | {"countries": ["JP"], "min_spend": {"JPY": "999"}},
            {"price": 200},
            [],
        ),
        (
            GIFT | {"countries": ["JP"]},
            {"price": None},
            [("jp_gift", {"value": "?", "spend": "1000 JPY"})],
        ),
        (GIFT | {"countries": ["IT"]}, {"price": 1}, [("it_gift", {})]),
        (GIFT | {"countries": ["IT", "DE"], "description": ""}, {"price": 1}, [
            ("it_gift", {}), ("eu_terms", {"countries": "DE, IT"})
        ]),
    ],
)  # fmt: skip
def test_gifts_meet_the_rules_of_their_countries(
    changes: dict[str, Any], known: dict[str, Any], expected: list[tuple[str, dict[str, str]]]
) -> None:
    milk = replace(MILK, price=known.get("price", 1))
    given = facts(changes, gifts={"MILK": milk}, currencies=("JPY",))
    assert [(code, details) for code, _, details in told(given)] == expected


@pytest.mark.parametrize(
    ("changes", "prizes", "expected"),
    [
        ({"countries": ["JP"], "min_spend": {"JPY": "5000"}}, [prize(1, JPY="100000")], []),
        (
            {"countries": ["JP"], "min_spend": {"JPY": "4999"}},
            [prize(1, JPY="99981")],
            [("jp_draw", {"value": "99981 JPY", "spend": "4999 JPY"})],
        ),
        ({"countries": ["CN"]}, [prize(1, CNY="50000.00")], []),
        (
            {"countries": ["CN"], "description": ""},
            [prize(1, CNY="50000.01")],
            [("cn_draw_value", {"value": "50000.01 CNY"}), ("cn_draw_terms", {})],
        ),
        ({"countries": ["US"]}, [prize(500, USD="10.00")], [("us_draw", {})]),
        (
            {"countries": ["US"]},
            [prize(501, USD="10.00")],
            [("us_draw", {}), ("us_draw_states", {"value": "5010.00 USD"})],
        ),
        (
            {"countries": ["US"]},
            [prize(None, USD="10.00")],
            [("us_draw", {}), ("us_draw_states", {"value": "?"})],
        ),
        ({"countries": ["CA", "IT"]}, [], [("ca_draw", {}), ("it_draw", {})]),
        ({}, [], [("countries_unknown", {})]),
    ],
)
def test_draws_meet_the_rules_of_their_countries(
    changes: dict[str, Any],
    prizes: list[PrizeFact],
    expected: list[tuple[str, dict[str, str]]],
) -> None:
    given = facts(DRAW | changes, prizes=tuple(prizes))
    assert [(code, details) for code, _, details in told(given)] == expected


@pytest.mark.parametrize(
    ("percent", "country", "expected"),
    [
        ("5", "DE", ["de_books"]),
        ("5", "FR", []),
        ("5.01", "FR", ["fr_books"]),
        ("6", "ES", ["es_books"]),
        ("6", "GB", []),
    ],
)
def test_books_have_fixed_prices_in_some_countries(
    percent: str, country: str, expected: list[str]
) -> None:
    off = {"kind": "percent_off", "percent": percent, "countries": [country], "min_spend": None}
    given = facts(off, book=NOVEL)
    assert [code for code, _, _ in told(given)] == expected
    assert told(replace(given, book=None)) == []


def test_a_tick_names_the_figures_too() -> None:
    one = Finding("budget_too_small", "limits.budget", {"budget": "1 USD", "value": "2 USD"})
    assert one.tick == replace(one).tick
    assert one.tick != replace(one, details={"budget": "1 USD", "value": "3 USD"}).tick
    assert one.tick != replace(one, field="limits").tick
