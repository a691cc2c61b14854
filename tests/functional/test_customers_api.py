"""Customers over the API: what is sent is set, what is left out stays."""

from typing import Any

import pytest

from campaigns.models import Customer
from tests.shop import Answer, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

WHOLE: dict[str, Any] = {
    "email": "ann@example.com",
    "phone": "+49 30 1234",
    "country": "DE",
    "language": "zh-Hans",
    "timezone": "Europe/Berlin",
    "tags": ["loyal", "vip"],
    "tier": "gold",
    "birthday": "1990-02-28",
    "source": "newsletter",
    "registered_at": "2020-01-01T00:00:00Z",
    "is_test": True,
    "consents": {"marketing": {"email": True, "sms": False}},
}
EMPTY: dict[str, Any] = {
    "email": "",
    "phone": "",
    "country": "",
    "language": "",
    "timezone": "",
    "tags": [],
    "tier": "",
    "birthday": None,
    "source": "",
    "registered_at": None,
    "is_test": False,
    "consents": {},
}


@pytest.fixture
def shop(settings: Any) -> Shop:
    settings.HEXIAO_TEST_CLOCK = True
    return Shop.open()


def fields(answer: Answer) -> list[str]:
    return [error["field"] for error in answer.body["errors"]]


def test_a_customer_is_created_read_and_changed(shop: Shop) -> None:
    at = "2026-03-04T12:00:00Z"
    made = shop.api.put("customers/C-1", WHOLE, X_Test_Clock=at)
    assert made.status == 200, made
    assert made.body == {"id": "C-1", **WHOLE, "created_at": at}
    assert shop.api.get("customers/C-1").body == made.body
    changed = shop.api.put("customers/C-1", {"tier": "silver"})
    assert changed.body == made.body | {"tier": "silver"}
    assert Customer.objects.count() == 1


def test_nothing_sent_is_a_customer_all_the_same(shop: Shop) -> None:
    made = shop.api.put("customers/C-1", {})
    assert {k: v for k, v in made.body.items() if k != "created_at"} == {"id": "C-1", **EMPTY}
    with nothing_changes():
        assert shop.api.put("customers/C-1", {}).body == made.body


def test_null_empties_a_field(shop: Shop) -> None:
    shop.api.put("customers/C-1", WHOLE)
    nulls = {name: None for name in WHOLE if name != "is_test"}
    body = shop.api.put("customers/C-1", nulls).body
    assert {name: body[name] for name in EMPTY} == EMPTY | {"is_test": True}


def test_tags_stand_once_each_in_order(shop: Shop) -> None:
    body = shop.api.put("customers/C-1", {"tags": ["b", "a", "b"]}).body
    assert body["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": f"{'x' * 250}@example.com"}, "email"),
        ({"phone": "1" * 33}, "phone"),
        ({"country": "de"}, "country"),
        ({"country": "ZZ"}, "country"),
        ({"country": "GER"}, "country"),
        ({"language": "x" * 17}, "language"),
        ({"timezone": "Berlin"}, "timezone"),
        ({"tags": "vip"}, "tags"),
        ({"tags": [""]}, "tags.0"),
        ({"tags": ["x" * 65]}, "tags.0"),
        ({"tags": [f"t{i}" for i in range(501)]}, "tags"),
        ({"tier": 1}, "tier"),
        ({"birthday": "28.02.1990"}, "birthday"),
        ({"birthday": "1990-02-30"}, "birthday"),
        ({"registered_at": "2020-01-01"}, "registered_at"),
        ({"registered_at": "2020-01-01T00:00:00"}, "registered_at"),
        ({"registered_at": "0001-01-01T00:00:00+14:00"}, "registered_at"),
        ({"registered_at": "9999-12-31T23:59:59-14:00"}, "registered_at"),
        ({"is_test": "yes"}, "is_test"),
        ({"is_test": None}, "is_test"),
        ({"consents": ["email"]}, "consents"),
        ({"consents": {"a": [[[[[[[[1]]]]]]]]}}, "consents"),
    ],
)
def test_what_makes_no_sense_is_refused(shop: Shop, change: dict[str, Any], wrong: str) -> None:
    shop.api.put("customers/C-1", WHOLE)
    with nothing_changes():
        for ref in ("C-1", "C-new"):
            answer = shop.api.put(f"customers/{ref}", change)
            assert (answer.status, answer.code, fields(answer)) == (422, "invalid", [wrong])


def test_everything_wrong_in_meaning_is_told_at_once(shop: Shop) -> None:
    answer = shop.api.put("customers/C-1", {"email": "x", "country": "XX", "timezone": "x"})
    assert fields(answer) == ["email", "country", "timezone"]


def test_a_customer_who_is_not_there_is_a_404(shop: Shop) -> None:
    answer = shop.api.get("customers/C-1")
    assert (answer.status, answer.code) == (404, "not_found")


def test_bulk_creates_updates_and_tells_what_is_wrong_by_its_place(shop: Shop) -> None:
    shop.api.put("customers/C-1", WHOLE)
    answer = shop.api.post(
        "customers/bulk",
        {
            "customers": [
                {"id": "C-1", "tier": "silver"},
                {"id": "C-2", "email": "wrong", "country": "XX"},
                {"tier": "gold"},
                {"id": "C-3", "tags": ["vip"]},
                {"id": "C-3", "tags": ["other"]},
                {"id": ""},
                {"id": "x" * 101},
                {"id": 7},
            ]
        },
    )
    assert answer.status == 200, answer
    assert (answer.body["created"], answer.body["updated"]) == (1, 1)
    assert [(e["index"], e["field"]) for e in answer.body["errors"]] == [
        (1, "email"),
        (1, "country"),
        (2, "id"),
        (4, "id"),
        (5, "id"),
        (6, "id"),
        (7, "id"),
    ]
    assert shop.api.get("customers/C-1").body["tier"] == "silver"
    assert shop.api.get("customers/C-1").body["email"] == WHOLE["email"]
    assert shop.api.get("customers/C-3").body["tags"] == ["vip"]
    assert Customer.objects.count() == 2


def test_bulk_takes_a_thousand_and_no_more(shop: Shop) -> None:
    rows = [{"id": f"C-{i}"} for i in range(1_001)]
    with nothing_changes():
        assert fields(shop.api.post("customers/bulk", {"customers": rows})) == ["customers"]
        assert fields(shop.api.post("customers/bulk", {"customers": []})) == ["customers"]
    first = shop.api.post("customers/bulk", {"customers": rows[:1_000]})
    assert first.body == {"created": 1_000, "updated": 0, "errors": []}
    again = shop.api.post("customers/bulk", {"customers": rows[500:1_001]})
    assert again.body == {"created": 1, "updated": 500, "errors": []}
    assert Customer.objects.count() == 1_001


def test_bulk_of_nothing_sound_changes_nothing(shop: Shop) -> None:
    with nothing_changes():
        answer = shop.api.post("customers/bulk", {"customers": [{"id": ""}]})
    assert (answer.status, answer.body["created"]) == (200, 0)


def test_a_redemption_creates_its_customer_and_a_validation_does_not(shop: Shop) -> None:
    shop.coupon("ten-off", starts_at="2020-01-01T00:00:00Z")
    with nothing_changes():
        shop.api.post("validations", cart("ten-off", customer="C-1"))
        shop.api.post("redemptions", order("NONE", customer="C-1"))
    assert shop.api.get("customers/C-1").status == 404
    shop.api.post("redemptions", order("ten-off", customer="C-1"))
    made = shop.api.get("customers/C-1")
    assert {name: made.body[name] for name in EMPTY} == EMPTY


def test_two_merchants_may_have_customers_of_the_same_name(shop: Shop) -> None:
    other = Shop.open("other")
    shop.api.put("customers/C-1", {"tier": "gold"})
    other.api.put("customers/C-1", {"tier": "silver"})
    assert shop.api.get("customers/C-1").body["tier"] == "gold"
